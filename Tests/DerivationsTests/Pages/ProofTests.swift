import Foundation
import TestSupport
import Tensors
import Testing

@testable import Derivations

@Suite struct ProofTests {
  static let names = [
    "batch-normalization", "cascade", "cross-entropy", "dropout", "forecaster", "linear",
    "mixer", "perceptron-modules", "relu", "softmax", "two-layer-perceptron", "vae",
  ]

  private func derivation(_ name: String) throws -> Derivation {
    try #require(Derivation.all.first { $0.name == name })
  }

  @Test func allAreThere() {
    #expect(Derivation.all.map(\.name) == Self.names)
  }

  /// Every formula agrees, and none of them would if it were wrong by one part in a thousand, nor if the
  /// code were.
  @Test(arguments: names)
  func everyFormulaIsProvedAndCouldFail(name: String) throws {
    let derivation = try derivation(name)
    let proof = try Proof(derivation)
    let spoilt = try Proof(
      derivation.with(code: { values in derivation.code(values).map { ($0, $1 * 1.001) } }))
    var gradients = 0
    for case .derive(let chain) in derivation.blocks {
      for position in chain.steps.indices {
        var steps = chain.steps
        steps[position] = steps[position] * 1.001 + 0.001
        let wrong = Derivation.Chain(
          left: chain.left, steps: steps, indices: chain.indices, code: chain.code)
        let what = chain.left.symbol?.derivative == nil ? "the left side" : "the tape"
        expectRefused(wrong, steps[position], beside: what, by: proof)
      }
      let agreement = try proof.check(chain)
      if let tape = agreement.tape, let differences = agreement.differences {
        // A thousand units in the last place, and what five-point differences can tell.
        #expect(tape <= 1e-12 && differences <= 1e-8)
        gradients += 1
      }
      if agreement.code == nil {
        _ = try spoilt.check(chain)
      } else {
        expectRefused(chain, try #require(chain.steps.last), beside: "the code", by: spoilt)
      }
    }
    #expect(gradients >= 3)
  }

  /// Expects that a step is named beside what it is held against; by how much they differ is what was measured.
  private func expectRefused(
    _ chain: Derivation.Chain, _ step: Term, beside what: String, by proof: Proof,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: AdjointError.self, sourceLocation: sourceLocation) {
      try proof.check(chain)
    }
    #expect(error?.kind == .internalFault, sourceLocation: sourceLocation)
    let message = error?.message.replacing(/differ by [0-9]\.[0-9]e-?[0-9]+ of/, with: "differ of")
    #expect(
      message == "derive \(proof.derivation.name): \(chain.left.notation.plain) = "
        + "\(step.notation.plain) and \(what) differ of the largest element; at most 1.0e-12 was to be "
        + "expected", sourceLocation: sourceLocation)
  }

  /// The parameters of every network have their gradients compared with the code that trains.
  @Test(arguments: [
    ("cascade", "θ_1A b_1A θ_2A b_2A θ_1B b_1B θ_2B b_2B"), ("mixer", "Θ₁ b₁ Θ₂ b₂ Θ₃ b₃"),
    ("forecaster", "W_1t b_1t W_2t b_2t W_1s b_1s W_2s b_2s"),
    ("two-layer-perceptron", "W₁ b₁ W₂ b₂"),
    ("vae", "W₁ b₁ W₂ b₂ W₃ b₃ V₁ c₁ V₂ c₂ V₃ c₃"), ("batch-normalization", "γ β X"),
    ("linear", "W b X"), ("relu", "X"), ("dropout", "X"), ("softmax", "x X"),
    ("cross-entropy", "Z"),
    ("perceptron-modules", "W^(1) b^(1) W^(2) b^(2)"),
  ])
  func codeIsCompared(name: String, variables: String) throws {
    let page = try Pages.page(name)
    for variable in variables.split(separator: " ") {
      let row = page.agreements.first { $0.formula.hasSuffix("/∂\(variable)") && $0.code != nil }
      #expect(row != nil, "\(variable)")
    }
  }

  /// Every line of code that is shown stands in the source, before the comment if there is one.
  @Test(arguments: names)
  func codeStandsInTheSource(name: String) throws {
    let derivation = try derivation(name)
    let room = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Sources/Derivations")
    let lines = try derivation.sources.flatMap { file in
      try String(contentsOf: room.appendingPathComponent(file), encoding: .utf8)
        .split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }
    var count = 0
    for case .derive(let chain) in derivation.blocks {
      for code in chain.code {
        let line = code.trimmingCharacters(in: .whitespaces)
        #expect(lines.contains { $0 == line || $0.hasPrefix(line + "  //") }, "\(code)")
        count += 1
      }
    }
    #expect(count > 0)
  }

  // MARK: - What is wrong, word for word

  private let x = symbol("X", "m")
  private let y = symbol("Y", "m")
  private let loss = symbol("L")

  /// L = Σ X²/2 at X = (1, 2, 4), with a gradient and a definition that may be wrong.
  private func trial(
    gradient: Term? = nil, y formula: Term? = nil, code: [(Term, Tensor)] = []
  ) -> Derivation {
    let dx = derivative(loss, by: x)
    let formula = formula ?? x
    return Derivation(
      name: "trial", title: "", summary: "", sizes: [("m", 3, "rows")], sources: [],
      blocks: [
        .define([y ≔ formula, loss ≔ .squaredNorm(y) / 2]),
        .derive(dx, gradient ?? x),
      ],
      point: { [x] _ in [(x, Tensor([1, 2, 4], shape: [3], dtype: .float64))] },
      code: { _ in code })
  }

  @Test func rightOneIsProved() throws {
    let code = [(derivative(loss, by: x), Tensor([1, 2, 4], shape: [3], dtype: .float64))]
    let rows = try DerivationPage(trial(code: code)).agreements
    #expect(rows.map(\.formula) == ["∂L/∂X"] && rows[0].code == 0 && rows[0].tape == 0)
    #expect(rows[0].differences < 1e-11)
  }

  @Test func wrongOnesAreNamed() throws {
    let tensor = Tensor([1, 2, 5], shape: [3], dtype: .float64)
    let expectations: [(Derivation, String)] = [
      (
        trial(gradient: 2 * x),
        "∂L/∂X = 2 X and the tape differ by 5.0e-1 of the largest element; at most 1.0e-12 was to be "
          + "expected"
      ),
      (
        trial(code: [(derivative(loss, by: x), tensor)]),
        "∂L/∂X = X and the code differ by 2.0e-1 of the largest element; at most 1.0e-12 was to be "
          + "expected"
      ),
      (
        trial(code: [(y, tensor)]),
        "Y = X and the code differ by 2.0e-1 of the largest element; at most 1.0e-12 was to be expected"
      ),
      (
        trial(gradient: x.transposed * x),
        "∂L/∂X: the shapes of ∂L/∂X = Xᵀ X do not fit: 1 elements where there are 3"
      ),
      (trial(gradient: symbol("Q", "m")), "∂L/∂X: Q has no value here"),
      (trial(gradient: x * x), "∂L/∂X: the shapes of X X do not fit: [3, 1] and [3, 1]"),
      (
        trial(y: x.transposed * x),
        "Y: the shapes of Y do not fit: [3] is stated, [1, 1] is computed"
      ),
      (trial(gradient: x, y: x - x), "∂L/∂X is zero at this point, which proves nothing"),
    ]
    for (derivation, message) in expectations {
      expectError(.internalFault, "derive trial: \(message)") {
        _ = try DerivationPage(derivation)
      }
    }
  }

  @Test func identitiesAreHeldToo() {
    let wrong = Derivation(
      name: "trial", title: "", summary: "", sizes: [("m", 3, "rows")], sources: [],
      blocks: [.define([y ≔ 2 * x]), .identity(y, x + x), .identity(y, 3 * x)],
      point: { [x] _ in [(x, Tensor([1, 2, 4], shape: [3], dtype: .float64))] }, code: { _ in [] })
    expectError(
      .internalFault,
      "derive trial: Y = 3 X and the left side differ by 3.3e-1 of the largest element; at most 1.0e-12 "
        + "was to be expected"
    ) { _ = try DerivationPage(wrong) }
  }
}

extension Derivation {
  fileprivate func with(code: @escaping @Sendable (Values) -> [(Term, Tensor)]) -> Derivation {
    Derivation(
      name: name, title: title, summary: summary, sizes: sizes, sources: sources, blocks: blocks,
      point: point, code: code)
  }
}
