import Foundation

/// Stops with a message where a caller broke the contract; prints in optimised builds too, which `precondition` does
/// not.
///
/// The one of `Tensors`, which this room does not import, word for word.
func require(
  _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID,
  line: UInt = #line
) {
  guard !condition else { return }
  FileHandle.standardError.write(Data("adjoint: \(message()) [\(file):\(line)]\n".utf8))
  abort()
}
