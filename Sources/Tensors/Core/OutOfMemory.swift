import Synchronization

/// What happens where the system has no memory for a tensor.
public enum OutOfMemory {
  private static let ending = Mutex<(@Sendable (_ message: String) -> Never)?>(nil)

  /// Has the process ended in another way than `require` does it, such as with an exit code of the program's own.
  ///
  /// - Parameter action: is called on the thread that wanted the memory, with what to say.
  public static func end(with action: @escaping @Sendable (_ message: String) -> Never) {
    ending.withLock { $0 = action }
  }

  static func stop(_ byteCount: Int) -> Never {
    let message = "out of memory: \(byteCount) bytes for a tensor"
    if let end = ending.withLock({ $0 }) { end(message) }
    Tensors.stop(message)
  }
}
