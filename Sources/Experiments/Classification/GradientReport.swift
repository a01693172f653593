import Derivations
import Figures
import Foundation
import Tensors

/// The table that shows a network's gradients three ways, measured while the report is made.
enum GradientReport {
  static func section(
    _ formulas: [Formula], _ agreements: [GradientCheck.Agreement], note: String
  ) -> Report.Section {
    let rows = zip(formulas, agreements).map { formula, agreement in
      [
        agreement.name, "\(formula.symbol) = \(formula.value)", formula.explanation,
        scientific(agreement.tapeAgainstHand), scientific(agreement.tapeAgainstDifferences),
      ]
    }
    return Report.Section(
      "Its gradients, three ways",
      [
        .paragraph(note),
        .table(
          .init(
            header: [
              "parameter", "by hand", "where", "by hand and tape differ by",
              "tape and central differences differ by",
            ], rows: rows,
            caption: "Largest difference relative to the largest element, in float64.")),
      ])
  }

  private static func scientific(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.1e", value)
  }
}
