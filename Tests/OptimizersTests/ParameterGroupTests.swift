import Tensors
import TestSupport
import Testing

@testable import Optimizers

struct ParameterGroupTests {
  private func parameters() -> [Parameter] {
    [("stem.weight", Shape([2, 3])), ("stem.bias", [2]), ("fc.weight", [4, 2]), ("fc.bias", [4])]
      .map { Parameter(.ones($0.1), name: $0.0) }
  }

  @Test func vectorsDoNotDecay() {
    let groups = ParameterGroup.groups(of: parameters())
    #expect(groups.count == 1)
    #expect(groups[0].parameters.map(\.name) == ["stem.bias", "fc.bias"])
    #expect(groups[0].weightDecay == 0 && groups[0].rateFactor == 1)
  }

  @Test func ratesByLayerAndDecayByShape() {
    let parameters = parameters()
    let groups = ParameterGroup.groups(of: parameters) { $0.name.hasPrefix("fc") ? 1 : 0.25 }
    #expect(
      groups.map { $0.parameters.map(\.name) } == [["stem.weight"], ["stem.bias"], ["fc.bias"]])
    #expect(groups.map(\.rateFactor) == [0.25, 0.25, 1])
    #expect(groups.map(\.weightDecay) == [nil, 0, 0])
    #expect(ParameterGroup.groups(of: parameters, decaysVectors: true).isEmpty)
    // The step in closed form: p − η f (1 + λ p), with p = 1 and g = 1.
    let optimizer = SGD(parameters, learningRate: 0.5, weightDecay: 1, groups: groups)
    optimizer.step(Gradients(of: parameters, parameters.map { .ones($0.shape) }))
    #expect(parameters.map { $0.value.floats[0] } == [0.75, 0.875, 0, 0.5])
  }

  /// As the documentation shows it: a part of a model by the names that the whole gave.
  @Test func partsByTheirNames() {
    let all = parameters()
    let optimizer = SGD(
      all, learningRate: 0.5, weightDecay: 1,
      groups: [
        ParameterGroup(all.filter { $0.name.hasPrefix("stem.") }, rateFactor: 0.25),
        ParameterGroup(all.filter { $0.name.hasPrefix("fc.") }, weightDecay: 0),
      ])
    optimizer.step(Gradients(of: all, all.map { .ones($0.shape) }))
    #expect(all.map { $0.value.floats[0] } == [0.75, 0.75, 0.5, 0.5])
  }

  /// Groups that say nothing change nothing, not a bit.
  @Test(arguments: OptimizerKind.allCases)
  func neutralGroupsChangeNothing(_ kind: OptimizerKind) {
    let stored = OptimizerReference.stored
    func run(_ isGrouped: Bool) -> [[Float]] {
      let parameters = stored.parameters(.float32)
      let optimizer = kind.make(parameters, isGrouped ? [ParameterGroup(parameters)] : [])
      for step in 0..<4 { optimizer.step(stored.gradients(of: parameters, step: step)) }
      return parameters.map(\.value.floats)
    }
    #expect(run(true) == run(false))
  }

  @Test func stopsAtGroupsThatDoNotFit() async {
    let strange = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let other = ParameterGroup([Parameter(.ones([2, 3]), name: "fc.weight")])
      _ = SGD([Parameter(.ones([1]))], learningRate: 1, groups: [other])
    }
    expectStop(
      strange, "SGD: group 0 holds parameter fc.weight of [2, 3], which is not among those to train"
    )
    let twice = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let one = Parameter(.ones([2]), name: "fc.bias")
      _ = AdamW([one], groups: [ParameterGroup([one]), ParameterGroup([one], rateFactor: 2)])
    }
    expectStop(twice, "AdamW: parameter fc.bias of [2] is in two groups or twice in one")
    let factor = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ParameterGroup([], rateFactor: -1) }
    expectStop(factor, "ParameterGroup: rate factor is -1.0; it has to be a finite number from 0")
  }
}
