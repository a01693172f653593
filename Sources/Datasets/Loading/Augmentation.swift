import Tensors

/// How a loader changes images at random before they become inputs.
///
/// What happens to an image is a function of (seed, epoch, row): the same on one thread and on many, and after a
/// resumption.
public struct Augmentation: Sendable, Equatable {
  /// Whether every second image, by chance, is mirrored left to right.
  public var mirrors: Bool
  /// How many pixels an image is moved at most, up or down and left or right; what comes in at the edge is 0.
  ///
  /// The same as a border of that many black pixels and a crop of the image's size (He et al. 2016, section 4.2).
  public var shift: Int
  /// α of mixup, 0 for none: images are averaged by shares of Beta(α, α), and so are their classes.
  public var mixup: Double
  /// α of cutmix, 0 for none: images get a rectangle of another. Where both are asked for, each has every
  /// second batch, by chance.
  public var cutmix: Double
  /// What is random is drawn from this.
  public var seed: UInt64

  /// An augmentation; nothing is negative.
  public init(
    mirrors: Bool, shift: Int, mixup: Double = 0, cutmix: Double = 0, seed: UInt64
  ) {
    require(shift >= 0, "Augmentation: shift \(shift); it must not be negative")
    require(
      mixup >= 0 && cutmix >= 0,
      "Augmentation: mixup \(mixup) and cutmix \(cutmix); they must not be negative")
    self.mirrors = mirrors
    self.shift = shift
    self.mixup = mixup
    self.cutmix = cutmix
    self.seed = seed
  }

  /// What becomes of one image.
  struct Draw: Equatable {
    var isMirrored = false
    /// Where in the image, or outside, the upper left pixel comes from.
    var top = 0
    var left = 0
  }

  func draw(epoch: Int, row: Int) -> Draw {
    // Beside the streams of the order of epochs, which count from 0.
    let stream = UInt64(1) << 63 | UInt64(epoch) << 32 | UInt64(row)
    var random = Philox(seed: seed, stream: stream)
    var draw = Draw()
    if mirrors { draw.isMirrored = random.integer(below: 2) == 1 }
    if shift > 0 {
      draw.top = random.integer(below: 2 * shift + 1) - shift
      draw.left = random.integer(below: 2 * shift + 1) - shift
    }
    return draw
  }

  /// How the images of a batch are mixed: a function of the seed and the batch's place; nil for not at all.
  func mixture(at position: LoaderPosition, height: Int, width: Int) -> Mixture? {
    guard mixup > 0 || cutmix > 0 else { return nil }
    let stream = UInt64(1) << 62 | UInt64(position.epoch) << 32 | UInt64(position.batch)
    var random = Philox(seed: seed, stream: stream)
    let cuts = mixup > 0 && cutmix > 0 ? random.integer(below: 2) == 1 : cutmix > 0
    return cuts
      ? .cutmix(alpha: cutmix, height: height, width: width, from: &random)
      : .mixup(alpha: mixup, from: &random)
  }
}
