/// Something done at random to the bytes of one image.
///
/// Images are grey or red, green and blue (one or three channels), of any size. Each transformation gives bytes,
/// rounded to the nearest.
public enum ImageTransform: Sendable, Equatable {
  /// What stands outside an image.
  public enum Border: String, Sendable {
    /// Black: byte 0.
    case zero
    /// The image mirrored at its outermost pixels, which are not repeated, as often as it takes.
    case reflect
  }

  /// Every second image, by chance, is mirrored left to right.
  case horizontalFlip
  /// Every second image, by chance, is mirrored top to bottom.
  case verticalFlip
  /// A turn by 0, 90, 180 or 270 degrees, each as likely; by 0 or 180 where images are not square.
  case quarterTurns
  /// A window of the image's size, anywhere in the image with a border of that many pixels (He, Zhang, Ren and
  /// Sun 2016, "Deep residual learning for image recognition", section 4.2).
  case crop(padding: Int, border: Border = .zero)
  /// A rectangle with a share of the area from `scale` and with sides in a proportion from 1/`ratio` to `ratio`,
  /// enlarged to the image's size bilinearly (Szegedy et al. 2015, "Going deeper with convolutions", section 6;
  /// as torchvision's `RandomResizedCrop` draws it).
  case resizedCrop(scale: ClosedRange<Double>, ratio: Double = 4.0 / 3)
  /// Brightness, contrast and saturation by factors from 1 − x to 1 + x, no less than 0, and the hue by −x to x
  /// of the circle, one after the other in random order, as torchvision's `ColorJitter` defines them. Grey
  /// images have neither saturation nor hue.
  case colorJitter(brightness: Double, contrast: Double, saturation: Double, hue: Double)
  /// Haematoxylin and eosin in other strengths: the optical densities −ln ((byte + 1) / 256) are taken apart into
  /// the two stains and a rest; each stain c becomes α c + β with α from 1 ∓ `scale` and β from ∓ `shift`. Of
  /// coloured images only.
  ///
  /// Sources: Ruifrok and Johnston, "Quantification of histochemical staining by color deconvolution", Analytical
  /// and Quantitative Cytology and Histology 23, 2001 (the stains' vectors); Tellez et al., "Whole-slide mitosis
  /// detection in H&E breast histology", doi 10.1109/TMI.2018.2820199 (α and β).
  case stainJitter(scale: Double, shift: Double)
  /// With that probability a rectangle is erased: a share of the area from `area`, sides in a proportion from
  /// 1/`ratio` to `ratio` (Zhong, Zheng, Kang, Li and Yang, "Random erasing data augmentation", AAAI 2020; as
  /// torchvision's `RandomErasing` draws it). What is erased gets the bytes that become the inputs nearest to 0.
  case erasing(probability: Double, area: ClosedRange<Double> = 0.02...0.33, ratio: Double = 3.3)
  /// A square of that side around a random pixel is erased, cut off at the edges (DeVries and Taylor, "Improved
  /// regularization of convolutional neural networks with cutout", arXiv 1708.04552).
  case cutout(side: Int)

  /// What is wrong with its numbers; nil for nothing.
  var problem: String? {
    func check(_ name: String, _ value: Double, _ range: ClosedRange<Double>) -> String? {
      range.contains(value)
        ? nil
        : "\(name) \(AugmentationRecipe.text(value)); expected a number from "
          + "\(AugmentationRecipe.text(range.lowerBound)) to \(AugmentationRecipe.text(range.upperBound))"
    }
    func check(_ name: String, _ value: Int) -> String? {
      (1...1000).contains(value)
        ? nil : "\(name) \(value); expected a whole number from 1 to 1000"
    }
    switch self {
    case .horizontalFlip, .verticalFlip, .quarterTurns: return nil
    case .crop(let padding, _): return check("crop of padding", padding)
    case .cutout(let side): return check("cutout of side", side)
    case .resizedCrop(let scale, let ratio):
      return check("zoom to a share of", scale.lowerBound, 0.01...1)
        ?? check("zoom to a share of", scale.upperBound, 0.01...1)
        ?? check("zoom of ratio", ratio, 1...10)
    case .colorJitter(let brightness, let contrast, let saturation, let hue):
      return check("jitter of brightness", brightness, 0...10)
        ?? check("jitter of contrast", contrast, 0...10)
        ?? check("jitter of saturation", saturation, 0...10)
        ?? check("jitter of hue", hue, 0...0.5)
    case .stainJitter(let scale, let shift):
      return check("stain of scale", scale, 0...1) ?? check("stain of shift", shift, 0...1)
    case .erasing(let probability, let area, let ratio):
      return check("erase of probability", probability, 0...1)
        ?? check("erase of area", area.lowerBound, 0...1)
        ?? check("erase of area", area.upperBound, 0...1) ?? check("erase of ratio", ratio, 1...10)
    }
  }
}
