/// A page that tells what a run did: one HTML file that needs no other file, no network and no script.
public struct Report: Sendable {
  /// A number that stands at the top, such as the test accuracy.
  public struct KeyFigure: Equatable, Sendable {
    /// What it is.
    public var label: String
    /// The number with its unit.
    public var value: String
    /// A word on it, such as what it is compared with; none where left out.
    public var note: String?

    /// Makes a key figure.
    public init(_ label: String, _ value: String, note: String? = nil) {
      self.label = label
      self.value = value
      self.note = note
    }
  }

  /// A heading and what follows it.
  public struct Section: Sendable {
    /// The heading.
    public var title: String
    /// What stands below, from top to bottom.
    public var blocks: [Block]

    /// Makes a section.
    public init(_ title: String, _ blocks: [Block]) {
      self.title = title
      self.blocks = blocks
    }
  }

  /// A part of a section. All texts are plain but those of ``formulas(header:rows:)`` and ``html(_:)``, which are put
  /// into the page unchanged.
  public enum Block: Sendable {
    /// Running text.
    case paragraph(String)
    /// Rows and columns.
    case table(Table)
    /// A figure, with a caption unless that is empty.
    case figure(any Figure, caption: String)
    /// Figures beside one another where the window is wide enough.
    case row([(figure: any Figure, caption: String)])
    /// Text whose spaces and line ends matter, such as a configuration.
    case preformatted(String)
    /// A table whose cells are HTML or MathML, below heads of plain text.
    case formulas(header: [String], rows: [[String]])
    /// HTML or MathML.
    case html(String)
  }

  /// Rows and columns of texts.
  public struct Table: Equatable, Sendable {
    /// The head of each column; no head where empty.
    public var header: [String]
    /// The rows, each as long as the others and as the head.
    public var rows: [[String]]
    /// A text below the table; none where left out.
    public var caption: String?

    /// Makes a table of rows of equal length.
    public init(header: [String] = [], rows: [[String]], caption: String? = nil) {
      let columns = header.isEmpty ? rows.first?.count ?? 0 : header.count
      for (index, row) in rows.enumerated() {
        require(
          row.count == columns,
          "Report.Table: row \(index) has \(row.count) cells where \(columns) are expected")
      }
      self.header = header
      self.rows = rows
      self.caption = caption
    }
  }

  /// The heading of the page.
  public var title: String
  /// What the title leaves open, in a sentence.
  public var subtitle: String
  /// The numbers at the top.
  public var keyFigures: [KeyFigure]
  /// The parts of the page.
  public var sections: [Section]
  /// A line at the end, such as version and date.
  public var footer: String

  /// Makes a page.
  public init(
    title: String, subtitle: String = "", keyFigures: [KeyFigure] = [], sections: [Section] = [],
    footer: String = ""
  ) {
    self.title = title
    self.subtitle = subtitle
    self.keyFigures = keyFigures
    self.sections = sections
    self.footer = footer
  }
}
