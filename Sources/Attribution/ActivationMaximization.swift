#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors

/// An image that was changed until it made a score large.
public struct MaximizedImage: Sendable {
  /// The image as the network takes it, `[1, height, width, channels]`.
  public let image: Tensor
  /// The same between 0 (black) and 1 (white).
  public let pixels: [Double]
  /// The score of the image it began with.
  public let first: Double
  /// The score of ``image``.
  public let last: Double
}

/// How an image is sought that makes a score large: gradient ascent, kept from noise that no image has.
///
/// After Simonyan, Vedaldi and Zisserman, "Deep inside convolutional networks", ICLR 2014 workshop, section 2 (decay),
/// Yosinski, Clune, Nguyen, Fuchs and Lipson, "Understanding neural networks through deep visualization", ICML 2015
/// workshop (blur), and Mordvintsev, Olah and Tyka, "Inceptionism", 2015 (jitter). All lengths are shares of the way
/// from black to white.
public struct ActivationMaximization: Sendable {
  /// Steps of ascent.
  public var steps = 256
  /// How far a step goes: the root mean square of what is added to a pixel.
  public var rate = 0.02
  /// The share of its distance from middle grey that a pixel loses in each step.
  public var decay = 0.01
  /// The deviation of the Gaussian blur, in pixels; 0 for none.
  public var blur = 0.6
  /// Steps from one blur to the next.
  public var blurEvery = 4
  /// Pixels that the image is moved at most, round its edges, before each gradient, and back after it.
  public var jitter = 2
  /// The deviation of the noise around middle grey that it begins with.
  public var noise = 0.05

  /// As it is by default.
  public init() {}

  /// Seeks an image.
  ///
  /// - Parameters:
  ///   - score: what is to be large.
  ///   - black: the image that is black everywhere, as the network takes it, `[1, height, width, channels]`.
  ///   - white: that which is white.
  ///   - seed: what noise and jitter are drawn from.
  public func image(for score: Score, black: Tensor, white: Tensor, seed: UInt64) -> MaximizedImage
  {
    requireOneImage(black, "ActivationMaximization")
    require(
      black.rank == 4 && black.shape == white.shape && steps >= 0 && jitter >= 0 && blur >= 0
        && blurEvery >= 1,
      "ActivationMaximization: black of shape \(black.shape) and white of \(white.shape), \(steps) steps, "
        + "jitter \(jitter), blur \(blur) every \(blurEvery); shapes have to be [1, height, width, channels], "
        + "and nothing negative")
    let (height, width) = (black.shape[1], black.shape[2])
    let (shape, dtype) = (black.shape, black.dtype)
    let (low, high) = (black.doubles, white.doubles)
    let range = zip(low, high).map { $1 - $0 }
    var random = Philox(seed: seed)
    var plane = Plane(
      height: height, width: width, channels: shape[3],
      values: low.map { _ in min(max(0.5 + noise * random.normal(), 0), 1) })
    func tensor(_ plane: Plane) -> Tensor {
      Tensor(
        plane.values.indices.map { low[$0] + range[$0] * plane.values[$0] }, shape: shape,
        dtype: dtype)
    }
    let first = score(tensor(plane)).doubles[0]
    for step in 0..<steps {
      let (down, right) = (
        random.integer(below: 2 * jitter + 1) - jitter,
        random.integer(below: 2 * jitter + 1) - jitter
      )
      let moved = plane.moved(down: down, right: right)
      let slopes = zip(score.gradient(at: tensor(moved)).gradient.doubles, range).map { $0 * $1 }
      let square = slopes.reduce(0) { $0 + $1 * $1 } / Double(max(slopes.count, 1))
      let scale = square > 0 && square.isFinite ? rate / square.squareRoot() : 0
      let direction = Plane(
        height: height, width: width, channels: shape[3], values: slopes
      ).moved(down: -down, right: -right)
      for index in plane.values.indices {
        let climbed = plane.values[index] + scale * direction.values[index]
        plane.values[index] = min(max(0.5 + (climbed - 0.5) * (1 - decay), 0), 1)
      }
      // Not after the last steps: what they draw stays sharp.
      if blur > 0 && step % blurEvery == 0 && step + 2 * blurEvery < steps {
        plane = plane.blurred(blur)
      }
    }
    let image = tensor(plane)
    return MaximizedImage(
      image: image, pixels: plane.values, first: first, last: score(image).doubles[0])
  }
}

/// The numbers of one image, row, column, channel.
struct Plane: Equatable {
  let height: Int
  let width: Int
  let channels: Int
  var values: [Double]

  /// Moved round the edges.
  func moved(down: Int, right: Int) -> Plane {
    gathered { row, column in
      [(((row - down) % height + height) % height, ((column - right) % width + width) % width, 1)]
    }
  }

  /// Blurred by a Gaussian of that deviation, out to three of them; beyond the edge it goes on as there.
  func blurred(_ deviation: Double) -> Plane {
    let reach = Int((3 * deviation).rounded(.up))
    let raw = (-reach...reach).map { exp(-Double($0 * $0) / (2 * deviation * deviation)) }
    let weights = raw.map { $0 / raw.reduce(0, +) }
    let across = gathered { row, column in
      (-reach...reach).map { (row, min(max(column + $0, 0), width - 1), weights[$0 + reach]) }
    }
    return across.gathered { row, column in
      (-reach...reach).map { (min(max(row + $0, 0), height - 1), column, weights[$0 + reach]) }
    }
  }

  /// Each pixel as a weighted sum of others.
  private func gathered(
    _ sources: (_ row: Int, _ column: Int) -> [(row: Int, column: Int, weight: Double)]
  ) -> Plane {
    var result = self
    for row in 0..<height {
      for column in 0..<width {
        let from = sources(row, column)
        for channel in 0..<channels {
          result.values[(row * width + column) * channels + channel] = from.reduce(0) {
            $0 + $1.weight * values[($1.row * width + $1.column) * channels + channel]
          }
        }
      }
    }
    return result
  }
}
