import Tensors
import TestSupport
import Testing

@testable import Optimizers

/// Parameters of 17 and 3 × 5 elements under eight steps with weights of every optimiser, against the
/// numbers that PyTorch gives in the same precision.
struct OptimizerTests {
  static let cases = OptimizerReference.stored.cases

  @Test(arguments: cases)
  func followsPyTorchStepByStep(_ reference: OptimizerReference.Case) throws {
    let stored = OptimizerReference.stored
    let parameters = stored.parameters(reference.dtype)
    let optimizer = try #require(make(reference, parameters))
    // Both round every operation once, in another order here and there: a few units in the last place
    // for each of the eight steps.
    let tolerance = reference.dtype == .float64 ? 8 * 2.3e-16 : 8 * 1.2e-7
    for (index, expected) in reference.steps.enumerated() {
      optimizer.step(stored.gradients(of: parameters, step: index))
      for (parameter, values) in zip(parameters, expected) {
        expectClose(
          parameter.value.doubles, values, within: tolerance, "step \(index) \(parameter.name)")
      }
    }
    #expect(reference.steps.count == 8)
  }

  /// The second parameter at a rate and a decay of its own; all rates are halved after four steps.
  @Test(arguments: OptimizerReference.stored.groups)
  func followsPyTorchWithGroups(_ reference: OptimizerReference.Case) throws {
    let stored = OptimizerReference.stored
    let parameters = stored.parameters(reference.dtype)
    let settings = reference.attributes
    let rate = settings[number: "learningRate"]
    let group = ParameterGroup(
      [parameters[1]], rateFactor: settings[number: "groupRate"] / rate,
      weightDecay: settings[number: "groupDecay"])
    let optimizer = try #require(make(reference, parameters, [group]))
    // As above, and one more rounding of the rate.
    let tolerance = reference.dtype == .float64 ? 8 * 4.6e-16 : 8 * 1.2e-7
    for (index, expected) in reference.steps.enumerated() {
      optimizer.learningRate = index < 4 ? rate : rate / 2
      optimizer.step(stored.gradients(of: parameters, step: index))
      for (parameter, values) in zip(parameters, expected) {
        expectClose(
          parameter.value.doubles, values, within: tolerance, "step \(index) \(parameter.name)")
      }
    }
    #expect(Set(OptimizerReference.stored.groups.map(\.name)).count == 5)
  }

  @Test func theReferenceHasEveryOptimizerInBothPrecisions() {
    let seen = Set(Self.cases.map { "\($0.name) \($0.dtype)" })
    let names = ["sgd", "adam", "adamw", "rmsprop", "adagrad"]
    #expect(seen == Set(names.flatMap { ["\($0) float32", "\($0) float64"] }))
  }

  private func make(
    _ reference: OptimizerReference.Case, _ parameters: [Parameter],
    _ groups: [ParameterGroup] = []
  ) -> (any Optimizer)? {
    let settings = reference.attributes
    let rate = settings[number: "learningRate"]
    let decay = settings[number: "weightDecay"]
    let (beta1, beta2) = (settings[number: "beta1"], settings[number: "beta2"])
    let epsilon = settings[number: "epsilon"]
    switch reference.name {
    case "sgd":
      return SGD(
        parameters, learningRate: rate, momentum: settings[number: "momentum"],
        nesterov: settings[number: "nesterov"] == 1, weightDecay: decay, groups: groups)
    case "adam":
      return Adam(
        parameters, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: decay, groups: groups)
    case "adamw":
      return AdamW(
        parameters, learningRate: rate, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: decay, groups: groups)
    case "rmsprop":
      return RMSProp(
        parameters, learningRate: rate, alpha: settings[number: "alpha"], epsilon: epsilon,
        momentum: settings[number: "momentum"], weightDecay: decay,
        centered: settings[number: "centered"] == 1, groups: groups)
    case "adagrad":
      return Adagrad(
        parameters, learningRate: rate,
        learningRateDecay: settings[number: "learningRateDecay"],
        initialAccumulator: settings[number: "initialAccumulator"], epsilon: epsilon,
        weightDecay: decay, groups: groups)
    default: return nil
    }
  }

  // MARK: - Which parameters are stepped

  @Test(arguments: OptimizerKind.allCases)
  func leavesFrozenParametersAndThoseWithoutAGradientAlone(_ kind: OptimizerKind) {
    let parameters = ["a", "b", "c"].map { Parameter(.ones([3]), name: $0) }
    let optimizer = kind.make(parameters)
    parameters[0].isFrozen = true
    optimizer.step(Gradients(of: parameters, [.ones([3]), nil, .ones([3])]))
    #expect(parameters[0].value.floats == [1, 1, 1])
    #expect(parameters[1].value.floats == [1, 1, 1])
    #expect(parameters[2].value.floats.allSatisfy { $0 < 1 })
    #expect(optimizer.state["a.step"]?.item == 0)
    #expect(optimizer.state["c.step"]?.item == 1)
  }

  @Test(arguments: OptimizerKind.allCases)
  func findsItsGradientsInAnyOrderAmongOthers(_ kind: OptimizerKind) {
    func run(_ order: [Int]) -> [[Float]] {
      let parameters = ["a", "b", "c"].map { Parameter(.ones([3]), name: $0) }
      let gradients = (1...3).map { Tensor.full([3], Double($0)) }
      let optimizer = kind.make([parameters[0], parameters[1]])
      for _ in 0..<3 {
        optimizer.step(Gradients(of: order.map { parameters[$0] }, order.map { gradients[$0] }))
      }
      return parameters.map(\.value.floats)
    }
    let straight = run([0, 1])
    #expect(run([2, 1, 0]) == straight)
    #expect(straight[2] == [1, 1, 1])
    #expect(straight[0] != [1, 1, 1])
  }

  @Test func aParameterThatJoinsLateCountsItsOwnSteps() {
    let late = Parameter(.zeros([2], dtype: .float64), name: "late")
    let early = Parameter(.zeros([2], dtype: .float64), name: "early")
    let optimizer = Adam([late, early], learningRate: 0.1)
    let gradient = Tensor.ones([2], dtype: .float64)
    late.isFrozen = true
    for _ in 0..<5 { optimizer.step(Gradients(of: [late, early], [gradient, gradient])) }
    late.isFrozen = false
    optimizer.step(Gradients(of: [late, early], [gradient, gradient]))
    // Adam's first step is the rate against the gradient's sign, to ε.
    expectClose(late.value.doubles, [-0.1, -0.1], within: 1e-8)
    expectClose(early.value.doubles, [-0.6, -0.6], within: 1e-7)
  }

  @Test(arguments: OptimizerKind.allCases)
  func takesTheLearningRateThatASchedulePutsIn(_ kind: OptimizerKind) {
    let parameter = Parameter(.ones([4]), name: "p")
    let optimizer = kind.make([parameter])
    let gradients = Gradients(of: [parameter], [.ones([4])])
    optimizer.step(gradients)
    let before = parameter.value.floats
    optimizer.learningRate = 0
    optimizer.step(gradients)
    #expect(parameter.value.floats == before)
  }

  // MARK: - Memory

  /// In a process of its own: the counters are those of all tests together.
  @Test func asksTheSystemForNothingInTheSteadyState() async {
    await #expect(processExitsWith: .success) {
      for kind in OptimizerKind.allCases {
        let stored = OptimizerReference.stored
        let parameters = stored.parameters(.float32)
        let optimizer = kind.make(parameters)
        let gradients = stored.gradients(of: parameters, step: 0)
        let clipping = GradientClipping.norm(1)
        // The first step makes the state, the second finds the room it needs beside it.
        for _ in 0..<2 { optimizer.step(gradients, clipping.transform(for: gradients)) }
        Memory.resetPeak()
        let before = Memory.counters
        for _ in 0..<1000 { optimizer.step(gradients) }
        #expect(Memory.counters == before, "\(kind): the step itself takes no room at all")
        for _ in 0..<1000 { optimizer.step(gradients, clipping.transform(for: gradients)) }
        #expect(Memory.counters.systemRequests == before.systemRequests, "\(kind)")
        #expect(Memory.counters.liveTensors == before.liveTensors, "\(kind)")
        withExtendedLifetime((parameters, optimizer, gradients)) {}
      }
    }
  }

  // MARK: - Messages

  @Test func stopsAtAGradientOfAnotherType() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let parameter = Parameter(.ones([3]), name: "fc.weight")
      let optimizer = Adam([parameter])
      optimizer.step(Gradients(of: [parameter], [.ones([3])]))
      parameter.convert(to: .float64)
      optimizer.step(Gradients(of: [parameter], [.ones([3], dtype: .float64)]))
    }
    expectStop(
      result,
      "Adam: parameter fc.weight of [3] float64 has a gradient of [3] float64 and a state in "
        + "float32; convert parameters before training them")
  }

  @Test func stopsAtARateThatIsNotANumber() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let optimizer = SGD([Parameter(.ones([3]))], learningRate: 0.1)
      optimizer.learningRate = -.infinity
    }
    expectStop(result, "SGD: learning rate is -inf; it has to be a finite number from 0")
  }
}
