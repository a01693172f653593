import Foundation
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

/// What Foundation says of a call of its own that fails: part of some messages, and other words on other systems.
public func foundationWords(
  sourceLocation: SourceLocation = #_sourceLocation, _ body: () throws -> Void
) -> String {
  do {
    try body()
    Issue.record("no error", sourceLocation: sourceLocation)
    return ""
  } catch {
    return error.localizedDescription
  }
}
