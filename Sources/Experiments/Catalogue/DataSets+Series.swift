import Datasets
import Foundation
import Training

extension DataSets {
  /// Rows, dates and variates of a table of series, each variate with its range.
  static func inspectSeries(
    _ source: DataSource, in directory: DataDirectory
  ) throws -> Inspection {
    let folder = try folder(of: source, in: directory)
    let table = try HourlyTable(at: folder.appendingPathComponent(source.files[0].name))
    let count = table.names.count
    var rows =
      try head(of: source, in: directory) + [
        [
          "rows",
          "\(ProgressDisplay.grouped(table.rowCount)), hourly from \(table.first) to \(table.last)",
        ],
        ["variates", "\(count)"],
      ]
    for (variate, name) in table.names.enumerated() {
      let column = stride(from: variate, to: table.values.count, by: count).map { table.values[$0] }
      let mean = column.reduce(0, +) / Double(column.count)
      rows.append([
        "",
        String(
          format: "%@: %.3f … %.3f, mean %.3f", name, column.min() ?? .nan, column.max() ?? .nan,
          mean),
      ])
    }
    return Inspection(rows: rows, sample: nil)
  }
}
