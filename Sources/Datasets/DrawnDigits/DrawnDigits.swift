import Foundation
import Tensors

/// Handwritten-like digits that the program draws: 28×28 grey images of ten classes, any number of
/// them.
///
/// A digit is one of several ways of writing it, put through a random elastic distortion and a
/// random affine map, drawn with a pen of varying pressure, fitted into 20×20 and centred by mass
/// as MNIST's digits are. Sample `index` is a pure function of (seed, index), whatever the number
/// of threads or samples.
///
/// Source of the distortion: Simard, Steinkraus and Platt, "Best practices for convolutional neural
/// networks applied to visual document analysis", doi 10.1109/ICDAR.2003.1227801; here a sum of
/// random waves moves the pen's path, so that the line keeps its width.
public enum DrawnDigits {
  /// Height and width of an image, in pixels.
  public static let side = 28

  /// The first index of the test part: far behind any training part, so the two never share a
  /// sample.
  public static let firstTestIndex: UInt64 = 1 << 40

  /// A training part and a test part that share no sample; the test part does not depend on the
  /// training count.
  public static func load(
    trainCount: Int = 60_000, testCount: Int = 10_000, seed: UInt64 = 0
  ) -> (train: ClassificationSet, test: ClassificationSet) {
    (
      set(count: trainCount, from: 0, seed: seed),
      set(count: testCount, from: firstTestIndex, seed: seed)
    )
  }

  /// The samples `first` ..< `first + count` of a seed.
  public static func set(
    count: Int, from first: UInt64 = 0, seed: UInt64 = 0
  ) -> ClassificationSet {
    require(count > 0, "DrawnDigits.set(count: \(count)): the count must be positive")
    let parts = parallelMap(ranges(of: count, parts: Threads.count)) { range in
      var pen = Pen(side: side)
      var pixels: [UInt8] = []
      var labels: [Int32] = []
      pixels.reserveCapacity(range.count * side * side)
      labels.reserveCapacity(range.count)
      for index in range {
        labels.append(draw(with: &pen, seed: seed, index: first + UInt64(index)))
        pen.append(to: &pixels)
      }
      return (pixels: pixels, labels: labels)
    }
    return ClassificationSet(
      validPixels: Array(parts.map(\.pixels).joined()), height: side, width: side, channels: 1,
      labels: Array(parts.map(\.labels).joined()), classNames: (0..<10).map(String.init),
      description: "digits drawn by the program (seed \(seed))")
  }

  private static func ranges(of count: Int, parts: Int) -> [Range<Int>] {
    (0..<parts).map { count * $0 / parts..<count * ($0 + 1) / parts }.filter { !$0.isEmpty }
  }

  /// Draws one sample on the pen's canvas; returns its label.
  static func draw(with pen: inout Pen, seed: UInt64, index: UInt64) -> Int32 {
    var random = Philox(seed: seed, stream: index)
    let label = random.integer(below: 10)
    let ways = DigitShapes.variants[label]
    let strokes = ways[random.integer(below: ways.count)]
    let distortion = Distortion(&random)
    pen.begin(&random)
    for stroke in strokes { pen.trace(stroke, through: distortion) }
    pen.fitAndInk(&random)
    return Int32(label)
  }
}

/// How a way of writing is bent into one person's hand: waves for the elastic part, then an affine
/// map.
struct Distortion {
  /// Of four waves: the wave vector in radians per box height, the phase, and the displacement in
  /// box heights.
  private var waveX = SIMD4<Float>()
  private var waveY = SIMD4<Float>()
  private var phase = SIMD4<Float>()
  private var shiftX = SIMD4<Float>()
  private var shiftY = SIMD4<Float>()
  private var columns: (SIMD2<Float>, SIMD2<Float>)

  init(_ random: inout Philox) {
    for wave in 0..<4 {
      let direction = 2 * Float.pi * random.uniformFloat()
      let frequency = 2 * Float.pi * (0.35 + 0.9 * random.uniformFloat())
      waveX[wave] = frequency * cos(direction)
      waveY[wave] = frequency * sin(direction)
      phase[wave] = 2 * Float.pi * random.uniformFloat()
      shiftX[wave] = Hand.elastic * Float(random.normal())
      shiftY[wave] = Hand.elastic * Float(random.normal())
    }
    let angle = Hand.rotation * Float(random.normal())
    let slant = Hand.slant * Float(random.normal())
    let aspect = Hand.meanAspect * exp(Hand.aspect * Float(random.normal()))
    let (c, s) = (cos(angle), sin(angle))
    // Rotation times shear times the scaling of x alone; the overall scale comes with the fitting.
    columns = (aspect * SIMD2(c, s), SIMD2(-s - slant * c, c - slant * s))
  }

  func callAsFunction(_ point: SIMD2<Float>) -> SIMD2<Float> {
    let angle = waveX * point.x + waveY * point.y + phase
    let height = SIMD4(sin(angle[0]), sin(angle[1]), sin(angle[2]), sin(angle[3]))
    let moved = point - 0.5 + SIMD2((height * shiftX).sum(), (height * shiftY).sum())
    return columns.0 * moved.x + columns.1 * moved.y
  }
}

/// The spread of the hands: standard deviations, chosen so that the perceptron of `mnist-mlp` finds
/// the set about as hard as MNIST.
enum Hand {
  /// Of each wave's displacement, in box heights.
  static let elastic: Float = 0.042
  /// In radians.
  static let rotation: Float = 0.11
  /// Horizontal shift per height.
  static let slant: Float = 0.17
  /// Of the logarithm of the width over the height.
  static let aspect: Float = 0.16
  /// Width over height of the box that the shapes are given in.
  static let meanAspect: Float = 0.72
  /// Of the position of the centre of mass, in pixels.
  static let offset: Float = 0.4
}
