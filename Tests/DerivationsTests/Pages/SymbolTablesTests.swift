import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct SymbolTablesTests {
  /// What is given and what is computed: each stands in a table of its page.
  @Test(arguments: ProofTests.names)
  func everySymbolHasARow(name: String) throws {
    let derivation = try #require(Derivation.all.first { $0.name == name })
    var (listed, used): (Set<Symbol>, Set<Symbol>) = ([], [])
    for block in derivation.blocks {
      switch block {
      case .symbols(let symbols): listed.formUnion(symbols.compactMap { $0.0.symbol })
      case .define(let definitions): used.formUnion(definitions.compactMap { $0.left.symbol })
      default: break
      }
    }
    var sampler = Sampler(seed: 0, dtype: .float64)
    used.formUnion(derivation.point(&sampler).compactMap { $0.0.symbol })
    for symbol in used where symbol.derivative == nil {
      #expect(listed.contains(symbol), "\(symbol.notation.plain)")
    }
  }

  /// A length stands once, before the first symbol that has such an axis.
  @Test func lengthsAreSharedOut() {
    let (x, y) = (symbol("X", "m"), symbol("Y", "m", "d"))
    let first: [(Term, String)] = [(x, "input")]
    let second: [(Term, String)] = [(y, "output"), (symbol("L"), "loss")]
    var tables = SymbolTables(
      Derivation(
        name: "trial", title: "", summary: "",
        sizes: [("m", 2, "rows"), ("n", 4, "others"), ("d", 3, "columns")], sources: [],
        blocks: [.symbols(first), .text(""), .symbols(second)], point: { _ in [] },
        code: { _ in [] }))
    func rows(_ block: DerivationPage.Block) -> [[[Prose.Part]]] {
      if case .table(_, let rows) = block { rows } else { [] }
    }
    func row(_ cells: String...) -> [[Prose.Part]] { cells.map(Prose.parts) }
    #expect(
      rows(tables.next(first)) == [row("$m$", "number", "rows"), row("$X$", "$m$", "input")])
    #expect(
      rows(tables.next(second)) == [
        row("$n$", "number", "others"), row("$d$", "number", "columns"),
        row("$Y$", "$m \\times d$", "output"), row("$L$", "number", "loss"),
      ])
  }
}
