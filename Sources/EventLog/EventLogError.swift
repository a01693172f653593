import Foundation

/// What went wrong with an event file: which file, the system's error number, and a sentence for people.
public struct EventLogError: Error, Equatable, Sendable, CustomStringConvertible, LocalizedError {
  /// The file, or the folder that could not be made.
  public let path: String
  /// The system's error number; `0` where the system was content and the file's bytes were wrong.
  public let errno: Int32
  /// Path, byte offset where there is one, what was expected, what was found.
  public let description: String

  /// The same sentence as ``description``.
  public var errorDescription: String? { description }

  init(path: String, systemError: Int32, while action: String) {
    self.path = path
    errno = systemError
    description = "\(path): cannot \(action): \(String(cString: strerror(systemError)))"
  }

  init(path: String, offset: Int, damage: String) {
    self.path = path
    errno = 0
    description = "\(path): byte \(offset): \(damage)"
  }
}
