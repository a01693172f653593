import Attribution
import Datasets
import Figures
import Foundation
import Tensors
import Training

/// What a report shows of where a network looks.
enum AttributionReport {
  /// A panel for a few images that the network gets right and a few that it gets wrong: the image, its saliency,
  /// guided gradient and integrated gradients, and Grad-CAM where the network has maps.
  ///
  /// - Parameters:
  ///   - examined: the network.
  ///   - right: rows of the shown part that it gets right.
  ///   - wrong: rows of the shown part that it gets wrong.
  static func section(
    _ examined: ExaminedNetwork, right: [Int], wrong: [Int]
  ) throws -> Report.Section {
    let mean = try examined.meanInput()
    let set = examined.shown.set
    var blocks: [Report.Block] = []
    var camera: String?
    for (rows, mark, title) in [
      (right, ImageGrid.Mark.correct, "Right"), (wrong, .wrong, "Wrong"),
    ] where !rows.isEmpty {
      var tiles: [ImageGrid.Tile] = []
      for row in rows {
        let shown = try panel(of: examined, row, mark, mean: mean)
        tiles += shown.tiles
        camera = shown.layer ?? camera
      }
      blocks.append(
        .figure(
          ImageGrid(
            title: title, tiles: tiles, columns: tiles.count / rows.count, tileWidth: 140),
          caption: ""))
    }
    guard !blocks.isEmpty else {
      return Report.Section(
        "Where it looks", [.paragraph("There is no image to show.")])
    }
    let layer = camera.map {
      " Grad-CAM: where the maps of \($0), the last ones with places to tell apart, speak for it."
    }
    let part = examined.shown.name
    blocks.insert(
      .paragraph(
        "The predicted class of \(set.count == 1 ? "an image" : "some images") of the \(part) part, each map "
          + "in a scale of its own. Saliency: how much the logit changes with a pixel. Guided: the gradient "
          + "through positive cotangents only. Integrated: what each pixel adds to the difference from the "
          + "mean training image, red for the class and blue against it.\(layer ?? "")"), at: 0)
    return Report.Section("Where it looks", blocks)
  }

  /// The panel for the first images of the shown part, as a result has them, and the mistakes it is surest of.
  ///
  /// - Parameters:
  ///   - examined: the network.
  ///   - result: what it does on the shown part.
  ///   - count: how many of either kind are shown at most.
  static func section(
    _ examined: ExaminedNetwork, _ result: ClassificationResult, count: Int = 4
  ) throws -> Report.Section {
    let set = examined.shown.set
    // One of a class each, as far as there are.
    var seen: Set<Int32> = []
    let right = (0..<set.count).filter {
      result.predictions[$0] == set.labels[$0] && seen.insert(set.labels[$0]).inserted
    }
    return try section(
      examined, right: Array(right.prefix(count)),
      wrong: Array(result.surestMistakes(on: set).prefix(count)))
  }

  /// The panel for the first images that have the label that the network is surest of, each of another one, and for
  /// those that lack it although it is surest.
  static func section(
    _ examined: ExaminedNetwork, _ result: MultiLabelResult, count: Int = 4
  ) throws -> Report.Section {
    let surest = (0..<result.count).map(result.surestLabel)
    let isRight = surest.indices.map { result.targets[$0 * result.labels + surest[$0]] == 1 }
    var seen: Set<Int> = []
    let right = surest.indices.filter { isRight[$0] && seen.insert(surest[$0]).inserted }
    let wrong = surest.indices.filter { !isRight[$0] }.sorted {
      result.scores[$0 * result.labels + surest[$0]]
        > result.scores[$1 * result.labels + surest[$1]]
    }
    return try section(
      examined, right: Array(right.prefix(count)), wrong: Array(wrong.prefix(count)))
  }

  /// The works that the maps come from.
  static let references = [
    Reference(
      "saliency",
      "K. Simonyan, A. Vedaldi and A. Zisserman, \"Deep inside convolutional networks: visualising image "
        + "classification models and saliency maps\", ICLR 2014 workshop"),
    Reference(
      "guided gradients",
      "J. T. Springenberg, A. Dosovitskiy, T. Brox and M. Riedmiller, \"Striving for simplicity: the all convolutional "
        + "net\", ICLR 2015 workshop"),
    Reference(
      "integrated gradients",
      "M. Sundararajan, A. Taly and Q. Yan, \"Axiomatic attribution for deep networks\", ICML 2017"),
    Reference(
      "Grad-CAM",
      "R. R. Selvaraju, M. Cogswell, A. Das, R. Vedantam, D. Parikh and D. Batra, \"Grad-CAM: visual explanations from "
        + "deep networks via gradient-based localization\", ICCV 2017"),
  ]

  private static func panel(
    of examined: ExaminedNetwork, _ row: Int, _ mark: ImageGrid.Mark, mean: Tensor
  ) throws -> (tiles: [ImageGrid.Tile], layer: String?) {
    let set = examined.shown.set
    let x = examined.input(of: set.selecting([row]))
    let picture = examined.picture(of: set, row: row)
    let probabilities = examined.probabilities(of: x)
    let predicted = probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
    let truth = set.targets == nil ? set.classNames(of: row) : examined.classNames[predicted]
    let percent = ClassificationReport.percent(probabilities[predicted])
    let caption =
      mark == .wrong && set.targets == nil
      ? ClassificationReport.arrow(truth, examined.classNames[predicted]) + "\n\(percent)"
      : "\(truth)\n\(percent)"
    let score = Score(of: examined.network, .output(predicted))
    let (saliency, guided) = (score.saliency(of: x), score.guidedGradient(at: x))
    let integrated = channelSum(
      of: score.integratedGradients(of: x, baseline: mean, steps: 32).attributions)
    func tile(_ map: Tensor, _ colors: ColorMap, _ caption: String) -> ImageGrid.Tile {
      .init(
        AttributionMaps.picture(map, ColorScale(colors, covering: map.floats)), caption: caption)
    }
    var tiles = [
      ImageGrid.Tile(picture, caption: caption, mark: mark),
      tile(saliency, .sequential, "saliency"),
      .init(AttributionMaps.around(grey: guided), caption: "guided"),
      tile(integrated, .diverging, "integrated"),
    ]
    guard let layer = try? layerOutputs(of: examined.network, on: x).lastMaps() else {
      return (tiles, nil)
    }
    let map = score.gradCAM(of: x, layer: layer)
    let large = picture.enlarged(by: max(128 / picture.height, 1))
    tiles.append(
      .init(
        AttributionMaps.beside(map, large, ColorScale(.sequential, covering: map.floats)).overlay,
        caption: "Grad-CAM"))
    return (tiles, layer.name)
  }
}
