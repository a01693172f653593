import Testing

@testable import Training

@Suite struct DivergenceTests {
  /// A loss that stays finite and grows a hundredfold is worth a word: over the last hundred steps, not at one of them.
  @Test func aLossThatRose() {
    #expect(
      Divergence.remark(on: [2.5] + [Double](repeating: 400, count: 3))
        == "the loss rose from 2.5000 at the first step to 300.6250 over the last 4; "
        + "a lower --learning-rate usually helps")
    let far = [2.3] + [Double](repeating: 1.9e32, count: 500)
    #expect(
      Divergence.remark(on: far)
        == "the loss rose from 2.3000 at the first step to 1.9e+32 over the last 100; "
        + "a lower --learning-rate usually helps")
  }

  /// One step alone, a likelihood that began below zero, a small number that grew, nothing at all.
  @Test(arguments: [
    [2.5, 1, 0.5] + [Double](repeating: 0.1, count: 200) + [1e3], [-0.5, 1e6], [1e-9, 3], [5, 450],
    [],
  ])
  func aLossThatDidNot(losses: [Double]) { #expect(Divergence.remark(on: losses) == nil) }
}
