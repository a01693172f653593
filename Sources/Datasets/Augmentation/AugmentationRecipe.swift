import Tensors

/// What is done to images at random, as one word of settings says it: `flip,crop4,mixup0.2`.
///
/// Steps stand in their order, separated by commas; `none` is none. Numbers follow a step's name, separated by
/// colons; those in brackets may be left out:
///
/// | step | what |
/// |---|---|
/// | `flip` `vflip` | mirrored left to right, top to bottom |
/// | `turn` | quarter turns |
/// | `crop4[:reflect]` | a window within a border of 4 pixels, black or mirrored |
/// | `zoom0.5[:1[:1.33]]` | a rectangle of 0.5 to 1 of the area, sides up to 1.33 to 1, enlarged |
/// | `jitter0.4[:0.4[:0.4[:0.1]]]` | brightness, contrast, saturation (as brightness, if left out), hue |
/// | `stain0.1[:0.05]` | scale and shift of haematoxylin and eosin |
/// | `erase0.5[:0.02[:0.33[:3.3]]]` | a rectangle erased with that probability; its area and sides |
/// | `cutout8` | a square of 8 pixels erased |
/// | `mixup0.2` `cutmix1` | images mixed with others of the batch, by that α |
/// | `standard` | `flip,crop4` |
/// | `tissue` | `flip,turn,crop4:reflect,jitter0.2:0.2:0.1:0.02,stain0.1:0.05` |
public struct AugmentationRecipe: Sendable, Equatable, CustomStringConvertible {
  /// What is done to each image, in this order.
  public var transforms: [ImageTransform]
  /// α of mixup, 0 for none: images are averaged by shares of Beta(α, α), and so are their classes.
  public var mixup: Double
  /// α of cutmix, 0 for none: images get a rectangle of another. Where both are asked for, each has every
  /// second batch, by chance.
  public var cutmix: Double

  /// A recipe.
  public init(_ transforms: [ImageTransform], mixup: Double = 0, cutmix: Double = 0) {
    self.transforms = transforms
    self.mixup = mixup
    self.cutmix = cutmix
  }

  /// Nothing is done.
  public static let none = AugmentationRecipe([])
  /// What is usual on CIFAR-10 (He et al. 2016): mirrored and moved by up to 4 pixels.
  public static let standard = AugmentationRecipe([.horizontalFlip, .crop(padding: 4)])
  /// For stained tissue, which has neither up nor down: all symmetries of a square, and other stains.
  public static let tissue = AugmentationRecipe([
    .horizontalFlip, .quarterTurns, .crop(padding: 4, border: .reflect),
    .colorJitter(brightness: 0.2, contrast: 0.2, saturation: 0.1, hue: 0.02),
    .stainJitter(scale: 0.1, shift: 0.05),
  ])

  /// Whether nothing is done.
  public var isEmpty: Bool { transforms.isEmpty && mixup == 0 && cutmix == 0 }

  /// What is wrong with its numbers; nil for nothing.
  var problem: String? {
    transforms.lazy.compactMap(\.problem).first
      ?? [("mixup", mixup), ("cutmix", cutmix)].lazy.compactMap { name, alpha in
        (0...100).contains(alpha)
          ? nil : "\(name) of α \(Self.text(alpha)); expected a number from 0 to 100"
      }.first
  }

  /// Why it cannot be done to images of so many channels; nil where it can.
  public func obstacle(channels: Int) -> String? {
    fitting(channels: channels) == self
      ? nil : "stain: expected images of 3 channels, found \(channels)"
  }

  /// Why nobody who trains on images of so many channels and pixels can mean it; nil where it can be meant.
  public func obstacle(channels: Int, height: Int, width: Int) -> String? {
    if let obstacle = obstacle(channels: channels) { return obstacle }
    let side = min(height, width)
    return transforms.lazy.compactMap { transform -> String? in
      switch transform {
      // Most windows would see the border alone; a square so large erases the image wherever it is.
      case .crop(let padding, _) where padding > 2 * side: "crop of padding \(padding)"
      case .cutout(let erased) where erased > 2 * side: "cutout of side \(erased)"
      default: nil
      }
    }.first.map { "\($0) leaves nothing or little of images of \(height) × \(width) pixels" }
  }

  /// What of it can be done to images of so many channels.
  public func fitting(channels: Int) -> AugmentationRecipe {
    guard channels != 3 else { return self }
    var rest = self
    rest.transforms.removeAll { if case .stainJitter = $0 { true } else { false } }
    return rest
  }

  /// The shortest text that ``init(parsing:)`` reads back.
  public var description: String {
    let steps =
      transforms.map(\.text) + (mixup > 0 ? ["mixup" + Self.text(mixup)] : [])
      + (cutmix > 0 ? ["cutmix" + Self.text(cutmix)] : [])
    return steps.isEmpty ? "none" : steps.joined(separator: ",")
  }

  /// A number without a needless point.
  static func text(_ value: Double) -> String {
    let text = "\(value)"
    return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
  }
}

extension ImageTransform {
  fileprivate var text: String {
    func list(_ name: String, _ numbers: Double...) -> String {
      name + numbers.map(AugmentationRecipe.text).joined(separator: ":")
    }
    switch self {
    case .horizontalFlip: return "flip"
    case .verticalFlip: return "vflip"
    case .quarterTurns: return "turn"
    case .crop(let padding, let border): return "crop\(padding)\(border == .zero ? "" : ":reflect")"
    case .cutout(let side): return "cutout\(side)"
    case .resizedCrop(let scale, let ratio):
      if ratio != 4.0 / 3 { return list("zoom", scale.lowerBound, scale.upperBound, ratio) }
      return scale.upperBound == 1
        ? list("zoom", scale.lowerBound) : list("zoom", scale.lowerBound, scale.upperBound)
    case .colorJitter(let brightness, let contrast, let saturation, let hue):
      if hue != 0 { return list("jitter", brightness, contrast, saturation, hue) }
      return contrast == brightness && saturation == brightness
        ? list("jitter", brightness) : list("jitter", brightness, contrast, saturation)
    case .stainJitter(let scale, let shift):
      return scale == shift ? list("stain", scale) : list("stain", scale, shift)
    case .erasing(let probability, let area, let ratio):
      return area == 0.02...0.33 && ratio == 3.3
        ? list("erase", probability)
        : list("erase", probability, area.lowerBound, area.upperBound, ratio)
    }
  }
}
