import Testing

@testable import Experiments

@Suite struct StepTimesTests {
  @Test(arguments: [1, 2, 3, 4])
  func keepsEverySoMany(times: Int) {
    var found = StepTimes()
    let count = times * StepTimes.most
    for step in 0..<count { found.append(Double(step)) }
    let stride = [1, 2, 4, 4][times - 1]
    #expect(found.kept == Swift.stride(from: 0, to: count, by: stride).map(Double.init))
    #expect(found.kept.count <= StepTimes.most)
  }
}
