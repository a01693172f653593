import Checkpoints
import Derivations
import Foundation
import Tensors
import Training

/// The derivations as files.
public enum DerivationFile {
  /// Names and titles.
  public static var list: [(name: String, title: String)] {
    Derivation.all.map { ($0.name, $0.title) }
  }

  /// Measures a derivation and writes its page.
  ///
  /// - Parameters:
  ///   - name: what ``list`` calls it.
  ///   - file: ends in `.html`, `.md` or `.tex`, which is the format. Folders above it are made where they are missing.
  /// - Returns: what was measured, as a table with a head and one row for each derivative.
  /// - Throws: `AdjointError`: usage where name or ending are not known, our fault where a formula is not
  ///   what it is said to be, in which case no file is written.
  public static func write(_ name: String, to file: URL) throws -> [[String]] {
    let derivation = try find(name)
    let format = try format(of: file)
    let page = try DerivationPage(derivation, footer: "Adjoint \(adjointVersion)")
    // Not prepared as a run's is: what others are writing into a folder of the user's is left alone.
    _ = try OutputFolder.makeNew(file.absoluteURL.deletingLastPathComponent())
    try AtomicFile.write(Data(page[keyPath: format].utf8), to: file)
    let rows = page.agreements.map { row in
      [row.formula] + [row.code, row.tape, row.differences].map { $0.map(scientific) ?? "–" }
    }
    return [["derivative", "code", "tape", "differences"]] + rows
  }

  /// Throws a usage error that names the nearest one where no derivation has this name.
  public static func requireName(_ name: String) throws { _ = try find(name) }

  private static func find(_ name: String) throws -> Derivation {
    if let derivation = Derivation.all.first(where: { $0.name == name }) { return derivation }
    throw AdjointError(.usage, unknown("derivation", name, among: Derivation.all.map(\.name)))
  }

  private static func format(of file: URL) throws -> KeyPath<DerivationPage, String> & Sendable {
    switch file.pathExtension {
    case "html": return \.html
    case "md": return \.markdown
    case "tex": return \.latex
    default:
      throw AdjointError(
        .usage, "--output \(file.relativePath): the name has to end in .html, .md or .tex")
    }
  }
}
