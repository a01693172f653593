#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What is wrong with something that came from outside: a file, a flag, a folder, the network.
///
/// The message names the file, the offset or row, what was expected and what was found. The kind decides
/// the exit code of the command (`sysexits.h`).
public struct AdjointError: Error, CustomStringConvertible, Equatable, Sendable {
  /// Who has to act, in the words of `sysexits.h`; 130 is a shell's for what Ctrl-C ended.
  public enum Kind: Int32, Sendable {
    /// A flag or a setting is not what it has to be.
    case usage = 64
    /// A file is there, but its contents are not what they have to be.
    case badData = 65
    /// A file or folder that was named is not there.
    case noInput = 66
    /// A fault of this program.
    case internalFault = 70
    /// A file cannot be made or written.
    case cannotWrite = 73
    /// Writing failed half-way, as on a full disk.
    case diskFull = 74
    /// The user asked to stop.
    case interrupted = 130

    /// What the system's refusal to write comes to, by its `errno`.
    ///
    /// A full disk, quota or size limit, or a broken one, asks for other help than a folder that may not be
    /// written.
    public init(writeFailure code: Int32) {
      self = [ENOSPC, EDQUOT, EIO, EFBIG].contains(code) ? .diskFull : .cannotWrite
    }
  }

  /// Who has to act.
  public let kind: Kind
  /// One or more sentences, without a full stop after a path.
  public let message: String

  /// An error of that kind.
  public init(_ kind: Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  /// The message.
  public var description: String { message }
}

/// Stops the process with a message if a programmer's promise does not hold.
///
/// Unlike `precondition` it says why in optimised builds too, and in which layer of the network.
///
/// - Parameters:
///   - condition: what has to hold.
///   - message: what was called, the shapes it got, and the cure.
///   - file: where the promise was broken.
///   - line: where in it.
@inline(__always)
public func require(
  _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
  line: UInt = #line
) {
  if !condition { stop(message(), file: file, line: line) }
}

/// Stops the process with a message; for places that are reached only where a promise is broken.
///
/// - Parameters:
///   - message: what was called, what it got, and the cure.
///   - file: where the promise was broken.
///   - line: where in it.
@inline(never)
package func stop(
  _ message: String, file: StaticString = #fileID, line: UInt = #line
) -> Never {
  let layer = RunningLayer.innermostName.map { "in layer \($0): " } ?? ""
  // fatalError would print the same text, but only after a "Fatal error:" that hides where it belongs.
  let text = Array("adjoint: \(layer)\(message) [\(file):\(line)]\n".utf8)
  _ = write(2, text, text.count)
  abort()
}
