import Foundation
import Testing

@testable import Tensors

@Suite struct NoiseTests {
  /// The same words by way of the generator, transformed here in double.
  @Test(arguments: [(DType.float32, 2e-6), (.float64, 1e-14)])
  func isBoxAndMullersOfTheGenerator(dtype: DType, tolerance: Double) {
    for count in [1, 2, 3, 4, 31, 255, 256, 257, 700] {
      let noise = gaussianNoise([count], seed: 9 << 33 | 5, stream: 7 << 40 | 3, dtype: dtype)
      let expected = (0..<count).map { index in
        let words = Philox.block(
          key: SIMD2(5, 9 << 1), counter: SIMD4(UInt32(index / 4), 0, 3, 7 << 8))
        let pair = index % 4 / 2 * 2
        let radius = sqrt(-2 * log((Double(words[pair] >> 8) + 1) * 0x1p-24))
        let angle = 2 * Double.pi * Double(words[pair + 1] >> 8) * 0x1p-24
        return radius * (index % 2 == 0 ? cos(angle) : sin(angle))
      }
      for (value, other) in zip(noise.doubles, expected) {
        #expect(abs(value - other) <= tolerance, "\(count)")
      }
    }
  }

  /// Mean, variance and the fourth moment of 2¹⁸ numbers, within five standard errors.
  @Test func isNormal() {
    let values = gaussianNoise([1 << 18], seed: 3, stream: 1).doubles
    let n = Double(values.count)
    func moment(_ power: Int) -> Double {
      values.reduce(0) { $0 + pow($1, Double(power)) } / n
    }
    #expect(abs(moment(1)) < 5 / n.squareRoot())
    #expect(abs(moment(2) - 1) < 5 * (2 / n).squareRoot())
    #expect(abs(moment(4) - 3) < 5 * (96 / n).squareRoot())
    #expect(values != gaussianNoise([1 << 18], seed: 3, stream: 2).doubles)
    #expect(values != gaussianNoise([1 << 18], seed: 4, stream: 1).doubles)
  }

  @Test func drawsWithTheProbability() {
    let p = Tensor([0, 0.25, 1, 0.75], shape: [1, 4])
    let all = broadcast(p, to: [1 << 14, 4])
    let draw = bernoulliDraw(all, seed: 1, stream: 2)
    let shares = mean(draw, axis: 0).doubles
    #expect(shares[0] == 0 && shares[2] == 1)
    let error = 5 * (0.25 * 0.75 / Double(1 << 14)).squareRoot()
    #expect(abs(shares[1] - 0.25) < error && abs(shares[3] - 0.75) < error)
    #expect(draw.doubles.allSatisfy { $0 == 0 || $0 == 1 })
    #expect(bernoulliDraw(all.converted(to: .float64), seed: 1, stream: 2).doubles == draw.doubles)
    #expect(bernoulliDraw(all, seed: 1, stream: 3).doubles != draw.doubles)
  }
}
