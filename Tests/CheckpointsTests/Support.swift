import Foundation
import Synchronization
import Tensors
import Testing

@testable import Checkpoints

/// A folder that a test writes into; it disappears with the value.
final class TemporaryFolder: Sendable {
  let url: URL

  /// - Parameter inMemory: whether it may lie in memory, for tests that write many thousand files.
  init(inMemory: Bool = false) throws {
    let memory = URL(fileURLWithPath: "/dev/shm", isDirectory: true)
    let isThere = inMemory && FileManager.default.isWritableFile(atPath: memory.path)
    url = (isThere ? memory : FileManager.default.temporaryDirectory)
      .appendingPathComponent("adjoint-checkpoints-\(UUID().uuidString)", isDirectory: true)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  var path: String { url.path }

  func file(_ name: String) -> URL { url.appendingPathComponent(name) }

  @discardableResult
  func write(_ bytes: some Sequence<UInt8>, _ name: String) throws -> URL {
    try Data(Array(bytes)).write(to: file(name))
    return file(name)
  }

  /// The names in it, also the hidden ones.
  var contents: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }
  }
}

/// Replaces a file's bytes, without waiting for the disk as `Data` does.
func overwrite(_ url: URL, _ bytes: [UInt8]) throws {
  let file = try OpenFile(appendingTo: url.path)
  var written = 0
  try file.truncate(to: 0)
  try file.write(bytes, counting: &written)
}

func bytes(of url: URL) throws -> [UInt8] { try Array(Data(contentsOf: url)) }

/// Expects an `AdjointError` of the kind with exactly the message.
func expectError(
  _ kind: AdjointError.Kind, _ message: String, sourceLocation: SourceLocation = #_sourceLocation,
  _ body: () throws -> Void
) {
  do {
    try body()
    Issue.record("no error", sourceLocation: sourceLocation)
  } catch let error as AdjointError {
    #expect(error.message == message, sourceLocation: sourceLocation)
    #expect(error.kind == kind, sourceLocation: sourceLocation)
  } catch {
    Issue.record(error, sourceLocation: sourceLocation)
  }
}

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
