import Foundation
import Tensors

/// A square of tissue: how much of two stains lies at each pixel, haematoxylin, which turns nuclei blue, and
/// eosin, which turns the rest pink.
///
/// Places are in units of the side, so that a scene is the same at any number of pixels.
struct TissueCanvas {
  /// Pixels of a row.
  let side: Int
  /// What the whole picture's randomness comes from.
  var random: Philox
  /// Smooth noise, one function for a picture.
  let noise: Noise
  private(set) var haematoxylin: [Float]
  private(set) var eosin: [Float]

  init(side: Int, random: Philox) {
    self.side = side
    self.random = random
    noise = Noise(&self.random)
    haematoxylin = [Float](repeating: 0, count: side * side)
    eosin = haematoxylin
  }

  /// A number of the range, each equally likely.
  mutating func draw(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * random.uniformFloat()
  }

  /// A whole number of the range, each equally likely.
  mutating func drawCount(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + random.integer(below: range.count)
  }

  /// A place in the square.
  mutating func drawPlace() -> SIMD2<Float> { SIMD2(random.uniformFloat(), random.uniformFloat()) }

  /// Places on a grid of that spacing, each moved by up to `jitter` of it; some lie just outside.
  mutating func drawPlaces(spacing: Float, jitter: Float) -> [SIMD2<Float>] {
    let count = Int(1 / spacing) + 2
    let start = drawPlace() * spacing - spacing
    return (0..<count * count).map { index in
      let row = index / count
      // Every second row is moved by half: seeds on a square grid show.
      let cell = SIMD2(Float(index % count) + (row % 2 == 0 ? 0 : 0.5), Float(row))
      return start + (cell + jitter * (2 * drawPlace() - 1)) * spacing
    }
  }

  /// Sets both stains at each pixel.
  mutating func fill(_ stains: (SIMD2<Float>) -> (haematoxylin: Float, eosin: Float)) {
    for y in 0..<side {
      for x in 0..<side {
        let value = stains((SIMD2(Float(x), Float(y)) + 0.5) / Float(side))
        haematoxylin[y * side + x] = max(value.haematoxylin, 0)
        eosin[y * side + x] = max(value.eosin, 0)
      }
    }
  }

  /// Draws a nucleus over what is there.
  mutating func stamp(_ nucleus: Nucleus) {
    let reach = nucleus.radii.max() + 1.5 / Float(side)
    let low = ((nucleus.centre - reach) * Float(side)).rounded(.down)
    let high = ((nucleus.centre + reach) * Float(side)).rounded(.up)
    guard high.min() > 0, low.max() < Float(side) else { return }
    let (c, s) = (cos(nucleus.angle), sin(nucleus.angle))
    let mean = (nucleus.radii.x * nucleus.radii.y).squareRoot()
    for y in max(Int(low.y), 0)..<min(Int(high.y), side) {
      for x in max(Int(low.x), 0)..<min(Int(high.x), side) {
        let place = (SIMD2(Float(x), Float(y)) + 0.5) / Float(side)
        let offset = place - nucleus.centre
        let turned = SIMD2(c * offset.x + s * offset.y, c * offset.y - s * offset.x)
        let q = turned / nucleus.radii
        // No outline is an ellipse exactly.
        let distance = (q * q).sum().squareRoot() + 0.3 * (noise(place * 23, 1) - 0.5)
        let edge = (1 - distance) * mean * Float(side) / 1.2 + 0.5
        let cover = min(max(edge, 0), 1)
        guard cover > 0 else { continue }
        let rim = nucleus.isHollow ? 0.55 + 0.6 * min(distance * distance, 1) : 1
        let grain = 0.75 + 0.5 * noise(place * 60, 2)
        let index = y * side + x
        haematoxylin[index] += cover * (nucleus.density * rim * grain - haematoxylin[index])
        eosin[index] += cover * (0.12 - eosin[index]) * 0.7
      }
    }
  }
}

/// A cell's nucleus: an ellipse that took much haematoxylin.
struct Nucleus {
  var centre: SIMD2<Float>
  /// Half the length of each axis; the first lies along `angle`.
  var radii: SIMD2<Float>
  /// In radians.
  var angle: Float
  /// How much of the stain it took.
  var density: Float
  /// Paler inside, as nuclei of tumours are.
  var isHollow = false
}

/// Smooth random functions of a place, in 0 ... 1: values on a lattice, blended between.
struct Noise: Sendable {
  /// A power of two.
  private static let side = 32
  private let values: [Float]

  init(_ random: inout Philox) {
    values = (0..<Self.side * Self.side).map { _ in random.uniformFloat() }
  }

  /// One of several functions, with a wave length of about two.
  func callAsFunction(_ place: SIMD2<Float>, _ layer: Int = 0) -> Float {
    let moved = place + Float(layer) * SIMD2(7.3, 11.9)
    let cell = moved.rounded(.down)
    let t = moved - cell
    let blend = t * t * (3 - 2 * t)
    func value(_ dx: Int, _ dy: Int) -> Float {
      let (x, y) = ((Int(cell.x) + dx) & (Self.side - 1), (Int(cell.y) + dy) & (Self.side - 1))
      return values[y * Self.side + x]
    }
    let top = value(0, 0) + (value(1, 0) - value(0, 0)) * blend.x
    let bottom = value(0, 1) + (value(1, 1) - value(0, 1)) * blend.x
    return top + (bottom - top) * blend.y
  }

  /// Finer and finer noise on top of one another, each half as strong; about 0.5 on average.
  func layers(_ count: Int, _ place: SIMD2<Float>, _ layer: Int = 0) -> Float {
    var (sum, weight, total, scaled) = (Float(0), Float(1), Float(0), place)
    for octave in 0..<count {
      sum += weight * self(scaled, layer + 3 * octave)
      total += weight
      weight /= 2
      scaled *= 2.03
    }
    return sum / total
  }

  /// Moves a place by up to `strength`, neighbours alike.
  func warp(_ place: SIMD2<Float>, frequency: Float, strength: Float) -> SIMD2<Float> {
    let q = place * frequency
    return place + strength * (2 * SIMD2(layers(2, q, 31), layers(2, q, 47)) - 1)
  }
}

/// 0 below the first edge, 1 above the second, smooth between.
func ramp(_ low: Float, _ high: Float, _ value: Float) -> Float {
  let t = min(max((value - low) / (high - low), 0), 1)
  return t * t * (3 - 2 * t)
}
