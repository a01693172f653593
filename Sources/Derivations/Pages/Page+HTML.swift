/// Text for HTML.
enum HTML {
  /// With the characters that mean something to HTML written out.
  static func escaped(_ text: String) -> String {
    text.reduce(into: "") { result, character in
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      default: result.append(character)
      }
    }
  }
}

extension Prose {
  /// The text as HTML with MathML in it.
  public static func html(_ text: String) -> String { html(parts(text)) }

  static func html(_ parts: [Part]) -> String {
    parts.indices.map { index in
      switch parts[index] {
      case .text(let text):
        HTML.escaped(String(text.dropFirst(beginsWithMark(index, parts) ? 1 : 0)))
      case .formula(let notation): kept(notation.mathML(), with: mark(after: index, in: parts))
      case .code(let text): "<code>\(HTML.escaped(text))</code>"
      case .emphasis(let text): "<em>\(HTML.escaped(text))</em>"
      }
    }.joined()
  }

  /// A formula and the mark behind it: no line begins with a comma.
  private static func kept(_ formula: String, with mark: Character?) -> String {
    mark.map { "<span style=\"white-space:nowrap\">\(formula)\($0)</span>" } ?? formula
  }

  /// The mark that follows a formula without a space.
  private static func mark(after index: Int, in parts: [Part]) -> Character? {
    guard index + 1 < parts.count, case .text(let text) = parts[index + 1] else { return nil }
    return text.first.flatMap { ",.;:)".contains($0) ? $0 : nil }
  }

  private static func beginsWithMark(_ index: Int, _ parts: [Part]) -> Bool {
    guard index > 0, case .formula = parts[index - 1] else { return false }
    return mark(after: index - 1, in: parts) != nil
  }
}

extension DerivationPage {
  /// One HTML file with MathML, which needs no other file, no network and no script.
  public var html: String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>\(HTML.escaped(title))</title>
    <style>
    \(DerivationPage.styleSheet)
    </style>
    </head>
    <body>
    <main>
    <header>
    <h1>\(HTML.escaped(title))</h1>
    <p class="summary">\(Prose.html(summary))</p>
    </header>
    \(blocks.map(html).joined())\
    \(footer.isEmpty ? "" : "<footer>\(HTML.escaped(footer))</footer>\n")</main>
    </body>
    </html>

    """
  }

  private func html(_ block: Block) -> String {
    switch block {
    case .heading(let text): "<h2>\(HTML.escaped(text))</h2>\n"
    case .paragraph(let parts): "<p>\(Prose.html(parts))</p>\n"
    case .table(let header, let rows): html(header, rows)
    case .equations(let lines, let margin, let code, let glosses):
      html(lines, margin, code, glosses)
    case .steps(let lines):
      "<div class=\"steps\">\n"
        + lines.map { "<p style=\"margin-left:\($0.indent * 2)em\">\(Prose.html($0.parts))</p>\n" }
        .joined() + "</div>\n"
    }
  }

  /// A formula that fills a cell is as large as one on a line of its own.
  private func cell(_ parts: [Prose.Part]) -> String {
    guard parts.count == 1, case .formula(let notation) = parts[0] else { return Prose.html(parts) }
    return notation.mathML(inDisplayStyle: true)
  }

  private func html(_ header: [String], _ rows: [[[Prose.Part]]]) -> String {
    let head = header.map { "<th>\(HTML.escaped($0))</th>" }.joined()
    let body = rows.map { row in
      "<tr>\(row.map { "<td>\(cell($0))</td>" }.joined())</tr>\n"
    }
    return "<div class=\"table\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n"
      + body.joined() + "</tbody>\n</table></div>\n"
  }

  private func html(
    _ lines: [Line], _ margin: [Margin], _ code: [String], _ glosses: [[Prose.Part]]
  ) -> String {
    let numbers = margin.map {
      "<div><dt>\($0.label)</dt><dd>\($0.value)</dd></div>"
    }.joined()
    return "<div class=\"formula\">\n<div class=\"line\">\(mathML(lines))</div>\n"
      + (numbers.isEmpty ? "" : "<dl>\(numbers)</dl>\n")
      + (code.isEmpty
        ? "" : "<pre>\(HTML.escaped(code.joined(separator: "\n")))</pre>\n")
      + glosses.map { "<p class=\"gloss\">\(Prose.html($0))</p>\n" }.joined() + "</div>\n"
  }

  private func mathML(_ lines: [Line]) -> String {
    if lines.count == 1, lines[0].left == nil { return lines[0].right.mathML(inDisplayStyle: true) }
    let hasNotes = lines.contains { $0.note != nil }
    let rows = lines.map { line in
      "<mtr><mtd>\(line.left?.element ?? "")</mtd><mtd><mo>=</mo></mtd>"
        + "<mtd>\(line.right.element)</mtd>"
        + (hasNotes ? "<mtd class=\"note\">\(line.note?.element ?? "")</mtd>" : "") + "</mtr>"
    }
    return "<math><mtable class=\"chain\" displaystyle=\"true\">"
      + rows.joined(separator: "\n") + "</mtable></math>"
  }
}
