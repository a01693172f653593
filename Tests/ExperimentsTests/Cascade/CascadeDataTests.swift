import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct CascadeDataTests {
  /// SciPy 1.17: `scipy.fft.dctn(x, norm="ortho")` of a 3 × 4 image, lowest frequencies first.
  @Test func lowFrequencies() {
    let image = [0, 1, 4, 2, 3, 1, 0, 5, 2, 2, 1, 7] as [Float]
    let transform = LowFrequencies(count: 6, height: 3, width: 4)
    #expect(
      transform.pairs.map { [$0.u, $0.v] } == [
        [0, 0], [0, 1], [1, 0], [0, 2], [1, 1], [2, 0],
      ])
    let found = transform.coefficients(of: Tensor(image, shape: [1, 12])).doubles
    for (value, right) in zip(found, Self.scipy) { #expect(abs(value - right) <= 2e-6) }
  }

  private static let scipy: [Double] = [
    8.082903768654761, -3.550780014732462, -1.7677669529663687, 2.8867513459481287,
    0.6204524340367503, 0.20412414523193134,
  ]

  /// All of them are a rotation: the sum of squares stays.
  @Test func allFrequenciesKeepTheLength() {
    let image = (0..<20).map { Float(($0 * 7) % 11) }
    let transform = LowFrequencies(count: 20, height: 4, width: 5)
    let found = transform.coefficients(of: Tensor(image, shape: [1, 20])).doubles
    let length = image.reduce(0) { $0 + Double($1 * $1) }
    #expect(abs(found.reduce(0) { $0 + $1 * $1 } / length - 1) <= 1e-6)
  }

  @Test func standardization() {
    let x = Tensor([1, 5, 3, 5, 8, 5] as [Float], shape: [3, 2])
    let y = Standardization(of: x)(x).doubles
    // Mean 4 and variance 26/3; the second column is the same everywhere.
    let deviation = (26.0 / 3).squareRoot()
    for (value, right) in zip(y, [-3 / deviation, 0, -1 / deviation, 0, 4 / deviation, 0]) {
      #expect(abs(value - right) <= 1e-7)
    }
  }

  /// The mean of many equal numbers is rounded to another one.
  @Test func columnsThatAreTheSameEverywhere() {
    let x = Tensor.full([1000, 1], 0.1)
    #expect(Standardization(of: x)(x).doubles.allSatisfy { abs($0) < 1e-12 })
  }

  @Test func teacher() {
    var configuration = CascadeConfiguration()
    (configuration.inputs, configuration.outputs, configuration.classes) = (5, 4, 3)
    configuration.noise = 0
    let teacher = CascadeTeacher(configuration)
    let (train, test) = teacher.samples(train: 2000, test: 100, noise: 0)
    #expect(train.inputs.shape == [2000, 5] && test.targets.shape == [100, 4])
    #expect(train.count == 2000 && test.count == 100)
    // Each number has mean 0 and standard deviation 1 over the training part, each class its share.
    for column in 0..<4 {
      let values = slice(train.targets, axis: 1, from: column, count: 1).doubles
      #expect(abs(values.reduce(0, +) / 2000) <= 1e-6)
      #expect(abs(values.reduce(0) { $0 + $1 * $1 } / 2000 - 1) <= 1e-6)
    }
    for label in 0..<3 { #expect(train.labels.count { $0 == label } > 200) }
    // Noise moves the numbers by as much, and leaves the inputs.
    let noisy = teacher.samples(train: 2000, test: 100, noise: 0.5).train
    #expect(noisy.inputs.floats == train.inputs.floats)
    let moved = sumOfSquares(noisy.targets - train.targets) / 8000
    // 8,000 squares of normal numbers: their mean has a standard deviation of 0.25 √(2/8000).
    #expect(abs(moved - 0.25) < 5 * 0.25 * (2.0 / 8000).squareRoot())
  }

  @Test func rows() {
    let part = CascadePart(
      inputs: Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [3, 2]),
      targets: Tensor([7, 8, 9] as [Float], shape: [3, 1]), labels: [2, 0, 1])
    let batch = part.rows([2, 0], .float64)
    #expect(batch.inputs.doubles == [5, 6, 1, 2] && batch.inputs.dtype == .float64)
    #expect(batch.targets.doubles == [9, 7])
    #expect(batch.labels.values == [1, 2])
  }
}
