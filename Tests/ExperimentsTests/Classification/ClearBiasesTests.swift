import Tensors
import Testing

@testable import Experiments

@Suite struct ClearBiasesTests {
  private func moved(_ columns: [[Double]], margin: Double) -> [Double] {
    let rows = columns[0].count
    let units = (0..<rows).flatMap { row in columns.map { $0[row] } }
    return ClearBiases.nearest(
      to: .zeros([columns.count], dtype: .float64),
      units: Tensor(units, shape: [rows, columns.count], dtype: .float64), margin: margin
    ).doubles
  }

  /// Clear already; just above zero; just below; in a gap that is too narrow; in one that is wide enough.
  @Test func movesAsLittleAsItTakes() {
    let found = moved(
      [[-3, 2, 5], [0.25, 2, 5], [-3, -0.25, 5], [-0.5, 1, 1.5], [-0.5, 1.75, 4]], margin: 1)
    for (value, right) in zip(found, [0, 0.75, -0.75, 1.5, -0.5]) {
      #expect(abs(value - right) <= 1e-8)
    }
  }

  @Test func afterwardsNoneIsNear() {
    var random = Philox(seed: 1)
    let columns = (0..<20).map { _ in (0..<50).map { _ in random.normal() } }
    for (column, shift) in zip(columns, moved(columns, margin: 0.05)) {
      #expect(column.allSatisfy { abs($0 + shift) >= 0.05 })
    }
  }

  @Test(arguments: [
    (
      0.000_42,
      "$b$ is moved by up to 0.00042, so that no unit is at the kink of its rectifier, where a difference of "
        + "values is no derivative"
    ),
    (
      0,
      "no unit is near the kink of its rectifier, where a difference of values is no derivative"
    ),
  ])
  func whatReportsSay(largest: Double, words: String) {
    #expect(ClearBiases.words("$b$ is", movedBy: largest) == words)
  }

  @Test func startsFromTheBias() {
    let bias = ClearBiases.nearest(
      to: Tensor([2], shape: [1], dtype: .float64),
      units: Tensor([0.125], shape: [1, 1], dtype: .float64), margin: 0.5)
    #expect(abs(bias.item - 2.375) <= 1e-8)
  }
}
