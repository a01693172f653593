import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct GlossesTests {
  private func code(_ derivation: Derivation) -> [String] {
    derivation.blocks.flatMap { block -> [String] in
      if case .derive(let chain) = block { chain.code } else { [] }
    }
  }

  /// Nothing that a page calls is left unsaid, the pullbacks above all.
  @Test(arguments: ProofTests.names)
  func everyCallHasOne(name: String) throws {
    let derivation = try #require(Derivation.all.first { $0.name == name })
    for call in Glosses.calls(in: code(derivation)) {
      let gloss = Glosses.all.first { $0.name == call }
      #expect(gloss != nil, "\(call)")
      if call.hasSuffix("Pullback") { #expect(gloss?.check != nil, "\(call)") }
    }
  }

  @Test func everyOneIsCalled() {
    let calls = Set(Derivation.all.flatMap { Glosses.calls(in: code($0)) })
    #expect(Set(Glosses.all.map(\.name)) == calls)
    #expect(Glosses.all.count == calls.count)
  }

  /// Every check that is named is one of `adjoint check`.
  @Test func everyCheckIsThere() {
    let checks = Set(GradientCheck.all.map(\.name))
    for check in Glosses.all.compactMap(\.check) { #expect(checks.contains(check), "\(check)") }
  }

  @Test func findsFunctionsAlone() {
    #expect(
      Glosses.calls(in: [
        "let y = Double(m) / f(x.reshaped(to: [g(m)]))", "(a + b).transposed() * f2(c)",
      ]) == ["f", "g", "f2"])
  }

  @Test func saysWhatAndWhichCheck() {
    var glosses = Glosses()
    let lines = ["let dz = sinPullback(sum(dy, axis: 0), z)"]
    #expect(
      glosses.next(lines) == [
        Prose.parts(
          "`sinPullback(g, x)` is $g \\circ \\cos(x)$; `adjoint check sin` holds it against its closed form and "
            + "central differences."),
        Prose.parts("`sum(x, axis: 0)` is the sum of the rows of $x$."),
      ])
    #expect(glosses.next(lines) == [])
  }
}
