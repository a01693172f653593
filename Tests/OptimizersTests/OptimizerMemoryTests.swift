import Optimizers
import Tensors
import TestSupport
import Testing

struct OptimizerMemoryTests {
  @Test(arguments: OptimizerKind.allCases, DType.full)
  func resumingIsEqualBitForBit(_ kind: OptimizerKind, _ dtype: DType) throws {
    let stored = OptimizerReference.stored
    let straight = stored.parameters(dtype)
    let optimizer = kind.make(straight)
    for step in 0..<8 {
      optimizer.step(stored.gradients(of: straight, step: step), GradientTransform(limit: 2))
    }

    let first = stored.parameters(dtype)
    let interrupted = kind.make(first)
    for step in 0..<4 {
      interrupted.step(stored.gradients(of: first, step: step), GradientTransform(limit: 2))
    }
    let state = interrupted.state
    let second = first.map { Parameter($0.value, name: $0.name) }
    // What was saved is not what goes on changing.
    interrupted.step(stored.gradients(of: first, step: 7))
    let resumed = kind.make(second)
    try resumed.load(state: state)
    for step in 4..<8 {
      resumed.step(stored.gradients(of: second, step: step), GradientTransform(limit: 2))
    }
    for (a, b) in zip(straight, second) { #expect(bits(a.value) == bits(b.value)) }
    #expect(resumed.state.mapValues(bits) == optimizer.state.mapValues(bits))
  }

  private func bits(_ tensor: Tensor) -> [UInt8] { tensor.withBytes { Array($0) } }

  @Test(arguments: [
    (OptimizerKind.sgd, []), (.momentum, ["momentum"]), (.adam, ["first_moment", "second_moment"]),
    (.adamW, ["first_moment", "second_moment"]), (.rmsProp, ["square_average"]),
    (.rmsPropMomentum, ["momentum", "square_average"]),
    (.rmsPropCentered, ["gradient_average", "square_average"]),
    (.rmsPropCenteredMomentum, ["gradient_average", "momentum", "square_average"]),
    (.adagrad, ["sum_of_squares"]),
  ])
  func namesItsState(_ kind: OptimizerKind, _ slots: [String]) {
    let parameter = Parameter(.ones([3]), name: "fc.weight")
    let optimizer = kind.make([parameter])
    #expect(optimizer.state.keys.sorted() == ["fc.weight.step"])
    optimizer.step(Gradients(of: [parameter], [.ones([3])]))
    #expect(optimizer.state.keys.sorted() == (slots + ["step"]).sorted().map { "fc.weight.\($0)" })
    #expect(optimizer.state["fc.weight.step"]?.dtype == .float64)
    #expect(optimizer.state["fc.weight.step"]?.item == 1)
  }

  @Test func loadingListsAllThatDoesNotFitAndChangesNothing() {
    let parameters = ["a", "b", "c", "d"].map { Parameter(.ones([3]), name: $0) }
    let optimizer = Adam(parameters)
    optimizer.step(Gradients(of: parameters, parameters.map { _ in .ones([3]) }))
    let before = optimizer.state.mapValues(\.doubles)
    let two = Tensor(scalar: 2, dtype: .float64)
    let state: [String: Tensor] = [
      "a.step": two, "a.first_moment": .ones([4]),
      "a.second_moment": .ones([3], dtype: .float64),
      "b.step": two, "b.second_moment": .ones([3]),
      "c.step": Tensor(scalar: 1.5, dtype: .float64),
      "c.first_moment": .ones([3]), "e.step": two,
    ]
    #expect(
      throws: AdjointError(
        .badData,
        """
        run/optimizer.safetensors does not fit Adam over these parameters
          missing: b.first_moment [3] float32, d.step [] float64
          unexpected: c.first_moment [3], e.step []
          wrong: a.first_moment is [4] float32, expected [3] float32, a.second_moment is [3] \
        float64, expected [3] float32, c.step is Tensor [] float64 [1.5], expected a whole number \
        from 0
        """)
    ) { try optimizer.load(state: state, from: "run/optimizer.safetensors") }
    #expect(optimizer.state.mapValues(\.doubles) == before)
  }

  @Test func theStateOfAnotherOptimizerDoesNotFit() throws {
    let parameter = Parameter(.ones([2]), name: "p")
    let gradients = Gradients(of: [parameter], [.ones([2])])
    let adam = Adam([parameter])
    adam.step(gradients)
    #expect(
      throws: AdjointError(
        .badData,
        """
        the optimizer's state does not fit SGD over these parameters
          missing: p.momentum [2] float32
          unexpected: p.first_moment [2], p.second_moment [2]
        """)
    ) { try SGD([parameter], learningRate: 1, momentum: 0.9).load(state: adam.state) }
  }

  @Test func stopsWithoutParameters() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Adam([]) }
    expectStop(result, "Adam: there are no parameters to train")
  }

  /// As where the optimiser was made for another model.
  @Test func stopsAtGradientsOfOtherParameters() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let (mine, other) = (Parameter(.ones([2])), Parameter(.ones([2])))
      let optimizer = SGD([mine], learningRate: 0.1)
      optimizer.step(valueWithGradient(of: [other]) { sum(other.value) }.gradients)
    }
    expectStop(
      result, "SGD: none of the gradients is of a parameter that it steps; was the model made anew?"
    )
  }

  @Test func whereAllIsFrozenNothingIsStepped() {
    let parameter = Parameter(.ones([2]))
    let optimizer = SGD([parameter], learningRate: 0.1)
    let gradients = valueWithGradient(of: [parameter]) { sum(parameter.value) }.gradients
    parameter.isFrozen = true
    optimizer.step(gradients)
    #expect(parameter.value.floats == [1, 1])
  }

  @Test func stopsAtAParameterThatIsGivenTwice() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let parameter = Parameter(.ones([2]), name: "tied")
      _ = Adam([parameter, parameter])
    }
    expectStop(result, "Adam: parameter number 1 (tied) is given twice")
  }

  @Test func stopsAtNamesThatWouldBeLost() async {
    let nameless = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Adam([Parameter(.ones([2]))]).state }
    expectStop(
      nameless,
      "Adam: parameter number 0 of shape [2] has no name to save its state under; "
        + "namedParameters(of: model) gives names")
    let twice = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = Adam([Parameter(.ones([2]), name: "w"), Parameter(.ones([2]), name: "w")]).state
    }
    expectStop(twice, "Adam: two parameters are named w; namedParameters(of: model) gives names")
  }
}
