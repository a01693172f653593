import Foundation
import Tensors

/// Distributions of points in the plane that generative models are tried on, each with its true sampler.
///
/// All are centred and scaled to a standard deviation of about one.
public enum PlanarDistribution: String, CaseIterable, Codable, Sendable {
  /// Eight Gaussians on a circle.
  case ring
  /// Five bent arms around the middle (Johnson and others, "Composing graphical models with neural networks for
  /// structured representations and fast inference", NeurIPS 2016).
  case pinwheel
  /// Two half circles that reach into one another.
  case moons
  /// A band rolled up one and a half times.
  case swissRoll = "swiss-roll"
  /// The eight black squares of a board of four by four.
  case checkerboard
  /// Five Gaussians of different weights, widths and directions.
  case mixture

  /// What it is, in a few words.
  public var summary: String {
    switch self {
    case .ring: "eight Gaussians on a circle"
    case .pinwheel: "a pinwheel of five arms"
    case .moons: "two moons"
    case .swissRoll: "a swiss roll"
    case .checkerboard: "a checkerboard"
    case .mixture: "a mixture of five Gaussians"
    }
  }

  /// Points drawn independently; a function of seed and stream.
  ///
  /// - Parameters:
  ///   - count: how many.
  ///   - seed: the run's seed.
  ///   - stream: the number of the draw, different for each.
  /// - Returns: float32, `[count, 2]`.
  public func draw(_ count: Int, seed: UInt64, stream: UInt64) -> Tensor {
    var random = Philox(seed: seed, stream: stream)
    return Tensor(shape: [count, 2]) { values in
      for row in 0..<count {
        let point = self.point(&random)
        values[2 * row] = Float(point.x)
        values[2 * row + 1] = Float(point.y)
      }
    }
  }

  private func point(_ random: inout Philox) -> (x: Double, y: Double) {
    switch self {
    case .ring:
      let angle = Double(random.integer(below: 8)) * .pi / 4
      return (1.4 * cos(angle) + 0.1 * random.normal(), 1.4 * sin(angle) + 0.1 * random.normal())
    case .pinwheel:
      // Along an arm and across it; how far out it lies says how far it is bent.
      let along = 1 + 0.3 * random.normal()
      let across = 0.1 * random.normal()
      let angle = Double(random.integer(below: 5)) * 2 * .pi / 5 + 0.25 * exp(along)
      return (
        1.35 * (along * cos(angle) - across * sin(angle)),
        1.35 * (along * sin(angle) + across * cos(angle))
      )
    case .moons:
      let angle = Double.pi * random.uniform()
      let isUpper = random.uniform() < 0.5
      let x = isUpper ? cos(angle) : 1 - cos(angle)
      let y = isUpper ? sin(angle) : 0.5 - sin(angle)
      return (
        1.25 * (x - 0.5 + 0.1 * random.normal()), 1.6 * (y - 0.25 + 0.1 * random.normal())
      )
    case .swissRoll:
      // The band's own middle is at (2, 2/(3π)).
      let angle = 1.5 * Double.pi * (1 + 2 * random.uniform())
      return (
        0.14 * (angle * cos(angle) - 2 + 0.4 * random.normal()),
        0.14 * (angle * sin(angle) - 2 / (3 * .pi) + 0.4 * random.normal())
      )
    case .checkerboard:
      let column = random.integer(below: 4)
      let row = 2 * random.integer(below: 2) + column % 2
      return (
        0.85 * (Double(column) - 2 + random.uniform()), 0.85 * (Double(row) - 2 + random.uniform())
      )
    case .mixture:
      let share = random.uniform()
      let part = Self.parts.first { share < $0.until } ?? Self.parts[Self.parts.count - 1]
      let (long, short) = (part.long * random.normal(), part.short * random.normal())
      return (
        part.x + long * cos(part.angle) - short * sin(part.angle),
        part.y + long * sin(part.angle) + short * cos(part.angle)
      )
    }
  }

  private struct Part {
    /// The share of the points that lie in this part and those before it.
    let until: Double
    let x, y: Double
    /// Standard deviations along the two axes of the ellipse, and the direction of the first.
    let long, short, angle: Double
  }

  private static let parts = [
    Part(until: 0.3, x: -1, y: 0.6, long: 0.5, short: 0.15, angle: 0.9),
    Part(until: 0.5, x: 1.1, y: 1, long: 0.35, short: 0.2, angle: -0.6),
    Part(until: 0.75, x: 0.9, y: -1, long: 0.6, short: 0.12, angle: 0.3),
    Part(until: 0.9, x: -0.9, y: -1.1, long: 0.25, short: 0.25, angle: 0),
    Part(until: 1, x: 0.1, y: 0, long: 0.12, short: 0.12, angle: 0),
  ]
}
