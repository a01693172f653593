import Tensors

/// How a loader changes images at random before they become inputs.
///
/// What happens to an image is a function of (seed, epoch, row), what is mixed with what a function of (seed,
/// epoch, batch): the same on one thread and on many, and after a resumption.
public struct Augmentation: Sendable, Equatable {
  /// What is done.
  public var recipe: AugmentationRecipe
  /// What is random is drawn from this.
  public var seed: UInt64

  /// An augmentation; stops where a number of the recipe is out of range.
  public init(_ recipe: AugmentationRecipe, seed: UInt64) {
    require(recipe.problem == nil, "Augmentation: \(recipe.problem ?? "")")
    self.recipe = recipe
    self.seed = seed
  }

  /// Mirrors and moves.
  ///
  /// - Parameters:
  ///   - mirrors: whether every second image, by chance, is mirrored left to right.
  ///   - shift: how many pixels an image is moved at most, up or down and left or right; what comes in at the
  ///     edge is 0: a border of that many black pixels and a crop of the image's size.
  ///   - seed: what is random is drawn from this.
  public init(mirrors: Bool, shift: Int, seed: UInt64) {
    require(shift >= 0, "Augmentation: shift \(shift); it must not be negative")
    self.init(
      AugmentationRecipe(
        (mirrors ? [.horizontalFlip] : []) + (shift > 0 ? [.crop(padding: shift)] : [])),
      seed: seed)
  }

  /// What an image of that row draws from.
  func random(epoch: Int, row: Int) -> Philox {
    // Beside the streams of the order of epochs, which count from 0.
    Philox(seed: seed, stream: UInt64(1) << 63 | UInt64(epoch) << 32 | UInt64(row))
  }

  /// How the images of a batch are mixed; nil for not at all.
  func mixture(at position: LoaderPosition, height: Int, width: Int) -> Mixture? {
    let (mixup, cutmix) = (recipe.mixup, recipe.cutmix)
    guard mixup > 0 || cutmix > 0 else { return nil }
    let stream = UInt64(1) << 62 | UInt64(position.epoch) << 32 | UInt64(position.batch)
    var random = Philox(seed: seed, stream: stream)
    let cuts = mixup > 0 && cutmix > 0 ? random.integer(below: 2) == 1 : cutmix > 0
    return cuts
      ? .cutmix(alpha: cutmix, height: height, width: width, from: &random)
      : .mixup(alpha: mixup, from: &random)
  }
}
