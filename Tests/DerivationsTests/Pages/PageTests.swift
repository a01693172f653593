import Foundation
import TestSupport
import Tensors
import Testing

@testable import Derivations

@Suite struct PageTests {
  private static let x = symbol("X", "m")
  private static let y = symbol("Y", "m")
  private static let c = symbol("c")
  private static let loss = symbol("L")

  private static let page = try? DerivationPage(
    Derivation(
      name: "small", title: "Half a square & its slope", summary: "The gradient of $L$.",
      sizes: [("m", 2, "rows")], sources: ["Small_file.swift"],
      blocks: [
        .heading("Forward"), .symbols([(x, "input")]),
        .define([y ≔ x, loss ≔ .squaredNorm(y) / 2]),
        .text("So *much* is `clear`:"),
        .derive(
          derivative(loss, by: x), y, x,
          code: ["let dx = x < y", "  matmul(dx.reshaped(to: [m]), Double(m))"]),
        .show("x \\to \\operatorname{f}(y)"),
        .derive(derivative(loss, by: x), x, code: ["addScaled(matmul(a, b), c, 2)"]),
        .steps(["for $x$", "  stop"]),
      ],
      point: { [x, c] _ in
        [
          (x, Tensor([1, 2], shape: [2], dtype: .float64)),
          (c, Tensor(scalar: 0.25, dtype: .float64)),
        ]
      },
      code: { [x] values in [(derivative(symbol("L"), by: x), values[x])] }), footer: "The end")

  private func expect(_ text: String, contains parts: [String]) {
    var rest = Substring(text)
    for part in parts {
      guard let range = rest.range(of: part) else {
        Issue.record("\(part) is not there, or not in its place")
        return
      }
      rest = rest[range.upperBound...]
    }
  }

  /// Of a formula that stands twice on a page the table has the larger numbers of the two.
  @Test(
    arguments: [(nil, nil, nil), (1e-16, nil, 1e-16), (1e-16, 3e-16, 3e-16)]
      as [(Double?, Double?, Double?)])
  func theLargerOfTwoRows(code: Double?, otherCode: Double?, largerCode: Double?) {
    func row(_ code: Double?, _ tape: Double, _ differences: Double) -> DerivationPage.Row {
      .init(
        formula: "∂L/∂X", code: code, tape: tape, differences: differences,
        notation: Notation(tex: "L"))
    }
    let (one, other) = (row(code, 1e-15, 4e-10), row(otherCode, 2e-15, 3e-10))
    for merged in [one.merged(with: other), other.merged(with: one)] {
      #expect(merged.code == largerCode && merged.tape == 2e-15 && merged.differences == 4e-10)
    }
  }

  /// Beside several lines stands the largest difference of all, wherever among them it is.
  @Test(arguments: [0, 1])
  func theLargestDifferenceOfSeveralLines(place: Int) throws {
    let (x, y, z) = (Self.x, Self.y, symbol("Z", "m"))
    let page = try DerivationPage(
      Derivation(
        name: "two", title: "Two lines", summary: "", sizes: [("m", 2, "rows")], sources: [],
        blocks: [.define([y ≔ x, z ≔ x])],
        point: { [x] _ in [(x, Tensor([1, 2], shape: [2], dtype: .float64))] },
        code: { [x] values in
          [y, z].enumerated().map { ($1, values[x] * ($0 == place ? 1 + 5e-13 : 1)) }
        }))
    #expect(page.html.contains("<dl><div><dt>code</dt><dd>5.0e-13</dd></div></dl>"))
  }

  @Test func html() throws {
    expect(
      try #require(Self.page).html,
      contains: [
        "<title>Half a square &amp; its slope</title>",
        "<p class=\"summary\">The gradient of <span style=\"white-space:nowrap\"><math><mi>L</mi></math>.</span></p>",
        "<p>Every formula on a line of its own, but for those with <em>not evaluated</em> beside them and "
          + "those of the algorithm, was evaluated "
          + "when the page was made, in float64 at a random point with <span style=\"white-space:nowrap\">"
          + "<math><mrow><mi>m</mi><mo>=</mo><mn>2</mn></mrow></math>,</span> "
          + "<span style=\"white-space:nowrap\"><math><mrow><mi>c</mi><mo>=</mo><mn>0.25</mn></mrow></math>;</span> "
          + "those within the text are typeset, not evaluated.",
        "<code>Small_file.swift</code>", "<h2>Forward</h2>",
        "<td><math displaystyle=\"true\"><mi>m</mi></math></td><td>number</td><td>rows</td></tr>",
        "<mi>X</mi></math></td><td><math displaystyle=\"true\"><mi>m</mi></math></td><td>input</td></tr>",
        "<mtd><mi>Y</mi></mtd><mtd><mo>=</mo></mtd><mtd><mi>X</mi></mtd>",
        "<p>So <em>much</em> is <code>clear</code>:</p>",
        "<mtd></mtd><mtd><mo>=</mo></mtd><mtd><mi>X</mi></mtd>",
        "<dl><div><dt>code</dt><dd>0</dd></div><div><dt>tape</dt><dd>0</dd></div>",
        "<pre>let dx = x &lt; y\n  matmul(dx.reshaped(to: [m]), Double(m))</pre>\n"
          + "<p class=\"gloss\"><code>matmul(a, b)</code> is ",
        "</p>\n</div>\n", "<math displaystyle=\"true\"><mrow><mi>x</mi><mo>→</mo>",
        "<dl><div><dt>not evaluated</dt><dd></dd></div></dl>",
        "<pre>addScaled(matmul(a, b), c, 2)</pre>\n<p class=\"gloss\"><code>addScaled(a, b, s)</code> is ",
        "</p>\n</div>\n",
        "<p style=\"margin-left:2em\">stop</p>", "<h2>All derivatives, measured</h2>",
        "<footer>The end</footer>",
      ])
  }

  @Test func latex() throws {
    expect(
      try #require(Self.page).latex,
      contains: [
        #"\documentclass"#, #"\bfseries Half a square \& its slope"#,
        #"\texttt{Small\_file.swift}"#,
        #"\heading{Forward}"#, #"$\displaystyle X$ & $\displaystyle m$ & input"#,
        "\\begin{align*}\nY &= X && [ m ] \\\\\nL &=",
        #"So \emph{much} is \texttt{clear}:"#, #"\agreement{code & 0\\tape & 0\\differences & "#,
        "\\frac{\\partial L}{\\partial X} &= Y \\\\\n&= X",
        "\\begin{verbatim}\nlet dx = x < y\n  matmul(dx.reshaped(to: [m]), Double(m))\n\\end{verbatim}}\n\n"
          + #"{\footnotesize \texttt{matmul(a, b)} is $a b$, and with \texttt{transposeA: true} it is "#
          + #"$a^{\top} b$.\par}"#,
        #"\agreement{not evaluated & }"#, #"\[ x \to \operatorname{f} ( y ) \]"#,
        #"{\footnotesize \texttt{addScaled(a, b, s)} is $a + s b$.\par}"#,
        #"\step{2}{for $x$}"#, #"\step{4}{stop}"#, "The end", #"\end{document}"#,
      ])
  }

  @Test func markdown() throws {
    expect(
      try #require(Self.page).markdown,
      contains: [
        "# Half a square & its slope\n\nThe gradient of $`L`$.", "## Forward",
        "| symbol | shape | meaning |\n| --- | --- | --- |\n| $`m`$ | number | rows |\n| $`X`$ | $`m`$ | input |",
        "\n\n```math\n\\begin{aligned}\nY &= X && [ m ]", "\\end{aligned}\n```\n",
        "So *much* is `clear`:",
        "```swift\nlet dx = x < y\n  matmul(dx.reshaped(to: [m]), Double(m))\n```\n\n"
          + "`matmul(a, b)` is $`a b`$, and with `transposeA: true` it is $`a^{\\top} b`$.\n\n"
          + "> code 0 · tape 0 · differences ",
        "```math\nx \\to \\mathop{\\mathrm{f}} ( y )\n```\n\n> not evaluated\n",
        "```swift\naddScaled(matmul(a, b), c, 2)\n```\n\n`addScaled(a, b, s)` is $`a + s b`$.\n\n> ",
        "- for $`x`$\n  - stop", "## All derivatives, measured",
        "| derivative | code | tape | differences |", "The end",
      ])
  }

  /// Every element that is opened is closed, in order, and nothing is fetched or run.
  @Test(arguments: ProofTests.names)
  func pagesAreWellFormed(name: String) throws {
    let page = try Pages.page(name)
    let html = page.html
    #expect(!html.contains("http") && !html.contains("<script") && !html.contains("<link"))
    var open: [Substring] = []
    for tag in html.split(separator: "<").dropFirst() {
      let content = tag.prefix { $0 != ">" }
      let name = content.drop { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }
      if content.hasPrefix("/") {
        let last = open.popLast()
        #expect(last == name)
        if last != name { return }
      } else if !content.hasSuffix("/") {
        open.append(name)
      }
    }
    #expect(open.isEmpty)
    for text in [page.latex, page.markdown] {
      #expect(text.filter { $0 == "{" }.count == text.filter { $0 == "}" }.count)
    }
  }

  /// No formula goes through a code host's parser of Markdown, and none has what GitHub refuses.
  @Test(arguments: ProofTests.names)
  func markdownIsForCodeHosts(name: String) throws {
    let text = try Pages.page(name).markdown
    for macro in ["operatorname", "mbox", "phantom"] { #expect(!text.contains("\\\(macro)")) }
    #expect(text.contains("\n```math\n"))
    let bars = text.split(separator: "\n").filter { $0.hasPrefix("|") }.map { line in
      line.filter { $0 == "|" }.count
    }
    #expect(bars.allSatisfy { $0 == 4 || $0 == 5 })
    // What is left without formulas and code has no sign of either.
    let prose = text.replacing(/```(?:math|swift)\n(?s:.*?)\n```/, with: "")
      .replacing(/\$`[^`\n]+`\$/, with: "").replacing(/`[^`\n]+`/, with: "")
    #expect(!prose.contains("$") && !prose.contains("`") && !prose.contains("\\"))
  }

  /// Also where it is derived twice, in steps and at one go.
  @Test(arguments: ProofTests.names)
  func eachDerivativeStandsOnceInTheSummary(name: String) throws {
    let formulas = try Pages.page(name).agreements.map(\.formula)
    #expect(Set(formulas).count == formulas.count)
  }

  @Test func sameBytesEachTime() throws {
    let softmax = try #require(Derivation.all.first { $0.name == "softmax" })
    #expect(try DerivationPage(softmax).html == Pages.page("softmax").html)
  }

  private static let compiler: URL? = {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { URL(fileURLWithPath: "\($0)/pdflatex") }
      .first { FileManager.default.isExecutableFile(atPath: $0.path) }
  }()

  /// All documents in one run of pdflatex, where it is installed.
  @Test(.enabled(if: compiler != nil))
  func latexCompiles() throws {
    let folder = try TemporaryFolder()
    let sources = try ProofTests.names.map { try Pages.page($0).latex }
    let start = "\\begin{document}"
    let preamble = try #require(sources[0].components(separatedBy: start).first)
    let bodies = try sources.map { source in
      try #require(source.components(separatedBy: start).last)
        .replacing("\\end{document}", with: "")
    }
    let text = preamble + start + bodies.joined(separator: "\\clearpage\n") + "\\end{document}"
    try folder.write(text.utf8, "all.tex")
    let process = Process()
    process.executableURL = Self.compiler
    process.arguments = ["-interaction=nonstopmode", "-halt-on-error", "all.tex"]
    process.currentDirectoryURL = folder.url
    process.standardOutput = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    let log = try String(contentsOf: folder.file("all.log"), encoding: .isoLatin1)
    #expect(process.terminationStatus == 0, "\(log.suffix(2000))")
    #expect(!log.contains("Missing character"))
  }
}

/// The pages, each made once for all tests.
enum Pages {
  private static let all = Dictionary(
    uniqueKeysWithValues: Derivation.all.map { derivation in
      (derivation.name, Result { try DerivationPage(derivation) })
    })

  static func page(_ name: String) throws -> DerivationPage { try #require(all[name]).get() }
}
