extension DerivationPage {
  /// Markdown as code hosts show it, with formulas in the two ways that GitHub and GitLab keep from their parsers of
  /// Markdown: between dollar signs and backticks, and as a block of the language `math`.
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
    case .equations(let lines, let margin, let code, let glosses):
      markdown(lines, margin, code, glosses)
    case .steps(let lines):
      lines.map { String(repeating: "  ", count: $0.indent) + "- " + markdown($0.parts) }
        .joined(separator: "\n")
    }
  }

  private func markdown(_ parts: [Prose.Part]) -> String {
    parts.map { part in
      switch part {
      case .text(let text): text
      case .formula(let notation): "$`\(notation.latex(for: .codeHosts))`$"
      case .code(let text): "`\(text)`"
      case .emphasis(let text): "*\(text)*"
      }
    }.joined()
  }

  private func markdown(_ header: [String], _ rows: [[[Prose.Part]]]) -> String {
    let lines = [header, header.map { _ in "---" }] + rows.map { $0.map { markdown($0) } }
    return lines.map { "| \($0.joined(separator: " | ")) |" }.joined(separator: "\n")
  }

  private func markdown(
    _ lines: [Line], _ margin: [Margin], _ code: [String], _ glosses: [[Prose.Part]]
  ) -> String {
    let isPlain = lines.count == 1 && lines[0].left == nil
    let formula =
      isPlain
      ? lines[0].right.latex(for: .codeHosts)
      : "\\begin{aligned}\n\(DerivationPage.aligned(lines, for: .codeHosts))\n\\end{aligned}"
    var parts = ["```math\n\(formula)\n```"]
    if !code.isEmpty { parts.append("```swift\n\(code.joined(separator: "\n"))\n```") }
    parts += glosses.map(markdown)
    if !margin.isEmpty {
      parts.append(
        "> "
          + margin.map { $0.value.isEmpty ? $0.label : "\($0.label) \($0.value)" }
          .joined(separator: " · "))
    }
    return parts.joined(separator: "\n\n")
  }
}
