import Foundation
import Testing

/// A programmer's mistake, and the words the process has to stop with.
public struct Mistake: Sendable, CustomTestStringConvertible {
  /// What is printed.
  public let words: String
  /// The mistake.
  public let body: @Sendable () -> Void

  /// A mistake with its words.
  public init(_ words: String, _ body: @escaping @Sendable () -> Void) {
    self.words = words
    self.body = body
  }

  /// The words.
  public var testDescription: String { words }
}

/// Expects one line, `adjoint: WORDS [Room/File.swift:line]`, on standard error.
public func expectStop(
  _ result: ExitTest.Result?, _ words: String, sourceLocation: SourceLocation = #_sourceLocation
) {
  guard let result else { return }
  let text = String(decoding: result.standardErrorContent, as: UTF8.self)
  let lines = text.split(separator: "\n").filter { $0.hasPrefix("adjoint: ") }
  #expect(lines.count == 1, "\(text)", sourceLocation: sourceLocation)
  guard let line = lines.first, let bracket = line.range(of: " [", options: .backwards) else {
    Issue.record("no place in: \(text)", sourceLocation: sourceLocation)
    return
  }
  #expect(
    line[..<bracket.lowerBound].dropFirst("adjoint: ".count) == words,
    sourceLocation: sourceLocation)
  #expect(
    line[bracket.upperBound...].wholeMatch(of: /[A-Za-z]+\/[A-Za-z0-9+]+\.swift:[0-9]+\]/) != nil,
    "\(line)", sourceLocation: sourceLocation)
}
