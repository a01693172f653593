/// The tables of symbols of a page, one after the other: lengths stand in the first that has an axis of them.
struct SymbolTables {
  private var sizes: [(name: String, length: Int, meaning: String)]
  private var tablesLeft: Int

  init(_ derivation: Derivation) {
    sizes = derivation.sizes
    tablesLeft = derivation.blocks.count { if case .symbols = $0 { true } else { false } }
  }

  /// Lengths that have not been in a table before, then the symbols. What no symbol has as an axis is in the last.
  mutating func next(_ symbols: [(Term, String)]) -> DerivationPage.Block {
    tablesLeft -= 1
    let isLast = tablesLeft == 0
    let axes = Set(symbols.flatMap { $0.0.axes })
    let here = sizes.filter { isLast || axes.contains($0.name) }
    sizes.removeAll { isLast || axes.contains($0.name) }
    let lengths = here.map { size in
      [Prose.parts("$\(size.name)$"), [.text("number")], Prose.parts(size.meaning)]
    }
    let rows = symbols.map { term, meaning -> [[Prose.Part]] in
      let shape: Prose.Part =
        term.axes.isEmpty ? .text("number") : .formula(SymbolTables.shape(term.axes))
      return [[.formula(term.notation)], [shape], Prose.parts(meaning)]
    }
    return .table(header: ["symbol", "shape", "meaning"], rows: lengths + rows)
  }

  /// The lengths of axes with × between them.
  static func shape(_ axes: [String]) -> Notation {
    Notation(tex: axes.joined(separator: " \\times "))
  }
}
