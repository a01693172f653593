import Datasets
import Foundation
import Tensors

/// What `adjoint visualize` is asked for.
public struct VisualizationRequest: Sendable {
  /// Ways to look into a network.
  public enum What: String, CaseIterable, Sendable {
    /// The weights of the first layer.
    case filters
    /// What layers give.
    case features
    /// |∂y/∂x|
    case saliency
    /// Guided backpropagation.
    case guided
    /// SmoothGrad.
    case smoothgrad
    /// Integrated gradients.
    case integrated
    /// Grad-CAM.
    case gradcam
    /// Covering windows of the image.
    case occlusion
    /// An image that makes the score large.
    case maximize
  }

  /// What integrated gradients and occlusion put in the place of the image.
  public enum Baseline: String, CaseIterable, Sendable {
    /// The mean of the training images.
    case mean
    /// Black.
    case black
  }

  /// The run's folder.
  public var run: URL
  /// Where data are looked for.
  public var data: DataDirectory
  /// Ways to look; all that suit the network if empty.
  public var what: [What] = []
  /// A PNG or JPEG file; nil for a sample.
  public var image: URL?
  /// Which image of the part that may be shown.
  public var sample = 0
  /// The layer of feature maps, of Grad-CAM, and of what is maximised; nil for what is usual.
  public var layer: String?
  /// The unit of the layer that is maximised; nil for its first few.
  public var unit: Int?
  /// The class that is explained; nil for the predicted one.
  public var label: Int?
  /// What the image is compared with.
  public var baseline = Baseline.mean
  /// What noise is drawn from.
  public var seed: UInt64 = 0
  /// The folder to write; nil for one below the run's.
  public var output: URL?

  /// Throws a usage error for an option that none of the ways asked for reads.
  func requireUsed() throws {
    guard !what.isEmpty else { return }
    let options: [(flag: String, isGiven: Bool, ways: [What])] = [
      ("layer", layer != nil, [.features, .gradcam, .maximize]),
      ("unit", unit != nil, [.maximize]),
      ("class", label != nil, What.allCases.filter { $0 != .filters && $0 != .features }),
    ]
    for option in options where option.isGiven && !what.contains(where: option.ways.contains) {
      throw AdjointError(
        .usage,
        "--\(option.flag): is for \(option.ways.map(\.rawValue).joined(separator: ", ")); asked for is "
          + what.map(\.rawValue).joined(separator: ", "))
    }
  }

  /// Whether the images of the run are needed: one that is looked at, or the mean of those it was trained on.
  var needsData: Bool {
    let comparing: Set<What> = [.integrated, .occlusion]
    return image == nil
      || baseline == .mean && (what.isEmpty || what.contains(where: comparing.contains))
  }

  /// What the folder of its page is called: what is looked at, then what is asked for beyond the usual.
  func folderName(of subject: String) -> String {
    var words = [subject] + what.map(\.rawValue)
    if let label { words.append("class-\(label)") }
    if let layer {
      // A layer without a path has the name of its type, such as ResNet<BasicBlock>.
      let isPlain = { (letter: Character) in
        letter.isLetter || letter.isNumber || letter == "." || letter == "_"
      }
      words.append("layer-" + String(layer.map { isPlain($0) ? $0 : "-" }))
    }
    if let unit { words.append("unit-\(unit)") }
    if baseline != .mean { words.append(baseline.rawValue) }
    if seed != 0 { words.append("seed-\(seed)") }
    return Self.cut(words.joined(separator: "-"), toBytes: 200)
  }

  /// The beginning of a name: file systems take 255 bytes.
  static func cut(_ name: String, toBytes count: Int) -> String {
    var name = name
    while name.utf8.count > count { name.removeLast() }
    return name
  }

  /// A request for all that suits the network, of the first image.
  public init(run: URL, data: DataDirectory) {
    self.run = run
    self.data = data
  }
}
