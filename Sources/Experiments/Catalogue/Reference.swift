import Figures

/// A work that a report names its source by.
struct Reference: Equatable, Sendable {
  /// What comes from it: `mixup`.
  let subject: String
  /// Authors, title, where it appeared and when.
  let work: String

  init(_ subject: String, _ work: String) {
    self.subject = subject
    self.work = work
  }

  /// A line for each work, with all that comes from it.
  static func section(_ references: [Reference]) -> Report.Section {
    var rows: [(work: String, subjects: [String])] = []
    for reference in references {
      if let row = rows.firstIndex(where: { $0.work == reference.work }) {
        if !rows[row].subjects.contains(reference.subject) {
          rows[row].subjects.append(reference.subject)
        }
      } else {
        rows.append((reference.work, [reference.subject]))
      }
    }
    return Report.Section(
      "References",
      [.table(.init(rows: rows.map { [$0.subjects.joined(separator: ", "), $0.work] }))])
  }
}
