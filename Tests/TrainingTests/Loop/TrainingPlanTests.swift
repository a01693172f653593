import Testing

@testable import Training

@Suite struct TrainingPlanTests {
  @Test(arguments: [
    (3, Int?.none, 7, 21), (3, 20, 7, 20), (3, 22, 7, 22), (1, 1, 1, 1), (60, nil, 3750, 225_000),
  ])
  func totalSteps(epochs: Int, limit: Int?, stepsPerEpoch: Int, total: Int) {
    let plan = TrainingPlan(epochs: epochs, stepLimit: limit, learningRate: 1)
    #expect(plan.totalSteps(stepsPerEpoch: stepsPerEpoch) == total)
  }
}
