import Foundation
import Testing

/// What documents show and point at is there.
@Suite struct DocumentTests {
  static let root = ImportTests.sources.deletingLastPathComponent()

  static let documents: [URL] = {
    let catalogue = "Sources/Adjoint/Adjoint.docc"
    let folders = ["", "Benchmarks", "Documentation", catalogue]
    return folders.flatMap { folder in
      let url = root.appendingPathComponent(folder)
      let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
      return names.filter { $0.hasSuffix(".md") }.sorted().map { url.appendingPathComponent($0) }
    }
  }()

  @Test func theReadmeShowsTheProgramThatIsTested() throws {
    let readme = try text(Self.root.appendingPathComponent("README.md"))
    let shown = try #require(readme.firstMatch(of: /```swift\n((?s).*?)```/)).1
    let snippet = try text(Self.root.appendingPathComponent("Snippets/GettingStarted.swift"))
    let program = try #require(snippet.range(of: "import Adjoint"))
    #expect(shown == snippet[program.lowerBound...])
  }

  @Test func linksLeadToFiles() throws {
    #expect(Self.documents.count > 10)
    for document in Self.documents {
      for link in try text(document).matches(of: /\]\(([^)#:\s]+)\)/) {
        let target = document.deletingLastPathComponent().appendingPathComponent(String(link.1))
        #expect(
          FileManager.default.fileExists(atPath: target.path),
          "\(document.lastPathComponent) points at \(link.1)")
      }
    }
  }

  @Test func articlesShowSlicesOfSnippets() throws {
    var shown = 0
    for document in Self.documents {
      let uses = try text(document).matches(
        of: /@Snippet\(path: "Adjoint\/(.+?)"(, slice: "(.+?)")?\)/)
      for use in uses {
        let file = Self.root.appendingPathComponent("\(use.1).swift")
        let lines = try text(file).split(separator: "\n")
        let mark = use.3.map { "// snippet.\($0)" }
        #expect(mark.map { lines.contains(Substring($0)) } ?? true, "\(use.0)")
        shown += 1
      }
    }
    #expect(shown >= 10)
  }

  private func text(_ file: URL) throws -> String { try String(contentsOf: file, encoding: .utf8) }
}
