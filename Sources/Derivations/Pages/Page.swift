import Tensors

/// A derivation with its measurements, ready to be written in any format.
public struct DerivationPage: Sendable {
  let title: String
  let summary: String
  let blocks: [Block]
  let footer: String
  /// What was measured, one row for each formula that is a derivative.
  public let agreements: [Row]

  /// How well a formula agrees with what was measured.
  public struct Row: Sendable {
    /// The derivative, as text.
    public let formula: String
    /// The relative error against the code; nil where that value stays inside it.
    public let code: Double?
    /// The relative error against the tape.
    public let tape: Double
    /// The relative error against central differences.
    public let differences: Double
    let notation: Notation

    /// With the larger errors, where two chains end in the same derivative.
    func merged(with other: Row) -> Row {
      Row(
        formula: formula, code: [code, other.code].compactMap { $0 }.max(),
        tape: max(tape, other.tape), differences: max(differences, other.differences),
        notation: notation)
    }
  }

  enum Block: Sendable {
    case heading(String)
    case paragraph([Prose.Part])
    case table(header: [String], rows: [[[Prose.Part]]])
    case equations([Line], margin: [Margin], code: [String], glosses: [[Prose.Part]])
    case steps([(indent: Int, parts: [Prose.Part])])
  }

  /// One line of a chain of equations.
  struct Line: Sendable, Equatable {
    var left: Notation?
    var right: Notation
    /// What stands at the end: the shape.
    var note: Notation?
  }

  /// A number beside a formula, or why there is none.
  struct Margin: Sendable, Equatable {
    let label: String
    var value = ""

    /// Beside a formula that is only shown.
    static let notEvaluated = Margin(label: "not evaluated")
  }

  /// Makes the page, and measures on the way.
  ///
  /// - Parameters:
  ///   - derivation: what is derived.
  ///   - footer: the last line.
  /// - Throws: `AdjointError`, our fault, that names the formula which is not what it is said to be.
  public init(_ derivation: Derivation, footer: String = "") throws {
    let proof = try Proof(derivation)
    var rows: [Row] = []
    var blocks = DerivationPage.introduction(derivation, proof)
    var tables = SymbolTables(derivation)
    var glosses = Glosses()
    for block in derivation.blocks {
      switch block {
      case .heading(let text): blocks.append(.heading(text))
      case .text(let text): blocks += Prose.paragraphs(text).map { .paragraph($0) }
      case .symbols(let symbols):
        blocks.append(tables.next(symbols))
      case .define(let definitions):
        blocks.append(try DerivationPage.forward(definitions, proof))
      case .assume(let definitions): _ = try definitions.map(proof.check)
      case .derive(let chain):
        let agreement = try proof.check(chain)
        blocks.append(
          DerivationPage.equations(chain, agreement, glosses: glosses.next(chain.code)))
        if let tape = agreement.tape, let differences = agreement.differences {
          let row = Row(
            formula: agreement.formula, code: agreement.code, tape: tape,
            differences: differences, notation: chain.left.notation)
          if let place = rows.firstIndex(where: { $0.formula == row.formula }) {
            rows[place] = rows[place].merged(with: row)
          } else {
            rows.append(row)
          }
        }
      case .show(let tex):
        blocks.append(
          .equations(
            [Line(right: Notation(tex: tex))], margin: [.notEvaluated], code: [], glosses: []))
      case .steps(let lines): blocks.append(DerivationPage.steps(lines))
      }
    }
    title = derivation.title
    summary = derivation.summary
    self.blocks = blocks + DerivationPage.conclusion(rows, derivation)
    self.footer = footer
    agreements = rows
  }

  // MARK: - Parts

  private static func introduction(_ derivation: Derivation, _ proof: Proof) -> [Block] {
    let sizes = derivation.sizes.map { "$\($0.name) = \($0.length)$" }
    let constants = proof.constants.map { "$\($0.symbol.tex) = \(Term.digits($0.value))$" }
    let numbers = (sizes + constants).joined(separator: ", ")
    let sources = "`\(derivation.sources.joined(separator: "`, `"))`"
    let lines =
      derivation.trainsInstead.map { "to the lines of \(sources), written to be read (\($0))" }
      ?? "to the lines of \(sources) that train"
    let sides =
      derivation.hasIdentities
      ? ", and *both sides* of left and right where nothing is differentiated (relative to 1 where all "
        + "elements are smaller)" : ""
    let exceptions = [
      derivation.hasShown ? "those with *not evaluated* beside them" : nil,
      derivation.hasSteps ? "those of the algorithm" : nil,
    ].compactMap(\.self).joined(separator: " and ")
    let exception = exceptions.isEmpty ? "" : ", but for \(exceptions),"
    let text = """
      Every formula on a line of its own\(exception) was evaluated when the page was made, in float64 at \
      a random point with \(numbers); those within the text are typeset, not evaluated. The numbers beside or below a formula are the largest \
      differences, relative to the largest element: *code* \(lines), *tape* to automatic differentiation, \
      *differences* to central differences of what is computed forward\(sides).

      The notation of all pages: $\\circ$ is the product element by element; functions, powers and quotients work \
      on every element, softmax on every row, and a number is added to every element. $x_{ij}$ is the element of \
      $X$ in row $i$ and column $j$; it keeps the capital where the small letter is a length ($H_{ij}$ beside a \
      length $h$). $\\left\\lVert X \\right\\rVert^2$ is the sum of the squares of all elements; $[c]$ is 1 where \
      the condition $c$ holds, else 0; $\\delta_{ij}$ is 1 for $i = j$, else 0. A vector is a column. The gradient of \
      the loss with respect to an array has the shape of that array; in the derivative of one array by another, the \
      indices of the first come first.

      In the code a name that begins with `d` is the gradient of the loss with respect to what the rest of it names: \
      `dw2` that with respect to $W_2$, and `dy`, in a module, that with respect to the module's output. What a \
      function computes is said below the first line that calls it.
      """
    return Prose.paragraphs(text).map { .paragraph($0) }
  }

  private static func forward(
    _ definitions: [Derivation.Definition], _ proof: Proof
  ) throws -> Block {
    var worst: Double?
    let lines = try definitions.map { definition in
      if let error = try proof.check(definition) { worst = max(worst ?? 0, error) }
      let axes = definition.left.axes.dropFirst(definition.left.freeIndices.count)
      return Line(
        left: definition.left.notation, right: definition.right.notation,
        note: axes.isEmpty
          ? nil : .row([.sign("["), SymbolTables.shape(Array(axes)), .sign("]")]))
    }
    let margin = worst.map { [Margin(label: "code", value: scientific($0))] } ?? []
    return .equations(lines, margin: margin, code: [], glosses: [])
  }

  private static func equations(
    _ chain: Derivation.Chain, _ agreement: Proof.Agreement, glosses: [[Prose.Part]]
  ) -> Block {
    let lines = chain.steps.enumerated().map { index, step in
      Line(left: index == 0 ? chain.left.notation : nil, right: step.notation)
    }
    let numbers = [
      ("code", agreement.code), ("tape", agreement.tape), ("differences", agreement.differences),
      ("both sides", agreement.terms),
    ]
    let margin = numbers.compactMap { label, value in
      value.map { Margin(label: label, value: scientific($0)) }
    }
    return .equations(lines, margin: margin, code: chain.code, glosses: glosses)
  }

  private static func steps(_ lines: [String]) -> Block {
    .steps(
      lines.map { line in
        let text = line.drop { $0 == " " }
        return ((line.count - text.count) / 2, Prose.parts(String(text)))
      })
  }

  private static func conclusion(_ rows: [Row], _ derivation: Derivation) -> [Block] {
    guard !rows.isEmpty else { return [] }
    let cells = rows.map { row -> [[Prose.Part]] in
      let numbers = [row.code, row.tape, row.differences]
      return [[.formula(row.notation)]]
        + numbers.map { [.text($0.map(scientific) ?? "–")] }
    }
    let text = """
      A formula that differs from its code or from the tape by more than \
      \(scientific(Proof.exactTolerance)), or from central differences by more than \
      \(scientific(Proof.differencesTolerance)), stops `adjoint derive`: the first is what the order of \
      float64 additions may change, the second what five-point differences can tell. A dash stands where \
      the value stays inside the code; it is proved by the gradients that are made from it.
      """
    return [
      .heading("All derivatives, measured"),
      .table(header: ["derivative", "code", "tape", "differences"], rows: cells),
    ] + Prose.paragraphs(text).map { .paragraph($0) }
  }
}
