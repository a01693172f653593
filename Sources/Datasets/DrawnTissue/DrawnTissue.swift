import Foundation
import Tensors

/// Images like sections of tissue that the program draws: nine classes in PathMNIST's order, in the colours
/// of haematoxylin and eosin.
///
/// Each class has its texture: fat cells, glass, debris, lymphocytes, mucus, muscle, glands, collagen and
/// tumour, at a random orientation and scale. How strongly an image is stained, and in which tones, is drawn
/// for each from one distribution that knows nothing of the class, so that a mean colour says little about
/// it. The test part is stained by another laboratory: a little stronger and bluer, as PathMNIST's comes from
/// another clinic. Image `index` of a part is a function of (seed, part, index).
///
/// Source of the colours: Ruifrok and Johnston, "Quantification of histochemical staining by color
/// deconvolution", Analytical and Quantitative Cytology and Histology 23:291, 2001.
enum DrawnTissue {
  /// The parts of a set, in PathMNIST's words.
  enum Part: Int, CaseIterable {
    case train, val, test
  }

  static let classCount = 9

  /// The class of an image: each run of nine indices holds each class once, in random order.
  static func label(_ index: Int, of part: Part, seed: UInt64) -> UInt8 {
    let (run, place) = index.quotientAndRemainder(dividingBy: classCount)
    var random = Philox(seed: seed, stream: stream(run, of: part) | 1 << 62)
    return UInt8(random.permutation(classCount)[place])
  }

  /// The bytes of an image: `size` × `size` × 3.
  static func image(
    _ index: Int, of part: Part, label: UInt8, size: Int, seed: UInt64
  ) -> [UInt8] {
    // The smallest images are drawn twice as large and averaged, for the sake of fine lines.
    let factor = size < 48 ? 2 : 1
    var canvas = TissueCanvas(
      side: size * factor, random: Philox(seed: seed, stream: stream(index, of: part)))
    var stain = Stain(&canvas.random, part)
    canvas.drawTissue(of: Int(label))
    return stain.developed(canvas, factor: factor)
  }

  private static func stream(_ index: Int, of part: Part) -> UInt64 {
    UInt64(part.rawValue) << 40 | UInt64(index)
  }
}

/// How an image is stained and lit.
private struct Stain {
  /// Mean optical densities of both stains that the image should come to.
  private let (haematoxylin, eosin): (Float, Float)
  /// What a unit of each stain takes from red, green and blue, as powers of ten.
  private let blue: SIMD3<Float>
  private let pink: SIMD3<Float>
  /// The light that shines through.
  private let light: SIMD3<Float>
  private let grain: Float
  private var random: Philox

  init(_ random: inout Philox, _ part: DrawnTissue.Part) {
    let shift: Float = part == .test ? 1.15 : 1
    haematoxylin = 0.15 * shift * exp(0.4 * Float(random.normal()))
    eosin = 0.22 * exp(0.35 * Float(random.normal()))
    func tone(_ tone: SIMD3<Float>, _ spread: Float) -> SIMD3<Float> {
      var tone = tone
      for channel in 0..<3 { tone[channel] += spread * Float(random.normal()) }
      return tone
    }
    blue = tone(part == .test ? SIMD3(0.68, 0.69, 0.26) : SIMD3(0.65, 0.70, 0.29), 0.04)
    pink = tone(SIMD3(0.11, 0.87, 0.42), 0.05)
    light = tone(SIMD3(243, 241, 244), 3)
    grain = 1 + 2 * random.uniformFloat()
    self.random = Philox(seed: random.next())
  }

  /// The pixels that the canvas comes to; `factor` × `factor` of its places make one.
  mutating func developed(_ canvas: TissueCanvas, factor: Int) -> [UInt8] {
    let h = Self.balanced(canvas.haematoxylin, to: haematoxylin)
    let e = Self.balanced(canvas.eosin, to: eosin)
    let size = canvas.side / factor
    var pixels: [UInt8] = []
    pixels.reserveCapacity(size * size * 3)
    for y in 0..<size {
      for x in 0..<size {
        var sum = SIMD3<Float>()
        for row in y * factor..<(y + 1) * factor {
          for place in row * canvas.side + x * factor..<row * canvas.side + (x + 1) * factor {
            let density = h[place] * blue + e[place] * pink
            sum += SIMD3(
              exp2(-3.3219 * density[0]), exp2(-3.3219 * density[1]), exp2(-3.3219 * density[2]))
          }
        }
        let colour = light * sum / Float(factor * factor)
        for channel in 0..<3 {
          let value = colour[channel] + grain * (2 * random.uniformFloat() - 1)
          pixels.append(UInt8(min(max(value.rounded(), 0), 255)))
        }
      }
    }
    return pixels
  }

  /// Brings the mean of a stain to the target: partly by its strength, partly, where there is too little, by
  /// a veil over everything.
  private static func balanced(_ stain: [Float], to target: Float) -> [Float] {
    let mean = stain.reduce(0, +) / Float(stain.count)
    let scale = min(max(target / max(mean, 1e-3), 0.35), 1.8)
    let veil = max(0, target - scale * mean) * 0.75
    return stain.map { min(scale * $0, 2.2) + veil }
  }
}
