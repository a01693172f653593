import Datasets
import Figures
import Tensors
import Training

/// The sections that every image classifier's report has.
enum ClassificationReport {
  /// The figures at the top that classifiers share: accuracies by the parts that were measured, the loss of
  /// the last of them and the number of weights, with that of the trained ones where those are fewer.
  ///
  /// - Parameters:
  ///   - metrics: by plain names.
  ///   - parameters: of the network.
  ///   - published: what others have reached, in words, by the metric it is of.
  static func keyFigures(
    _ metrics: [String: Double], _ parameters: [Parameter], published: [String: String] = [:]
  ) -> [Report.KeyFigure] {
    let parts = [("test", "Test"), ("validation", "Validation"), ("train", "Training")]
    let accuracies = parts.compactMap { part, title in
      let metric = Metric("\(part)_accuracy")
      return metrics[metric.name].map { accuracy in
        Report.KeyFigure(
          "\(title) accuracy", metric.text(accuracy), note: published[metric.name])
      }
    }
    let loss = parts.lazy.compactMap { part, title in
      metrics["\(part)_loss"].map { Report.KeyFigure("\(title) loss", String(format: "%.4f", $0)) }
    }.first
    func count(_ parameters: [Parameter]) -> String {
      ProgressDisplay.grouped(parameters.reduce(0) { $0 + $1.count })
    }
    let trained = parameters.filter { !$0.isFrozen }
    let note = trained.count == parameters.count ? nil : "trained: \(count(trained))"
    return accuracies + (loss.map { [$0] } ?? [])
      + [.init("Parameters", count(parameters), note: note)]
  }

  /// The accuracy on the validation part, where there is one.
  static func validation(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    let metric = Metric("validation_accuracy")
    return metrics[metric.name].map { [.init("Validation accuracy", metric.text($0))] } ?? []
  }

  /// The confusion matrix and the images that were taken for something else.
  ///
  /// - Parameters:
  ///   - result: what the model does on the set.
  ///   - set: the images.
  ///   - part: what the set is called: `test`.
  ///   - shown: how many mistakes are shown at most.
  static func mistakes(
    _ result: ClassificationResult, on set: ClassificationSet, part: String = "test",
    shown: Int = 40
  ) -> Report.Section {
    let wrong = result.surestMistakes(on: set)
    let tiles = wrong.prefix(shown).map { row in
      let truth = set.classNames[Int(set.labels[row])]
      let prediction = set.classNames[Int(result.predictions[row])]
      let percent = Self.percent(Double(result.confidences[row]))
      return ImageGrid.Tile(
        PixelImage(
          width: set.width, height: set.height, channels: set.channels,
          pixels: Array(set.image(row))),
        caption: arrow(truth, prediction) + "\n\(percent)", mark: .wrong)
    }
    var blocks: [Report.Block] = [
      .paragraph(
        "\(ProgressDisplay.grouped(wrong.count)) of \(ProgressDisplay.grouped(set.count)) \(part) images "
          + "are classified wrongly."),
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

  /// `97 %`; `NaN` of a network that has run away.
  static func percent(_ probability: Double) -> String {
    probability.isFinite ? "\(Int((probability * 100).rounded())) %" : "NaN"
  }

  /// `3 → 8`; a grid of images goes on in a second line where its tiles are too narrow.
  static func arrow(_ truth: String, _ prediction: String) -> String {
    "\(truth) → \(prediction)"
  }

  /// Units of the first layer that are shown at most.
  private static let shownUnits = 100

  /// How many of the units are shown, where those are not all; empty where they are.
  private static func shown(of units: Int) -> String {
    units > shownUnits
      ? "The first \(shownUnits) of \(ProgressDisplay.grouped(units)) hidden units. " : ""
  }

  /// The weights of the first layer, one image for each hidden unit, up to a hundred.
  static func firstLayer(_ weight: Tensor, of set: ClassificationSet) -> Report.Section? {
    guard [1, 3].contains(set.channels), weight.shape == [weight.shape[0], set.featureCount]
    else { return nil }
    let values = weight.floats
    if set.channels == 3 { return colouredFirstLayer(values, units: weight.shape[0], of: set) }
    let filters = (0..<min(weight.shape[0], shownUnits)).map { unit in
      Array(values[(unit * set.featureCount)..<((unit + 1) * set.featureCount)])
    }
    return Report.Section(
      "What it learned",
      [
        .figure(
          ImageGrid(
            filters: filters, width: set.width, height: set.height, columns: 10, tileWidth: 72),
          caption: shown(of: weight.shape[0])
            + "Each square holds the weights of one hidden unit in the place of the pixels they "
            + "multiply.")
      ])
  }

  /// Red, green and blue weights as a colour, grey where they are zero. Each unit has a scale of its own, which
  /// ends where one weight in a hundred lies beyond it.
  private static func colouredFirstLayer(
    _ values: [Float], units: Int, of set: ClassificationSet
  ) -> Report.Section {
    let tiles = (0..<min(units, shownUnits)).map { unit in
      let weights = values[(unit * set.featureCount)..<((unit + 1) * set.featureCount)]
      let magnitudes = weights.map(abs).sorted()
      let limit = max(magnitudes[magnitudes.count * 99 / 100], .leastNormalMagnitude)
      let pixels = weights.map { UInt8((127.5 + 127.5 * min(max($0 / limit, -1), 1)).rounded()) }
      return ImageGrid.Tile(
        PixelImage(width: set.width, height: set.height, channels: 3, pixels: pixels))
    }
    return Report.Section(
      "What it learned",
      [
        .figure(
          ImageGrid(tiles: tiles, columns: 10, tileWidth: 72),
          caption: shown(of: units)
            + "Each square holds the weights of one hidden unit in the place of the pixels they multiply: "
            + "their red, green and blue as a colour, grey where they are zero, each unit in a scale of "
            + "its own.")
      ])
  }
}
