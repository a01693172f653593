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
  /// What is random is drawn from this.
  public var seed: UInt64

  /// An augmentation; the shift is not negative.
  public init(mirrors: Bool, shift: Int, seed: UInt64) {
    require(shift >= 0, "Augmentation: shift \(shift); it must not be negative")
    self.mirrors = mirrors
    self.shift = shift
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
}
