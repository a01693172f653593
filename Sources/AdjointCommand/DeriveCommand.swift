import ArgumentParser
import Experiments
import Foundation
import Tensors

/// `adjoint derive`
struct DeriveCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "derive",
    abstract: "Write the derivation of a gradient, each formula with its measured agreement.",
    discussion: """
      Without a name: the list of derivations. Every formula is evaluated while the page is made, and \
      compared with the code beside it, with the tape and with central differences; exit code 70 if one \
      is wrong.
      """)

  @Argument(help: ArgumentHelp("The derivation.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      "The file to write: .html with MathML, .md, or .tex for pdflatex.", valueName: "file"))
  var output: String?

  func validate() throws {
    try requireWords([("output", output)])
    // A name that is not known is worse than a missing file.
    if output == nil, DerivationFile.list.contains(where: { $0.name == name }) {
      throw ValidationError("Missing expected argument '--output <file>'")
    }
    if name == nil && output != nil { throw ValidationError("Missing expected argument '<name>'") }
  }

  func run() throws {
    guard let name else {
      try Console.result(Console.table(DerivationFile.list.map { [$0.name, $0.title] }))
      return
    }
    guard let output else { return try DerivationFile.requireName(name) }
    try Console.result(
      Console.table(try DerivationFile.write(name, to: URL(fileURLWithPath: output))))
    try Console.result("\n\(output)")
  }
}
