import Foundation
import TestSupport
import Testing

@Suite struct DeriveCommandTests {
  private static let names =
    "batch-normalization, cascade, cross-entropy, dropout, forecaster, linear, mixer, perceptron-modules, "
    + "relu, softmax, two-layer-perceptron, vae"

  @Test func listsTheDerivations() throws {
    let result = try Command.run(["derive"], in: TemporaryFolder())
    #expect(result.status == 0 && result.errors.isEmpty)
    let lines = result.output.split(separator: "\n")
    #expect(
      lines.map { String($0.prefix { $0 != " " }) }.joined(separator: ", ") == Self.names)
    #expect(lines.contains("softmax               Softmax and its Jacobian"))
  }

  @Test(arguments: [("html", "<!DOCTYPE html>"), ("md", "# Softmax"), ("tex", "\\documentclass")])
  func writesAPage(ending: String, start: String) throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(["derive", "softmax", "--output", "page.\(ending)"], in: folder)
    #expect(result.status == 0 && result.errors.isEmpty)
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(
      lines[0].split(separator: " ") == ["derivative", "code", "tape", "differences"])
    #expect(lines.contains { $0.hasPrefix("∂y_i/∂x_j ") })
    #expect(lines.suffix(3) == ["", "page.\(ending)", ""])
    let page = String(decoding: try folder.bytes("page.\(ending)"), as: UTF8.self)
    #expect(page.hasPrefix(start))
    #expect(folder.contents("") == ["page.\(ending)"])
  }

  @Test func wrongNamesAndEndings() throws {
    let folder = try TemporaryFolder()
    try expectFailure(
      64,
      "adjoint: there is no derivation named sofmax; did you mean softmax? (there are \(Self.names))",
      ["derive", "sofmax", "--output", "page.html"], in: folder)
    for name in ["page.pdf", "page"] {
      try expectFailure(
        64, "adjoint: --output \(name): the name has to end in .html, .md or .tex",
        ["derive", "softmax", "--output", name], in: folder)
    }
    try expectFailure(
      64,
      """
      Error: Missing expected argument '--output <file>'
      Usage: adjoint derive [<name>] [--output <file>]
        See 'adjoint derive --help' for more information.
      """, ["derive", "softmax"], in: folder)
    try expectFailure(
      64,
      """
      Error: Missing expected argument '<name>'
      Usage: adjoint derive [<name>] [--output <file>]
        See 'adjoint derive --help' for more information.
      """, ["derive", "--output", "page.html"], in: folder)
    #expect(folder.contents("") == [])
  }

  @Test func missingFoldersAreMade() throws {
    let folder = try TemporaryFolder()
    // What another process is writing there at the moment.
    try folder.write([1], "pages/.partial-0123456789abcdef")
    for name in ["pages/relu.md", "a/b/relu.md"] {
      let result = try Command.run(["derive", "relu", "--output", name], in: folder)
      #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
      #expect(result.output.hasSuffix("\n\n\(name)\n"))
    }
    #expect(folder.contents("pages") == [".partial-0123456789abcdef", "relu.md"])
    #expect(folder.contents("a/b") == ["relu.md"])
    // Where there is no page to write, nor is there a folder.
    let unknown = try Command.run(["derive", "rely", "--output", "c/page.md"], in: folder)
    #expect(unknown.status == 64)
    #expect(folder.contents("") == ["a", "pages"])
  }

  @Test func whereNothingCanBeWritten() throws {
    let folder = try TemporaryFolder()
    try expectFailure(
      73,
      "adjoint: /proc/page.html: cannot create a temporary file beside it: No such file or directory",
      ["derive", "relu", "--output", "/proc/page.html"], in: folder)
    try expectFailure(
      73, "adjoint: /proc/missing: cannot make this folder: No such file or directory",
      ["derive", "relu", "--output", "/proc/missing/page.html"], in: folder)
    try folder.write([], "file")
    try expectFailure(
      73, "adjoint: \(folder.path)/file/page.html: cannot look at it: Not a directory",
      ["derive", "relu", "--output", "file/page.html"], in: folder)
    try expectUsageError(
      "--output: expected a path, found nothing.", of: "adjoint derive",
      "[<name>] [--output <file>]", ["derive", "relu", "--output", ""], in: folder)
  }
}
