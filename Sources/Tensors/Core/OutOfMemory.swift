import CKernels
import Synchronization

/// What happens where the system has no memory for a tensor, or for what an operation needs while it computes.
public enum OutOfMemory {
  private static let ending = Mutex<(@Sendable (_ message: String) -> Never)?>(nil)

  /// Has the process ended in another way than `require` does it, such as with an exit code of the program's own.
  ///
  /// - Parameter action: is called on the thread that wanted the memory, with what to say.
  public static func end(with action: @escaping @Sendable (_ message: String) -> Never) {
    ending.withLock { $0 = action }
  }

  /// Has kernels and primitives, which must not throw across languages, end the process here.
  static let isHeardOf: Void = adjoint_on_out_of_memory { byteCount in
    stop(byteCount > 0 ? Int(byteCount) : nil, for: "what an operation needs while it computes")
  }

  /// - Parameters:
  ///   - byteCount: how many bytes there are not; nil where nobody knows.
  ///   - purpose: what for.
  static func stop(_ byteCount: Int?, for purpose: String) -> Never {
    let message = "out of memory: \(byteCount.map { "\($0) bytes " } ?? "")for \(purpose)"
    if let end = ending.withLock({ $0 }) { end(message) }
    Tensors.stop(message)
  }
}
