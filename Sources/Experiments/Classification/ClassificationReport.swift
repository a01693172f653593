import Datasets
import Figures
import Tensors
import Training

/// The sections that every image classifier's report has.
enum ClassificationReport {
  /// The confusion matrix and the images that were taken for something else.
  static func mistakes(
    _ result: ClassificationResult, on set: ClassificationSet, shown: Int = 40
  ) -> Report.Section {
    let wrong = (0..<set.count).filter { result.predictions[$0] != set.labels[$0] }
    // The surest mistakes first: they say most about the network, or about the data.
    let surest = wrong.sorted { result.confidences[$0] > result.confidences[$1] }.prefix(shown)
    let tiles = surest.map { row in
      let truth = set.classNames[Int(set.labels[row])]
      let prediction = set.classNames[Int(result.predictions[row])]
      let percent = Int((result.confidences[row] * 100).rounded())
      return ImageGrid.Tile(
        PixelImage(
          width: set.width, height: set.height, channels: set.channels,
          pixels: Array(set.image(row))),
        caption: "\(truth) → \(prediction)\n\(percent) %", mark: .wrong)
    }
    var blocks: [Report.Block] = [
      .paragraph(
        "\(ProgressDisplay.grouped(wrong.count)) of \(ProgressDisplay.grouped(set.count)) test images are "
          + "classified wrongly."),
      .figure(
        ConfusionMatrix(counts: result.confusion, classNames: set.classNames),
        caption: "Rows are the true classes, columns the predicted ones."),
    ]
    if !tiles.isEmpty {
      blocks.append(
        .figure(
          ImageGrid(tiles: tiles, columns: 10, tileWidth: 72),
          caption:
            "The mistakes it is surest of: true class → predicted class, and the probability it "
            + "gives that."))
    }
    return Report.Section("What it gets wrong", blocks)
  }

  /// The weights of the first layer, one image for each hidden unit.
  static func firstLayer(_ weight: Tensor, of set: ClassificationSet) -> Report.Section? {
    guard set.channels == 1, weight.shape.rank == 2, weight.shape[1] == set.featureCount else {
      return nil
    }
    let values = weight.floats
    let filters = (0..<min(weight.shape[0], 100)).map { unit in
      Array(values[(unit * set.featureCount)..<((unit + 1) * set.featureCount)])
    }
    return Report.Section(
      "What it learned",
      [
        .figure(
          ImageGrid(
            filters: filters, width: set.width, height: set.height, columns: 10, tileWidth: 72),
          caption:
            "Each square holds the weights of one hidden unit in the place of the pixels they "
            + "multiply.")
      ])
  }
}
