import Foundation
import Tensors
import Testing

@testable import Datasets

/// One image that NumPy, PyTorch or Python's colorsys has changed; `Reference/augmentation.py` writes them.
struct ChangedImage: Decodable, Sendable, CustomTestStringConvertible {
  let kind: String
  let shape: [Int]
  let pixels: [UInt8]
  let numbers: [Double]
  let values: [Double]

  var testDescription: String { "\(kind) \(shape) \(numbers)" }

  static let all: [ChangedImage] = {
    let url = Bundle.module.url(
      forResource: "augmentation", withExtension: "json", subdirectory: "Reference")!
    do { return try JSONDecoder().decode([ChangedImage].self, from: Data(contentsOf: url)) } catch {
      fatalError("Reference/augmentation.json: \(error)")
    }
  }()
}

@Suite struct ImageCanvasTests {
  static func canvas(
    _ height: Int, _ width: Int, _ channels: Int, _ pixels: [UInt8], neutral: UInt8 = 0
  ) -> ImageCanvas {
    var canvas = ImageCanvas(
      height: height, width: width, channels: channels,
      neutral: [UInt8](repeating: neutral, count: pixels.count))
    canvas.bytes = pixels
    return canvas
  }

  @Test(arguments: ChangedImage.all)
  func agreesWithStoredValues(stored: ChangedImage) {
    var canvas = Self.canvas(stored.shape[0], stored.shape[1], stored.shape[2], stored.pixels)
    let numbers = stored.numbers
    let whole = numbers.map { Int($0) }
    var change = ColorChange()
    switch stored.kind {
    case "turn": canvas.turn(whole[0])
    case "move-constant": canvas.move(top: whole[0], left: whole[1], .zero)
    case "move-reflect": canvas.move(top: whole[0], left: whole[1], .reflect)
    case "enlarge":
      canvas.enlarge(
        PixelBox(
          rows: whole[0]..<whole[0] + whole[2], columns: whole[1]..<whole[1] + whole[3]))
    case "brightness": change.brightness = numbers[0]
    case "contrast": change.contrast = numbers[0]
    case "saturation": change.saturation = numbers[0]
    case "hue": change.hue = numbers[0]
    case "stain":
      canvas.stain(
        StainChange(
          scales: SIMD2(numbers[0], numbers[1]), shifts: SIMD2(numbers[2], numbers[3])))
    default: Issue.record("a case of \(stored.kind)")
    }
    canvas.jitter(change)
    #expect(canvas.bytes.count == stored.values.count)
    for (byte, value) in zip(canvas.bytes, stored.values) {
      #expect(abs(Double(byte) - value) <= 0.501, "\(stored.kind) \(numbers)")
    }
  }

  @Test func flips() {
    var canvas = Self.canvas(2, 3, 2, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
    canvas.flipColumns()
    #expect(canvas.bytes == [5, 6, 3, 4, 1, 2, 11, 12, 9, 10, 7, 8])
    canvas.flipRows()
    #expect(canvas.bytes == [11, 12, 9, 10, 7, 8, 5, 6, 3, 4, 1, 2])
  }

  /// What is asked for in an order is one after the other in that order.
  @Test func partsOneAfterTheOther() {
    let pixels = (0..<60).map { UInt8(truncatingIfNeeded: $0 &* 53) }
    var change = ColorChange()
    (change.brightness, change.contrast, change.saturation, change.hue) = (1.3, 0.6, 1.5, 0.2)
    change.order = [.hue, .contrast, .brightness, .saturation]
    var (whole, parts) = (Self.canvas(4, 5, 3, pixels), Self.canvas(4, 5, 3, pixels))
    whole.jitter(change)
    for part in change.order {
      var one = ColorChange()
      switch part {
      case .brightness: one.brightness = change.brightness
      case .contrast: one.contrast = change.contrast
      case .saturation: one.saturation = change.saturation
      case .hue: one.hue = change.hue
      }
      parts.jitter(one)
    }
    #expect(whole.bytes == parts.bytes)
    #expect(whole.bytes != pixels)
  }

  @Test func erasingMakesNeutral() {
    var canvas = Self.canvas(3, 3, 1, [UInt8](1...9), neutral: 100)
    canvas.erase(PixelBox(rows: 1..<3, columns: 0..<2))
    #expect(canvas.bytes == [1, 2, 3, 100, 100, 6, 100, 100, 9])
    canvas.erase(.empty)
    #expect(canvas.bytes == [1, 2, 3, 100, 100, 6, 100, 100, 9])
  }

  /// The byte that the inputs' zero is nearest to: for each feature, for each channel, or black.
  @Test func neutralBytes() {
    let centred = PixelTransform.centred(mean: [3.4, 250.6, -1, 300])
    #expect(centred.neutral(features: 4, channels: 2) == [3, 251, 0, 255])
    let normalized = PixelTransform.normalized(mean: [0.501, 0.11], deviation: [0.2, 0.2])
    #expect(normalized.neutral(features: 4, channels: 2) == [128, 28, 128, 28])
    #expect(PixelTransform.unit.neutral(features: 3, channels: 3) == [0, 0, 0])
  }

  /// Factors from 1 − x to 1 + x, but not below 0; the hue both ways; every order.
  @Test func drawsOfColours() {
    var random = Philox(seed: 1)
    let changes = (0..<2000).map { _ in
      ColorChange(brightness: 0.4, contrast: 2, saturation: 0, hue: 0.1, from: &random)
    }
    let brightness = changes.map(\.brightness)
    #expect(brightness.allSatisfy { $0 >= 0.6 && $0 < 1.4 })
    let mean = brightness.reduce(0, +) / 2000
    // Five times 0.8 / √12 / √2000.
    #expect(abs(mean - 1) < 0.0258)
    let contrast = changes.map(\.contrast)
    #expect(contrast.allSatisfy { $0 >= 0 && $0 < 3 } && contrast.contains { $0 > 2.9 })
    #expect(changes.allSatisfy { $0.saturation == 1 && abs($0.hue) <= 0.1 })
    #expect(changes.contains { $0.hue < -0.09 } && changes.contains { $0.hue > 0.09 })
    #expect(Set(changes.map { "\($0.order)" }).count == 24)
  }

  @Test func drawsOfStains() {
    var random = Philox(seed: 2)
    let changes = (0..<1000).map { _ in StainChange(scale: 0.2, shift: 0.05, from: &random) }
    for stain in 0..<2 {
      #expect(changes.allSatisfy { abs($0.scales[stain] - 1) <= 0.2 })
      #expect(changes.allSatisfy { abs($0.shifts[stain]) <= 0.05 })
      #expect(changes.contains { $0.scales[stain] > 1.19 && $0.shifts[stain] < 0.04 })
    }
  }
}
