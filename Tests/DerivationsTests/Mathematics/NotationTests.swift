import TestSupport
import Testing

@testable import Derivations

@Suite struct NotationTests {
  /// What is read, and the LaTeX, MathML and text that come from it.
  private static let cases: [(tex: String, latex: String, mathML: String, plain: String)] = [
    ("x", "x", "<mi>x</mi>", "x"),
    ("12", "12", "<mn>12</mn>", "12"),
    ("0.5", "0.5", "<mn>0.5</mn>", "0.5"),
    (#"\alpha"#, #"\alpha"#, "<mi>α</mi>", "α"),
    ("W_1", "W_{1}", "<msub><mi>W</mi><mn>1</mn></msub>", "W₁"),
    (
      "x^{(i)}", "x^{( i )}",
      "<msup><mi>x</mi><mrow><mo stretchy=\"false\">(</mo><mi>i</mi><mo stretchy=\"false\">)</mo>"
        + "</mrow></msup>", "x^(i)"
    ),
    ("x_{ij}", "x_{i j}", "<msub><mi>x</mi><mrow><mi>i</mi><mi>j</mi></mrow></msub>", "x_ij"),
    (
      "s_j^3", "s_{j}^{3}", "<msubsup><mi>s</mi><mi>j</mi><mn>3</mn></msubsup>", "s_j³"
    ),
    (
      #"\frac{\partial L}{\partial W_1}"#, #"\frac{\partial L}{\partial W_{1}}"#,
      "<mfrac><mrow><mi>∂</mi><mi>L</mi></mrow><mrow><mi>∂</mi><msub><mi>W</mi><mn>1</mn></msub>"
        + "</mrow></mfrac>", "∂L/∂W₁"
    ),
    (
      #"\frac{a + b}{c}"#, #"\frac{a + b}{c}"#,
      "<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac>", "(a + b)/c"
    ),
    (
      #"\hat y"#, #"\hat{y}"#,
      "<mover accent=\"true\"><mi>y</mi><mo stretchy=\"false\">^</mo></mover>", "ŷ"
    ),
    (
      #"\sum_{i = 1}^m x_i"#, #"\sum_{i = 1}^{m} x_{i}"#,
      "<mrow><munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>m</mi>"
        + "</munderover><msub><mi>x</mi><mi>i</mi></msub></mrow>", "∑_(i = 1)^(m) x_i"
    ),
    (
      #"A^\top \mathbf{1}"#, #"A^{\top} \mathbf{1}"#,
      "<mrow><msup><mi>A</mi><mo>⊤</mo></msup><mi mathvariant=\"normal\">𝟏</mi></mrow>", "Aᵀ 1"
    ),
    (
      #"\left( \frac{1}{2} \right)"#, #"\left( \frac{1}{2} \right)"#,
      "<mrow><mo>(</mo><mfrac><mn>1</mn><mn>2</mn></mfrac><mo>)</mo></mrow>", "(1/2)"
    ),
    // Brackets around what is not tall do not grow.
    (
      #"\left( a \right)"#, "( a )",
      "<mrow><mo stretchy=\"false\">(</mo><mi>a</mi><mo stretchy=\"false\">)</mo></mrow>", "(a)"
    ),
    (
      #"a \le b < c"#, #"a \le b < c"#,
      "<mrow><mi>a</mi><mo>≤</mo><mi>b</mi><mo>&lt;</mo><mi>c</mi></mrow>", "a ≤ b < c"
    ),
    (
      #"\operatorname{diag}(s)"#, #"\operatorname{diag} ( s )"#,
      "<mrow><mi>diag</mi><mo stretchy=\"false\">(</mo><mi>s</mi><mo stretchy=\"false\">)</mo></mrow>",
      "diag(s)"
    ),
    (
      #"\ln x"#, #"\ln x"#,
      "<mrow><mi>ln</mi><mspace width=\"0.17em\"/><mi>x</mi></mrow>", "ln x"
    ),
    // A name keeps away from a factor before it; signs and sums keep away by themselves.
    (
      #"\hat X \operatorname{diag}(s)"#, #"\hat{X} \operatorname{diag} ( s )"#,
      "<mrow><mover accent=\"true\"><mi>X</mi><mo stretchy=\"false\">^</mo></mover>"
        + "<mspace width=\"0.17em\"/><mi>diag</mi><mo stretchy=\"false\">(</mo><mi>s</mi>"
        + "<mo stretchy=\"false\">)</mo></mrow>", "X̂ diag(s)"
    ),
    (
      #"(a) \ln^2 x"#, #"( a ) \ln^{2} x"#,
      "<mrow><mo stretchy=\"false\">(</mo><mi>a</mi><mo stretchy=\"false\">)</mo>"
        + "<mspace width=\"0.17em\"/><msup><mi>ln</mi><mn>2</mn></msup><mspace width=\"0.17em\"/><mi>x</mi>"
        + "</mrow>", "(a) ln² x"
    ),
    (
      #"a = \ln x"#, #"a = \ln x"#,
      "<mrow><mi>a</mi><mo>=</mo><mi>ln</mi><mspace width=\"0.17em\"/><mi>x</mi></mrow>", "a = ln x"
    ),
    (
      #"\sum_i {\max(x)}"#, #"\sum_{i} \max ( x )"#,
      "<mrow><munder><mo>∑</mo><mi>i</mi></munder><mrow><mi>max</mi>"
        + "<mo stretchy=\"false\">(</mo><mi>x</mi><mo stretchy=\"false\">)</mo></mrow></mrow>",
      "∑_i max(x)"
    ),
    (
      #"2 {\max(x)}"#, #"2 \max ( x )"#,
      "<mrow><mn>2</mn><mspace width=\"0.17em\"/><mrow><mi>max</mi>"
        + "<mo stretchy=\"false\">(</mo><mi>x</mi><mo stretchy=\"false\">)</mo></mrow></mrow>",
      "2 max(x)"
    ),
    (
      #"q \parallel p"#, #"q \parallel p"#, "<mrow><mi>q</mi><mo>∥</mo><mi>p</mi></mrow>", "q ∥ p"
    ),
    (#"\sqrt{v}"#, #"\sqrt{v}"#, "<msqrt><mi>v</mi></msqrt>", "√(v)"),
    (
      #"\begin{cases} 0 & r \\ 1 & s \end{cases}"#, #"\begin{cases} 0 & r \\ 1 & s \end{cases}"#,
      "<mrow><mo>{</mo><mtable class=\"cases\"><mtr><mtd><mn>0</mn></mtd><mtd><mi>r</mi></mtd></mtr>"
        + "<mtr><mtd><mn>1</mn></mtd><mtd><mi>s</mi></mtd></mtr></mtable></mrow>", "{0 r; 1 s}"
    ),
    (#"X_{\text{BN}}"#, #"X_{\text{BN}}"#, "<msub><mi>X</mi><mtext>BN</mtext></msub>", "X_BN"),
    (
      #"a \, b \quad c"#, #"a \, b \quad c"#,
      "<mrow><mi>a</mi><mspace width=\"0.17em\"/><mi>b</mi><mspace width=\"1em\"/><mi>c</mi></mrow>",
      "a b c"
    ),
  ]

  @Test(arguments: cases.indices)
  func isWrittenThreeWays(index: Int) {
    let expected = Self.cases[index]
    let notation = Notation(tex: expected.tex)
    #expect(notation.latex == expected.latex)
    #expect(notation.element == expected.mathML)
    #expect(notation.plain == expected.plain)
  }

  /// LaTeX that was written reads back as the same formula.
  @Test(arguments: cases.indices)
  func latexReadsBack(index: Int) {
    let latex = Notation(tex: Self.cases[index].tex).latex
    #expect(Notation(tex: latex).latex == latex)
  }

  /// GitHub refuses `\operatorname`, at whatever depth, and a bar would end a cell of a table.
  @Test(arguments: [
    (#"\operatorname{diag}(s)"#, #"\mathop{\mathrm{diag}} ( s )"#),
    (
      #"\frac{\operatorname{a}}{\operatorname{b}}"#,
      #"\frac{\mathop{\mathrm{a}}}{\mathop{\mathrm{b}}}"#
    ),
    (#"\sqrt{\hat{\operatorname{a}}}"#, #"\sqrt{\hat{\mathop{\mathrm{a}}}}"#),
    (
      #"\operatorname{a}_{\operatorname{b}}^{\operatorname{c}}"#,
      #"\mathop{\mathrm{a}}_{\mathop{\mathrm{b}}}^{\mathop{\mathrm{c}}}"#
    ),
    (#"\left( \operatorname{a} \right)"#, #"( \mathop{\mathrm{a}} )"#),
    (
      #"\begin{cases} \operatorname{a} & b \end{cases}"#,
      #"\begin{cases} \mathop{\mathrm{a}} & b \end{cases}"#
    ),
    (#"\ln x | y \mid z"#, #"\ln x \vert y \mid z"#),
  ])
  func forCodeHosts(tex: String, latex: String) {
    #expect(Notation(tex: tex).latex(for: .codeHosts) == latex)
  }

  @Test func standsInAnElement() {
    #expect(Notation(tex: "x").mathML() == "<math><mi>x</mi></math>")
    #expect(
      Notation(tex: "x").mathML(inDisplayStyle: true)
        == "<math displaystyle=\"true\"><mi>x</mi></math>")
  }

  @Test(arguments: [
    (#"\fraction{a}{b}"#, #"has the command \fraction, which is not known"#),
    ("{a", "has no } where it has to be"), ("a}", "has a }"),
    ("a_", "ends too early"), ("a # b", "has a #"),
  ])
  func stopsAtWhatItDoesNotKnow(tex: String, message: String) async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      [tex] in
      _ = Notation(tex: tex)
    }
    expectStop(result, "Notation: \(tex) \(message)")
  }

  @Test func proseHasFormulasCodeAndEmphasis() {
    #expect(
      Prose.paragraphs("One $x_1$ and\n`code`.\n\n*Two*") == [
        [
          .text("One "), .formula(Notation(tex: "x_1")), .text(" and "), .code("code"), .text("."),
        ],
        [.emphasis("Two")],
      ])
    #expect(Prose.parts("2 * 3") == [.text("2 * 3")])
  }

  @Test(arguments: [
    (0, "0"), (1.24e-16, "1.2e-16"), (9.96e-17, "1.0e-16"), (9.94e-17, "9.9e-17"),
    (3, "3.0e0"), (9.94, "9.9e0"), (9.96, "1.0e1"), (12345, "1.2e4"), (99_600, "1.0e5"),
    (.infinity, "inf"),
  ])
  func numbersHaveTwoDigits(value: Double, text: String) {
    #expect(scientific(value) == text)
  }
}
