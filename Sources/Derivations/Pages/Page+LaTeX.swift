extension DerivationPage {
  /// One LaTeX file; it compiles with pdflatex and needs amsmath, amssymb, geometry and longtable.
  public var latex: String {
    """
    \\documentclass[11pt]{article}
    \\usepackage[T1]{fontenc}
    \\usepackage[utf8]{inputenc}
    \\usepackage{amsmath,amssymb,longtable}
    \\usepackage[a4paper,left=22mm,right=52mm,top=25mm,bottom=25mm,marginparwidth=36mm]{geometry}
    \\setlength{\\parindent}{0pt}
    \\setlength{\\parskip}{6pt}
    \\sloppy
    \\allowdisplaybreaks
    \\makeatletter\\@beginparpenalty=10000\\makeatother
    \\newcommand{\\heading}[1]{\\par\\ifdim\\dimexpr\\pagegoal-\\pagetotal\\relax<9\\baselineskip\\newpage\\fi\
    \\section*{#1}}
    \\newcommand{\\step}[2]{{\\leftskip=#1em\\hangindent=2em\\noindent #2\\par}}
    \\newcommand{\\agreement}[1]{\\marginpar{\\vspace{8pt}\\footnotesize\\sffamily\
    \\begin{tabular}{@{}ll@{}}#1\\end{tabular}}}
    \\begin{document}
    {\\LARGE\\bfseries \(latex(text: title))\\par}
    \\medskip
    \\emph{\(latex(Prose.parts(summary)))}

    \(blocks.map(latex).joined(separator: "\n\n"))

    \(footer.isEmpty ? "" : "\\bigskip{\\footnotesize \(latex(text: footer))}\n")\\end{document}

    """
  }

  private func latex(_ block: Block) -> String {
    switch block {
    case .heading(let text): "\\heading{\(latex(text: text))}"
    case .paragraph(let parts): latex(parts)
    case .table(let header, let rows): latex(header, rows)
    case .equations(let lines, let margin, let code, let glosses):
      latex(lines, margin, code)
        + glosses.map { "\n\n{\\footnotesize \(latex($0))\\par}" }.joined()
    case .steps(let lines):
      lines.map { "\\step{\(2 + $0.indent * 2)}{\(latex($0.parts))}" }.joined(separator: "\n")
    }
  }

  private func latex(_ parts: [Prose.Part]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): latex(text: text)
      case .formula(let notation): "$\(notation.latex)$"
      case .code(let text): "\\texttt{\(latex(text: text))}"
      case .emphasis(let text): "\\emph{\(latex(text: text))}"
      }
    }.joined()
  }

  /// The last column of a table of symbols is as wide as what is left.
  private func latex(_ header: [String], _ rows: [[[Prose.Part]]]) -> String {
    let hasNumbers = header.count > 3
    let columns = String(repeating: "l", count: header.count - 1) + (hasNumbers ? "l" : "p{8.5cm}")
    let lines =
      [header.map { "\\textsf{\\small \(latex(text: $0))}" }]
      + rows.map { $0.map(cell) }
    return "{\\renewcommand{\\arraystretch}{\(hasNumbers ? "2.4" : "1.35")}\n"
      + "\\begin{longtable}[l]{@{}\(columns)@{}}\n"
      + lines.map { $0.joined(separator: " & ") }.joined(separator: " \\\\\n")
      + "\n\\end{longtable}}"
  }

  /// A formula that fills a cell is as large as one on a line of its own.
  private func cell(_ parts: [Prose.Part]) -> String {
    guard parts.count == 1, case .formula(let notation) = parts[0] else { return latex(parts) }
    return "$\\displaystyle \(notation.latex)$"
  }

  private func latex(_ lines: [Line], _ margin: [Margin], _ code: [String]) -> String {
    let numbers = margin.map { "\($0.label) & \($0.value)" }.joined(separator: "\\\\")
    let start =
      numbers.isEmpty ? "" : "\\leavevmode\\agreement{\(numbers)}\\vspace*{-\\baselineskip}\n"
    guard !code.isEmpty else { return start + display(lines) }
    // No page ends between a formula and its code.
    return """
      \(start){\\postdisplaypenalty=10000
      \(display(lines))
      \\footnotesize\\begin{verbatim}
      \(code.joined(separator: "\n"))
      \\end{verbatim}}
      """
  }

  private func display(_ lines: [Line]) -> String {
    if lines.count == 1, lines[0].left == nil { return "\\[ \(lines[0].right.latex) \\]" }
    return "\\begin{align*}\n\(DerivationPage.aligned(lines, for: .documents))\n\\end{align*}"
  }

  /// The lines between `\begin{aligned}` and `\end{aligned}`.
  static func aligned(_ lines: [Line], for reader: Notation.LaTeXReader) -> String {
    lines.map { line in
      let left = line.left.map { $0.latex(for: reader) + " " } ?? ""
      let note = line.note.map { " && " + $0.latex(for: reader) } ?? ""
      return "\(left)&= \(line.right.latex(for: reader))\(note)"
    }.joined(separator: " \\\\\n")
  }

  private func latex(text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&", "%", "$", "#", "_", "{", "}": result += "\\\(character)"
      case "\\": result += "\\textbackslash{}"
      case "~": result += "\\textasciitilde{}"
      case "^": result += "\\textasciicircum{}"
      case "–": result += "--"
      case "<", ">": result += "$\(character)$"
      default: result.append(character)
      }
    }
  }
}
