import Datasets
import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct SampleDistanceTests {
  /// The points of Reference/sample_distance.py.
  private static func grid(
    _ rows: Int, _ a: Int, _ b: Int, _ c: Int, _ modulus: Int, _ dtype: DType
  ) -> Tensor {
    var values: [Double] = []
    for i in 0..<rows {
      for j in 0..<2 { values.append(Double((a * i + b * j + c) % modulus - modulus / 2) / 8) }
    }
    return Tensor(values, shape: [rows, 2], dtype: dtype)
  }

  /// What Reference/sample_distance.py prints. Projections are sorted in single precision in either type.
  @Test(arguments: [(DType.float64, 1e-7, 1e-14), (.float32, 1e-6, 2e-6)])
  func agreesWithNumPy(dtype: DType, wasserstein: Double, discrepancy: Double) {
    let (a, b) = (Self.grid(70, 13, 29, 0, 41, dtype), Self.grid(70, 17, 5, 7, 31, dtype))
    #expect(abs(SampleDistance.slicedWasserstein(a, b) - 0.7957554110446017) <= wasserstein)
    #expect(
      abs(SampleDistance.slicedWasserstein(a, b, directions: 5) - 0.786211006713873)
        <= wasserstein)
    #expect(
      abs(
        SampleDistance.maximumMeanDiscrepancy(a, b, bandwidth: 1.5) - 0.44870235806248426)
        <= discrepancy)
    let part = slice(b, axis: 0, from: 0, count: 40)
    #expect(
      abs(
        SampleDistance.maximumMeanDiscrepancy(a, part, bandwidth: 0.5) - 0.5840703290142645)
        <= discrepancy)
    #expect(abs(SampleDistance.medianDistance(a) - 3.005203820042827) <= 1e-14)
  }

  @Test func ofASetFromItselfIsZero() {
    let a = Self.grid(70, 13, 29, 0, 41, .float64)
    #expect(SampleDistance.slicedWasserstein(a, a) == 0)
    #expect(SampleDistance.maximumMeanDiscrepancy(a, a, bandwidth: 1) == 0)
  }

  /// A shift moves every projection by its own part: the mean of the squares of the cosines is ½.
  @Test func ofAShiftedSet() {
    let a = PlanarDistribution.ring.draw(2000, seed: 1, stream: 0).converted(to: .float64)
    let shift = broadcast(Tensor([3, 4], shape: [1, 2], dtype: .float64), to: a.shape)
    #expect(abs(SampleDistance.slicedWasserstein(a, a + shift) - 5 * 0.5.squareRoot()) < 1e-6)
    // So far away that no kernel is left: twice the mean kernel of the set.
    let far = SampleDistance.maximumMeanDiscrepancy(a, a + 1000, bandwidth: 1)
    let near = SampleDistance.maximumMeanDiscrepancy(a, a + 2000, bandwidth: 1)
    #expect(abs(far - near) < 1e-9 && far > 0.5)
  }

  /// Two sets of one distribution come nearer with their size, other distributions do not.
  @Test func tellsDistributionsApart() {
    func distances(_ count: Int, _ other: PlanarDistribution) -> (Double, Double) {
      let a = PlanarDistribution.moons.draw(count, seed: 1, stream: 0)
      let b = other.draw(count, seed: 1, stream: 1)
      return (
        SampleDistance.slicedWasserstein(a, b),
        SampleDistance.maximumMeanDiscrepancy(a, b, bandwidth: 1.5)
      )
    }
    let (few, many) = (distances(50, .moons), distances(2000, .moons))
    let other = distances(2000, .ring)
    #expect(many.0 < 0.5 * few.0 && many.1 < 0.5 * few.1)
    #expect(other.0 > 3 * many.0 && other.1 > 3 * many.1)
  }

  @Test func stopsIfShapesDoNotFit() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SampleDistance.slicedWasserstein(.ones([3, 2]), .ones([4, 2]))
    }
    expectStop(
      result,
      "slicedWasserstein: shapes [3, 2] and [4, 2], 64 directions; the shapes have to be the "
        + "same [count, 2]")
  }
}
