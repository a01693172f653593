extension Report {
  /// The page; the same bytes for the same report.
  public func html() -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8"/>
    <meta name="viewport" content="width=device-width, initial-scale=1"/>
    <meta name="color-scheme" content="light dark"/>
    <title>\(Markup.escape(title))</title>
    <style>
    \(ReportStyle.sheet)
    </style>
    </head>
    <body>
    <main>
    <header>
    <h1>\(Markup.escape(title))</h1>
    \(subtitle.isEmpty ? "" : "<p class=\"subtitle\">\(Markup.escape(subtitle))</p>\n")</header>
    \(keyFigureList)\(sections.map(Self.html(of:)).joined())\
    \(footer.isEmpty ? "" : "<footer>\(Markup.escape(footer))</footer>\n")</main>
    </body>
    </html>

    """
  }

  private var keyFigureList: String {
    guard !keyFigures.isEmpty else { return "" }
    let tiles = keyFigures.map { figure in
      let note =
        figure.note.map { "<span class=\"note\">\(Markup.escape(withMinusSigns($0)))</span>" } ?? ""
      return "<div><dt>\(Markup.escape(figure.label))</dt>"
        + "<dd\(figure.value.count > 11 ? " class=\"long\"" : "")>"
        + "\(Markup.escape(withMinusSigns(figure.value)))\(note)</dd></div>\n"
    }
    return "<dl class=\"key-figures\">\n\(tiles.joined())</dl>\n"
  }

  /// The hyphens in front of numbers, as programs write them, are minus signs; those within words stay.
  private func withMinusSigns(_ text: String) -> String {
    var shown = ""
    for (index, character) in zip(text.indices, text) {
      let begins = shown.last.map { $0 == " " || $0 == "(" } ?? true
      let next = text[text.index(after: index)...].first
      shown.append(
        character == "-" && begins && next?.isWholeNumber == true ? "−" : character)
    }
    return shown
  }

  private static func html(of section: Section) -> String {
    "<section>\n<h2>\(Markup.escape(section.title))</h2>\n"
      + section.blocks.map(html(of:)).joined() + "</section>\n"
  }

  private static func html(of block: Block) -> String {
    switch block {
    case .paragraph(let text): "<p>\(Markup.escape(text))</p>\n"
    case .table(let table): html(of: table)
    case .figure(let figure, let caption): html(of: figure, caption)
    case .row(let figures):
      "<div class=\"row\">\n" + figures.map { html(of: $0.figure, $0.caption) }.joined()
        + "</div>\n"
    case .preformatted(let text): "<pre>\(Markup.escape(text))</pre>\n"
    case .formulas(let header, let rows):
      html(
        head: header.map { "<th>\(Markup.escape($0))</th>" },
        rows: rows.map { $0.map { "<td>\($0)</td>" } }, kind: " class=\"formulas\"")
    case .html(let html): html + "\n"
    }
  }

  private static func html(of figure: any Figure, _ caption: String) -> String {
    "<figure>\n<div class=\"sheet\">\n\(figure.svg())</div>\n"
      + (caption.isEmpty ? "" : "<figcaption>\(Markup.escape(caption))</figcaption>\n")
      + "</figure>\n"
  }

  private static func html(of table: Table) -> String {
    let columns = table.header.isEmpty ? table.rows.first?.count ?? 0 : table.header.count
    let isNumeric = (0..<columns).map { column in
      !table.rows.isEmpty && table.rows.allSatisfy { looksNumeric($0[column]) }
    }
    func line(_ cells: [String], _ element: String) -> [String] {
      zip(cells, isNumeric).map { text, isNumber in
        "<\(element)\(isNumber ? " class=\"number\"" : "")>\(Markup.escape(text))</\(element)>"
      }
    }
    return html(
      head: line(table.header, "th"), rows: table.rows.map { line($0, "td") },
      caption: table.caption)
  }

  /// A table of finished cells.
  private static func html(
    head: [String], rows: [[String]], kind: String = "", caption: String? = nil
  ) -> String {
    func line(_ cells: [String]) -> String { "<tr>\(cells.joined())</tr>\n" }
    // Beside the table, not in it: a wide one scrolls, and its caption would with it.
    let caption = caption.map { "<p>\(Markup.escape($0))</p>\n" } ?? ""
    let head = head.isEmpty ? "" : "<thead>\n\(line(head))</thead>\n"
    return "<div class=\"table\">\n<div>\n<table\(kind)>\n\(head)<tbody>\n"
      + rows.map(line).joined() + "</tbody>\n</table>\n</div>\n\(caption)</div>\n"
  }

  /// Whether a cell is a number, perhaps with a sign before and a unit behind, or is left empty.
  private static func looksNumeric(_ text: String) -> Bool {
    let start = text.drop { "+-−±≤≥< ".contains($0) }
    return text.isEmpty || text == "–" || text == "NaN" || start.first?.isWholeNumber == true
  }
}
