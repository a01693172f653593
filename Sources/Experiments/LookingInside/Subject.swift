import Attribution
import Datasets
import Figures
import Foundation
import Tensors

/// The image that is looked at, and what the network makes of it.
struct Subject {
  let examined: ExaminedNetwork
  /// Where it is from, in words.
  let source: String
  /// What the folder of its pictures is called, as far as the image decides.
  let folderName: String
  /// The image as it is shown.
  let picture: PixelImage
  /// The image as the network takes it, `[1, height, width, channels]`.
  let input: Tensor
  /// Its classes, where they are known: one, or of images with several labels any number.
  let truth: [Int]?
  let logits: [Double]
  let probabilities: [Double]
  /// The class that is explained.
  let explained: Int

  init(_ examined: ExaminedNetwork, _ request: VisualizationRequest) throws {
    self.examined = examined
    let one: ClassificationSet
    if let file = request.image {
      let (pixels, change) = try Self.pixels(of: file, for: examined)
      one = try examined.one(pixels: pixels)
      source = "The picture \(file.lastPathComponent)\(change)"
      // Pictures of the same name in two folders are two pictures.
      let name = file.deletingPathExtension().lastPathComponent
      folderName =
        VisualizationRequest.cut(name, toBytes: 80) + "-"
        + (try Checksum(of: file).sha256.prefix(8))
      truth = nil
    } else {
      let (name, set) = examined.shown
      guard (0..<set.count).contains(request.sample) else {
        throw AdjointError(
          .usage,
          "--sample \(request.sample): the \(name) part has the images 0 to \(set.count - 1)")
      }
      one = set.selecting([request.sample])
      source = "Image \(request.sample) of the \(name) part"
      folderName = "\(name)-\(request.sample)"
      truth = one.classes(of: 0)
    }
    picture = examined.picture(of: one, row: 0)
    input = examined.input(of: one)
    logits = examined.network(input, .inference).doubles
    probabilities = examined.probabilities(of: input)
    if let label = request.label, !logits.indices.contains(label) {
      throw AdjointError(
        .usage, "--class \(label): there are the classes 0 to \(logits.count - 1)")
    }
    let probabilities = probabilities
    explained =
      request.label ?? probabilities.indices.max { probabilities[$0] < probabilities[$1] } ?? 0
  }

  /// A file's picture in the network's size and channels, and what was done to it, in words.
  private static func pixels(
    of file: URL, for examined: ExaminedNetwork
  ) throws -> ([UInt8], change: String) {
    var raster = try ImageFile.read(file).converted(toChannels: examined.channels)
    let (height, width) = (raster.height, raster.width)
    guard (height, width) != (examined.height, examined.width) else { return (raster.pixels, "") }
    var change = ", \(width) × \(height) pixels, "
    if examined.height == examined.width && height != width {
      raster = raster.croppedToSquare()
      change += "its middle "
    }
    raster = raster.resized(height: examined.height, width: examined.width)
    return (raster.pixels, change + "brought to \(examined.width) × \(examined.height)")
  }

  /// The classes, the likeliest first.
  var ranking: [Int] { probabilities.indices.sorted { probabilities[$0] > probabilities[$1] } }
  var predicted: Int { ranking[0] }
  var score: Score { Score(of: examined.network, .output(explained)) }

  /// A number with so many places and a true minus.
  static func number(_ value: Double, _ places: Int) -> String {
    String(format: "%.\(places)f", value).replacing("-", with: "−")
  }

  func name(of index: Int) -> String {
    index < examined.classNames.count ? examined.classNames[index] : "\(index)"
  }

  private func percent(_ index: Int) -> String {
    String(format: "%.1f %%", probabilities[index] * 100)
  }

  /// Times that a pixel is enlarged in PNG files.
  var enlargement: Int { max(256 / max(picture.width, picture.height), 1) }
  var mark: ImageGrid.Mark { truth.map { $0.contains(predicted) ? .correct : .wrong } ?? .plain }

  var caption: String {
    let guess = "\(name(of: predicted)), \(percent(predicted))"
    guard let truth, let names = trueNames, !truth.contains(predicted) else { return guess }
    return "\(names) → \(guess)"
  }

  private var trueNames: String? {
    truth.map { $0.isEmpty ? "none" : $0.map(name(of:)).joined(separator: ", ") }
  }
  /// What the names are called.
  private var trueTitle: String { examined.training.targets == nil ? "True class" : "True labels" }

  /// Several names are too long for a figure.
  private var trueFigures: [Report.KeyFigure] {
    guard let truth, let trueNames else { return [] }
    return examined.training.targets == nil
      ? [.init(trueTitle, trueNames)]
      : [.init(trueTitle, "\(truth.count)", note: truth.isEmpty ? nil : trueNames)]
  }

  var keyFigures: [Report.KeyFigure] {
    [
      .init("Predicted class", name(of: predicted)),
      .init("Probability", percent(predicted)),
    ] + trueFigures + [
      .init(
        "Explained score", Self.number(logits[explained], 3),
        note: "logit of \(name(of: explained))")
    ]
  }

  /// What is printed.
  var rows: [[String]] {
    [
      ["image", source],
      [
        "prediction",
        ranking.prefix(3).map { "\(name(of: $0)) \(percent($0))" }.joined(separator: ", "),
      ],
    ] + (trueNames.map { [[trueTitle.lowercased(), $0]] } ?? []) + [
      [
        "explained",
        "logit of \(name(of: explained)), \(Self.number(logits[explained], 4))",
      ]
    ]
  }
}
