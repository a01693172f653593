import Foundation
import Tensors

/// A pen over a square canvas: collects the path of a digit, then fits it and inks it with smooth
/// edges.
struct Pen {
  /// A short straight piece of the path, with the pen's half-width at both ends.
  private struct Piece {
    var start: SIMD2<Float>
    var end: SIMD2<Float>
    var startRadius: Float
    var endRadius: Float
  }

  private static let stepsPerPoint = 5
  private let side: Int
  private var canvas: [Float]
  private var pieces: [Piece] = []
  private var low = SIMD2<Float>(repeating: .infinity)
  private var high = SIMD2<Float>(repeating: -.infinity)
  private var travelled: Float = 0
  private var radius: Float = 1
  private var pressure: (depth: Float, frequency: Float, phase: Float) = (0, 0, 0)

  init(side: Int) {
    self.side = side
    canvas = [Float](repeating: 0, count: side * side)
    pieces.reserveCapacity(128)
  }

  /// Takes up the pen for a new digit: its width in pixels and how the pressure changes on the way.
  mutating func begin(_ random: inout Philox) {
    pieces.removeAll(keepingCapacity: true)
    low = SIMD2(repeating: .infinity)
    high = SIMD2(repeating: -.infinity)
    travelled = 0
    radius = 1.15 * exp(0.25 * Float(random.normal()))
    pressure = (
      depth: 0.25 * random.uniformFloat(), frequency: 2 + 4 * random.uniformFloat(),
      phase: 2 * Float.pi * random.uniformFloat()
    )
  }

  /// Adds a smooth curve through the points (Catmull and Rom), each place of it moved by the
  /// distortion.
  mutating func trace(_ points: DigitShapes.Stroke, through distortion: Distortion) {
    var last = distortion(points[0])
    var lastRadius = radiusHere()
    for index in 1..<points.count {
      let (a, b) = (points[index - 1], points[index])
      let before = index > 1 ? points[index - 2] : 2 * a - b
      let after = index + 1 < points.count ? points[index + 1] : 2 * b - a
      let (bend, turn) = (0.5 * (b - before), 0.5 * (after - a))
      for step in 1...Self.stepsPerPoint {
        let t = Float(step) / Float(Self.stepsPerPoint)
        let u = 1 - t
        let straight = a * (u * u * (1 + 2 * t)) + b * (t * t * (1 + 2 * u))
        let point = distortion(straight + bend * (t * u * u) - turn * (t * t * u))
        let way = point - last
        travelled += (way * way).sum().squareRoot()
        let here = radiusHere()
        pieces.append(Piece(start: last, end: point, startRadius: lastRadius, endRadius: here))
        low = pointwiseMin(low, pointwiseMin(last, point))
        high = pointwiseMax(high, pointwiseMax(last, point))
        (last, lastRadius) = (point, here)
      }
    }
  }

  private func radiusHere() -> Float {
    radius * (1 + pressure.depth * sin(pressure.frequency * travelled + pressure.phase))
  }

  /// Scales the path so that the longer side of the inked digit is about 20 pixels, puts its centre
  /// of mass near the middle of the canvas, and inks it.
  mutating func fitAndInk(_ random: inout Philox) {
    let scale =
      (20 - 2 * radius) * (1 - 0.12 * random.uniformFloat()) / max((high - low).max(), 1e-3)
    var mass: Float = 0
    var moment = SIMD2<Float>(repeating: 0)
    for piece in pieces {
      let way = piece.end - piece.start
      let weight = (way * way).sum().squareRoot() * (piece.startRadius + piece.endRadius)
      mass += weight
      moment += weight * 0.5 * (piece.start + piece.end)
    }
    let middle = SIMD2<Float>(repeating: 0.5 * Float(side))
    let jitter = Hand.offset * SIMD2(Float(random.normal()), Float(random.normal()))
    let shift = middle + jitter - scale * moment / mass
    for index in canvas.indices { canvas[index] = 0 }
    for piece in pieces {
      ink(
        from: scale * piece.start + shift, to: scale * piece.end + shift,
        radii: (piece.startRadius, piece.endRadius))
    }
  }

  /// Covers the pixels within the radius of a straight piece; a pixel keeps the most that any piece
  /// gave it.
  private mutating func ink(
    from start: SIMD2<Float>, to end: SIMD2<Float>, radii: (Float, Float)
  ) {
    let reach = max(radii.0, radii.1) + 0.5
    let limit = Float(side - 1)
    let low = pointwiseMin(start, end) - reach - 0.5
    let high = pointwiseMax(start, end) + reach - 0.5
    let (firstX, lastX) = (Int(max(low.x, 0).rounded(.up)), Int(min(high.x, limit)))
    let (firstY, lastY) = (Int(max(low.y, 0).rounded(.up)), Int(min(high.y, limit)))
    guard firstX <= lastX, firstY <= lastY else { return }
    let way = end - start
    let inverse = 1 / max((way * way).sum(), 1e-12)
    for y in firstY...lastY {
      for x in firstX...lastX {
        let from = SIMD2(Float(x) + 0.5, Float(y) + 0.5) - start
        let t = min(max((from * way).sum() * inverse, 0), 1)
        let apart = from - t * way
        let distance = (apart * apart).sum().squareRoot()
        let cover = min(radii.0 + t * (radii.1 - radii.0) + 0.5 - distance, 1)
        let place = y * side + x
        if cover > canvas[place] { canvas[place] = cover }
      }
    }
  }

  /// Appends the canvas, row by row, as grey bytes: 0 is paper, 255 is ink.
  func append(to pixels: inout [UInt8]) {
    for value in canvas { pixels.append(UInt8(255 * value + 0.5)) }
  }
}
