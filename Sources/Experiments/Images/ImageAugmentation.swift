import Datasets
import Tensors

/// What a configuration says is done to training images.
enum ImageAugmentation {
  /// The augmentation; nil for none.
  ///
  /// - Throws: ``AdjointError`` of kind usage that names what is not known.
  static func parse(_ configuration: ImageConfiguration) throws -> Augmentation? {
    var mirrors = false
    var shift = 0
    for word in configuration.augment.split(separator: ",").map(String.init) where word != "none" {
      if word == "flip" {
        mirrors = true
      } else if word.hasPrefix("crop"), let pixels = Int(word.dropFirst(4)), pixels > 0 {
        shift = pixels
      } else {
        throw AdjointError(.usage, "augment=\(configuration.augment): \(word) is not known")
      }
    }
    guard mirrors || shift > 0 || configuration.mixup > 0 || configuration.cutmix > 0 else {
      return nil
    }
    return Augmentation(
      mirrors: mirrors, shift: shift, mixup: configuration.mixup, cutmix: configuration.cutmix,
      seed: configuration.seed)
  }
}
