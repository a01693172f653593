import Foundation
import Testing

@testable import Derivations

#if canImport(FoundationXML)
  import FoundationXML
#endif

struct FormulaTests {
  private static let formula = Formula(
    "W_1", #"\left(∂{Z}\right)^\top X"#, where: #"$∂{Z} = \hat Y - Y$, for $m < 2$"#)
  private static let derivativeByZ =
    "<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi><mi>Z</mi></mrow></mfrac>"

  @Test func theEquation() {
    #expect(
      Self.formula.mathML == """
        <math displaystyle="true"><mrow><mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi><msub><mi>W</mi>\
        <mn>1</mn></msub></mrow></mfrac><mo>=</mo><msup><mrow><mo>(</mo>\(Self.derivativeByZ)<mo>)</mo></mrow>\
        <mo>⊤</mo></msup><mi>X</mi></mrow></math>
        """)
  }

  /// The comma stays with the formula before it.
  @Test func theExplanation() {
    #expect(
      Self.formula.explanationHTML == """
        <span style="white-space:nowrap"><math><mrow>\(Self.derivativeByZ)<mo>=</mo><mover accent="true"><mi>Y</mi>\
        <mo stretchy="false">^</mo></mover><mo>−</mo><mi>Y</mi></mrow></math>,</span> for <math><mrow><mi>m</mi>\
        <mo>&lt;</mo><mn>2</mn></mrow></math>
        """)
  }

  @Test func ofAnotherLoss() {
    let formula = Formula("b", "∂{x}", where: "", loss: "E")
    #expect(formula.mathML.components(separatedBy: "<mi>∂</mi><mi>E</mi>").count == 3)
    #expect(formula.explanationHTML.isEmpty)
  }

  /// None uses a part of TeX that is not understood, and each is well-formed.
  @Test(arguments: [
    TwoLayerPerceptron.formulas, TwoLayerPerceptron.penalizedFormulas, MLPMixer.formulas,
    MultiTaskCascade.formulas, VariationalAutoencoder.formulas, DecompositionForecaster.formulas,
    LinearModule.formulas, ReLUModule.formulas, SoftmaxModule.formulas, CrossEntropyModule.formulas,
  ])
  func everyOneIsTypeset(formulas: [Formula]) {
    for formula in formulas {
      let text = "<p>\(formula.mathML)\(formula.explanationHTML)</p>"
      #expect(XMLParser(data: Data(text.utf8)).parse(), "\(text)")
      #expect(!text.contains("∂{") && !text.contains("$"))
    }
  }

  /// What a report shows beside a measured agreement stands in the derivation as well, where it is evaluated.
  @Test(arguments: [
    ("two-layer-perceptron", TwoLayerPerceptron.penalizedFormulas), ("mixer", MLPMixer.formulas),
    ("cascade", MultiTaskCascade.formulas), ("vae", VariationalAutoencoder.formulas),
    ("forecaster", DecompositionForecaster.formulas),
  ])
  func everyOneIsProved(name: String, formulas: [Formula]) throws {
    let derivation = try #require(Derivation.all.first { $0.name == name })
    for formula in formulas {
      let left = Notation(tex: formula.spelledOut("∂{\(formula.variable)}")).plain
      let right = Notation(tex: formula.spelledOut(formula.value)).plain
      let steps = derivation.blocks.flatMap { block -> [String] in
        guard case .derive(let chain) = block, chain.left.notation.plain == left else { return [] }
        return chain.steps.map(\.notation.plain)
      }
      #expect(steps.contains(right), "\(left) = \(right); there: \(steps)")
    }
  }

  @Test func marksInText() {
    #expect(Prose.html("a, b < c; `d`.") == "a, b &lt; c; <code>d</code>.")
    #expect(
      Prose.html("$a$)$b$ and $c$ (") == """
        <span style="white-space:nowrap"><math><mi>a</mi></math>)</span><math><mi>b</mi></math> and \
        <math><mi>c</mi></math> (
        """)
  }
}
