extension DerivationPage {
  /// Markdown with `$…$` and `$$…$$`, as code hosts show it.
  public var markdown: String {
    let parts =
      ["# \(title)", markdown(Prose.parts(summary))] + blocks.map(markdown)
      + (footer.isEmpty ? [] : ["---", footer])
    return parts.joined(separator: "\n\n") + "\n"
  }

  private func markdown(_ block: Block) -> String {
    switch block {
    case .heading(let text): "## \(text)"
    case .paragraph(let parts): markdown(parts)
    case .table(let header, let rows): markdown(header, rows)
    case .equations(let lines, let margin, let code): markdown(lines, margin, code)
    case .steps(let lines):
      lines.map { String(repeating: "  ", count: $0.indent) + "- " + markdown($0.parts) }
        .joined(separator: "\n")
    }
  }

  private func markdown(_ parts: [Prose.Part]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .formula(let notation): "$\(notation.latex)$"
      case .code(let text): "`\(text)`"
      case .emphasis(let text): "*\(text)*"
      }
    }.joined()
  }

  private func markdown(_ header: [String], _ rows: [[[Prose.Part]]]) -> String {
    let lines = [header, header.map { _ in "---" }] + rows.map { $0.map { markdown($0) } }
    return lines.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
  }

  private func markdown(_ lines: [Line], _ margin: [Margin], _ code: [String]) -> String {
    let isPlain = lines.count == 1 && lines[0].left == nil
    let formula =
      isPlain
      ? lines[0].right.latex
      : "\\begin{aligned}\n\(DerivationPage.aligned(lines))\n\\end{aligned}"
    var parts = ["$$\n\(formula)\n$$"]
    if !code.isEmpty { parts.append("```swift\n\(code.joined(separator: "\n"))\n```") }
    if !margin.isEmpty {
      parts.append("> " + margin.map { "\($0.label) \($0.value)" }.joined(separator: " · "))
    }
    return parts.joined(separator: "\n\n")
  }
}
