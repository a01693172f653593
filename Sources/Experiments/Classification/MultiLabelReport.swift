import Datasets
import Figures
import Training

/// The section that a report has on images with several labels at once.
enum MultiLabelReport {
  /// How well each label is told, and the labels that images are given wrongly.
  ///
  /// - Parameters:
  ///   - result: what the model does on the set.
  ///   - set: images with several labels.
  ///   - part: what the set is called: `test`.
  ///   - shown: how many mistakes are shown at most.
  static func mistakes(
    _ result: MultiLabelResult, on set: ClassificationSet, part: String = "test", shown: Int = 40
  ) -> Report.Section {
    let places = result.scores.indices
    let wrong = places.filter { (result.scores[$0] > 0.5) != (result.targets[$0] == 1) }
    var blocks: [Report.Block] = [
      .paragraph(
        "\(ProgressDisplay.grouped(wrong.count)) of \(ProgressDisplay.grouped(places.count)) labels of "
          + "\(ProgressDisplay.grouped(set.count)) \(part) images are answered wrongly, with yes above a "
          + "probability of one half."),
      .table(table(result, set)),
    ]
    let tiles = surestMistakes(result, wrong, shown).map { place in
      let (row, label) = (place / result.labels, place % result.labels)
      let percent = ClassificationReport.percent(Double(result.scores[place]))
      return ImageGrid.Tile(
        PixelImage(row: row, of: set),
        caption: "\(set.classNames[label]) \(percent)\nhas \(set.classNames(of: row))",
        mark: .wrong)
    }
    if !tiles.isEmpty {
      blocks.append(
        .figure(
          ImageGrid(tiles: tiles, columns: 5, tileWidth: 150),
          caption:
            "The mistakes it is surest of: the label that is answered wrongly, its probability, and the "
            + "labels that the image has."))
    }
    return Report.Section("What it gets wrong", blocks)
  }

  /// The places of the wrong answers, the surest first, one for each image.
  private static func surestMistakes(
    _ result: MultiLabelResult, _ wrong: [Int], _ count: Int
  ) -> [Int] {
    var images: Set<Int> = []
    let sorted = wrong.sorted { abs(result.scores[$0] - 0.5) > abs(result.scores[$1] - 0.5) }
    let first = sorted.filter { images.insert($0 / result.labels).inserted }
    return Array(first.prefix(count))
  }

  private static func table(
    _ result: MultiLabelResult, _ set: ClassificationSet
  ) -> Report.Table {
    let areas = result.areaUnderROC().ofClasses
    let rows = set.classNames.enumerated().map { label, name in
      let places = stride(from: label, to: result.scores.count, by: result.labels)
      let having = places.count { result.targets[$0] == 1 }
      let found = places.count { result.targets[$0] == 1 && result.scores[$0] > 0.5 }
      let said = places.count { result.scores[$0] > 0.5 }
      return [
        name, ProgressDisplay.grouped(having), ProgressDisplay.grouped(found),
        ProgressDisplay.grouped(said - found),
        areas[label].map { String(format: "%.3f", $0) } ?? "–",
      ]
    }
    return Report.Table(
      header: ["label", "images", "found", "false alarms", "AUC"], rows: rows,
      caption:
        "Images that have the label, those of them that are found, and images without it that are said to "
        + "have it. The area under the curve asks for no threshold.")
  }
}
