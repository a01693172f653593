import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct AugmentationRecipeTests {
  static let texts: [(String, AugmentationRecipe, String)] = [
    ("none", .none, "none"),
    ("standard", .standard, "flip,crop4"),
    (
      "flip,vflip,turn", AugmentationRecipe([.horizontalFlip, .verticalFlip, .quarterTurns]),
      "flip,vflip,turn"
    ),
    (
      "crop2:reflect,crop8",
      AugmentationRecipe([.crop(padding: 2, border: .reflect), .crop(padding: 8)]),
      "crop2:reflect,crop8"
    ),
    (
      "zoom0.5,zoom0.2:0.8,zoom0.2:1:1.5",
      AugmentationRecipe([
        .resizedCrop(scale: 0.5...1), .resizedCrop(scale: 0.2...0.8),
        .resizedCrop(scale: 0.2...1, ratio: 1.5),
      ]), "zoom0.5,zoom0.2:0.8,zoom0.2:1:1.5"
    ),
    (
      "jitter0.4,jitter0.4:0.3,jitter1:2:3:0.5",
      AugmentationRecipe([
        .colorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0),
        .colorJitter(brightness: 0.4, contrast: 0.3, saturation: 0.4, hue: 0),
        .colorJitter(brightness: 1, contrast: 2, saturation: 3, hue: 0.5),
      ]), "jitter0.4,jitter0.4:0.3:0.4,jitter1:2:3:0.5"
    ),
    (
      "stain0.1,stain0.1:0.05",
      AugmentationRecipe([
        .stainJitter(scale: 0.1, shift: 0.1), .stainJitter(scale: 0.1, shift: 0.05),
      ]), "stain0.1,stain0.1:0.05"
    ),
    (
      "erase0.5,erase1:0.1:0.2:2,cutout16",
      AugmentationRecipe([
        .erasing(probability: 0.5), .erasing(probability: 1, area: 0.1...0.2, ratio: 2),
        .cutout(side: 16),
      ]), "erase0.5,erase1:0.1:0.2:2,cutout16"
    ),
    (
      "standard,mixup0.2,cutmix1",
      AugmentationRecipe(AugmentationRecipe.standard.transforms, mixup: 0.2, cutmix: 1),
      "flip,crop4,mixup0.2,cutmix1"
    ),
    (
      "tissue", .tissue, "flip,turn,crop4:reflect,jitter0.2:0.2:0.1:0.02,stain0.1:0.05"
    ),
  ]

  @Test(arguments: texts.indices)
  func readsAndWrites(index: Int) throws {
    let (text, recipe, written) = Self.texts[index]
    #expect(try AugmentationRecipe(parsing: text) == recipe)
    #expect(recipe.description == written)
    #expect(try AugmentationRecipe(parsing: written) == recipe)
    let data = try JSONEncoder().encode([recipe])
    #expect(try JSONDecoder().decode([String].self, from: data) == [written])
    #expect(try JSONDecoder().decode([AugmentationRecipe].self, from: data) == [recipe])
    #expect(recipe.isEmpty == (text == "none"))
  }

  private static let steps =
    "augment: expected none or steps such as flip, vflip, turn, crop4, zoom0.5, jitter0.4, stain0.1, "
    + "erase0.5, cutout8, mixup0.2, cutmix1, standard, tissue, separated by commas, found "

  private static let zoom =
    "augment: expected zoomA[:B[:R]] with 0.01 ≤ A ≤ B ≤ 1 and R from 1 to 10, such as zoom0.5, found "

  static let wrong: [(String, String)] = [
    ("", steps), ("flop", steps + "flop"), ("flip,,turn", steps), ("Flip", steps + "Flip"),
    ("none,flip", steps + "none"), ("4", steps + "4"), ("flip, turn", steps + " turn"),
    ("flip1", "augment: expected flip, found flip1"),
    ("crop", "augment: expected crop4 or crop4:reflect, found crop"),
    ("crop4.5", "augment: expected crop4 or crop4:reflect, found crop4.5"),
    ("crop4:mirror", "augment: expected crop4 or crop4:reflect, found crop4:mirror"),
    ("zoom", zoom + "zoom"), ("zoom1:0.5", zoom + "zoom1:0.5"),
    ("jitternan", steps + "jitternan"),
    ("jitter1:inf", "augment: expected jitter0.4 to jitter0.4:0.4:0.4:0.1, found jitter1:inf"),
    ("stain1:2:3", "augment: expected stain0.1 or stain0.1:0.05, found stain1:2:3"),
    ("erase0.5:0.4", "augment: expected erase0.5 to erase0.5:0.02:0.33:3.3, found erase0.5:0.4"),
    ("cutout8:8", "augment: expected cutout8, found cutout8:8"),
    ("mixup", "augment: expected mixupα with α from 0 to 100, such as mixup0.2, found mixup"),
    (
      "cutmix1:1",
      "augment: expected cutmixα with α from 0 to 100, such as cutmix1, found cutmix1:1"
    ),
    ("tissue2", "augment: expected tissue, found tissue2"),
    ("crop0", "augment=crop0: crop of padding 0; expected a whole number from 1 to 1000"),
    ("cutout-1", "augment=cutout-1: cutout of side -1; expected a whole number from 1 to 1000"),
    ("zoom0", "augment=zoom0: zoom to a share of 0; expected a number from 0.01 to 1"),
    ("zoom0.5:2", "augment=zoom0.5:2: zoom to a share of 2; expected a number from 0.01 to 1"),
    ("zoom0.5:1:0.5", "augment=zoom0.5:1:0.5: zoom of ratio 0.5; expected a number from 1 to 10"),
    ("jitter-1", "augment=jitter-1: jitter of brightness -1; expected a number from 0 to 10"),
    (
      "jitter0:0:0:0.6",
      "augment=jitter0:0:0:0.6: jitter of hue 0.6; expected a number from 0 to 0.5"
    ),
    ("stain2", "augment=stain2: stain of scale 2; expected a number from 0 to 1"),
    ("erase1.5", "augment=erase1.5: erase of probability 1.5; expected a number from 0 to 1"),
    ("flip,mixup-1", "augment=flip,mixup-1: mixup of α -1; expected a number from 0 to 100"),
    ("cutmix101", "augment=cutmix101: cutmix of α 101; expected a number from 0 to 100"),
  ]

  @Test(arguments: wrong.indices)
  func refusesInWords(index: Int) {
    let (text, words) = Self.wrong[index]
    expectError(.usage, words) { _ = try AugmentationRecipe(parsing: text) }
    let data = Data("[\"\(text)\"]".utf8)
    expectError(.usage, words) {
      _ = try JSONDecoder().decode([AugmentationRecipe].self, from: data)
    }
  }

  @Test func stainsNeedColours() throws {
    func obstacle(_ recipe: AugmentationRecipe, _ channels: Int) -> String? {
      recipe.obstacle(channels: channels, height: 28, width: 28)
    }
    #expect(obstacle(.tissue, 3) == nil)
    #expect(obstacle(.standard, 1) == nil)
    #expect(
      obstacle(.tissue, 1)
        == "stain: expected images of 3 channels, found 1")
    let tissue = AugmentationRecipe.tissue
    #expect(tissue.fitting(channels: 3) == tissue)
    let grey = tissue.fitting(channels: 1)
    #expect(obstacle(grey, 1) == nil && tissue.description.contains(",stain"))
    #expect(grey.description == tissue.description.replacing(/,stain[0-9.:]+/, with: ""))
  }

  @Test(arguments: [
    ("crop57", "crop of padding 57"), ("flip,crop400:reflect", "crop of padding 400"),
    ("cutout57", "cutout of side 57"),
  ])
  func nothingMayBeLeft(recipe: String, what: String) throws {
    let recipe = try AugmentationRecipe(parsing: recipe)
    #expect(
      recipe.obstacle(channels: 1, height: 28, width: 40)
        == "\(what) leaves nothing or little of images of 28 × 40 pixels")
    #expect(recipe.obstacle(channels: 1, height: 500, width: 500) == nil)
  }

  @Test func somethingIsLeft() throws {
    let recipe = try AugmentationRecipe(parsing: "crop56,cutout56")
    #expect(recipe.obstacle(channels: 1, height: 28, width: 28) == nil)
  }
}
