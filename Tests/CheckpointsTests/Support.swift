import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

/// Replaces a file's bytes, without waiting for the disk as `Data` does.
func overwrite(_ url: URL, _ bytes: [UInt8]) throws {
  let file = try OpenFile(appendingTo: url.path)
  var written = 0
  try file.truncate(to: 0)
  try file.write(bytes, counting: &written)
}

func bytes(of url: URL) throws -> [UInt8] { try Array(Data(contentsOf: url)) }

/// The elements' bits, so that NaN equals itself and -0 is not 0.
func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

func expectSame(
  _ left: [String: Tensor], _ right: [String: Tensor],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(left.keys.sorted() == right.keys.sorted(), sourceLocation: sourceLocation)
  for (name, tensor) in left {
    guard let other = right[name] else { continue }
    #expect(tensor.shape == other.shape, "\(name)", sourceLocation: sourceLocation)
    #expect(tensor.dtype == other.dtype, "\(name)", sourceLocation: sourceLocation)
    #expect(bits(tensor) == bits(other), "\(name)", sourceLocation: sourceLocation)
  }
}

/// Runs `body` with something between it and the disk.
func interfering<R>(
  longestWrite: Int = FileOperations.longestWrite,
  _ before: @escaping @Sendable (FileOperations.Operation) throws -> Void, _ body: () throws -> R
) throws -> R {
  try FileOperations.$interference.withValue(.init(longestWrite: longestWrite, before: before)) {
    try body()
  }
}

/// The process dying, as ``FileOperations`` has it.
struct SimulatedDeath: Error {}

/// Lets so many operations happen and then dies: no operation happens any more, clean-up neither.
final class Death: Sendable {
  private let left: Mutex<Int>
  private let killedAt = Mutex<String?>(nil)

  init(after operations: Int) { left = Mutex(operations) }

  /// The operation before which it died.
  var place: String? { killedAt.withLock { $0 } }

  @Sendable func before(_ operation: FileOperations.Operation) throws {
    let goesOn = left.withLock { left in
      left -= 1
      return left >= 0
    }
    if goesOn { return }
    killedAt.withLock { if $0 == nil { $0 = operation.description } }
    throw SimulatedDeath()
  }
}

/// Notes every operation.
final class Recorder: Sendable {
  private let noted = Mutex<[FileOperations.Operation]>([])
  var operations: [FileOperations.Operation] { noted.withLock { $0 } }

  @Sendable func before(_ operation: FileOperations.Operation) {
    noted.withLock { $0.append(operation) }
  }
}

/// Kills `body` before its first operation, before its second and so on, until it lives to its end; after
/// each death `check` looks at what it left. Returns the number of deaths.
func dieEverywhere(
  longestWrite: Int = 100, _ body: () throws -> Void, check: (String) throws -> Void
) throws -> Int {
  for operations in 0..<10_000 {
    let death = Death(after: operations)
    let finished = try interfering(longestWrite: longestWrite, death.before) {
      do {
        try body()
        return true
      } catch is SimulatedDeath { return false }
    }
    // Clean-up may be the last thing that dies, unseen.
    guard let place = death.place else {
      #expect(finished)
      return operations
    }
    try check(place)
  }
  Issue.record("there is no end")
  return 0
}
