import Foundation
import Synchronization
import Tensors

@testable import Checkpoints

/// The process dying, as ``FileOperations`` has it.
struct SimulatedDeath: Error {}

/// Runs `body` with `before` called before each operation on the disk.
func interfering<R>(
  _ before: @escaping @Sendable (FileOperations.Operation) throws -> Void, _ body: () throws -> R
) throws -> R {
  try FileOperations.$interference.withValue(.init(before: before)) { try body() }
}

/// Runs `body` with every operation on the disk refused.
func refusing<R>(_ code: Int32, _ body: () throws -> R) throws -> R {
  try interfering({ _ in throw CallFailure(code: code) }, body)
}

/// Counts operations, and says which is the first of those that fail.
final class Countdown: Sendable {
  private let left: Mutex<Int>
  private let hasStruck = Atomic<Bool>(false)

  init(after operations: Int) { left = Mutex(operations) }

  /// Whether it came to the first of them.
  var isOver: Bool { hasStruck.load(ordering: .relaxed) }

  /// How many operations failed so far, this one included; 0 before the first.
  func next() -> Int {
    let failed = left.withLock { left in
      left -= 1
      return max(0, -left)
    }
    if failed > 0 { hasStruck.store(true, ordering: .relaxed) }
    return failed
  }
}
