import Tensors
import Testing

/// Expects an `AdjointError` of the kind with exactly the message.
public func expectError(
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
