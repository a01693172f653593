import Layers
import Tensors
import TestSupport
import Testing

struct StateTests {
  // MARK: - Names

  @Test func namesAreThePathsOfPyTorch() {
    let named = namedParameters(of: Network())
    #expect(named.map(\.name) == Network.names)
    #expect(named.map(\.parameter.name) == Network.names)
    #expect(namedBuffers(of: Network()).map(\.name) == ["running_mean"])
  }

  @Test func aSequentialNamesItsLayersByPosition() {
    var random = Philox(seed: 1)
    let model = Sequential {
      Flatten()
      Linear(4, 3, random: &random)
      ReLU()
      Residual(Linear(3, 3, bias: false, random: &random))
      Sequential { Linear(3, 2, random: &random) }
    }
    #expect(
      namedParameters(of: model).map(\.name)
        == ["1.weight", "1.bias", "3.inner.weight", "4.0.weight", "4.0.bias"])
  }

  struct Tied: Layer {
    let encoder, decoder: Linear
    init() {
      let shared = Parameter(.ones([3, 3]))
      encoder = Linear(weight: shared)
      decoder = Linear(weight: shared)
    }
    func forward(_ x: Tensor, _ context: Context) -> Tensor {
      decoder(encoder(x, context), context)
    }
  }

  @Test(arguments: [["encoder"], ["decoder"], ["encoder", "decoder"]])
  func tiedWeightsAreListedOnceAndLoadedUnderAnyOfTheirNames(_ present: [String]) throws {
    let model = Tied()
    #expect(namedParameters(of: model).map(\.name) == ["encoder.weight"])
    #expect(stateDictionary(of: model).keys.sorted() == ["encoder.weight"])
    let state = Dictionary(
      uniqueKeysWithValues: present.map { ("\($0).weight", Tensor.full([3, 3], 7)) })
    try load(state, into: model)
    #expect(model.decoder.weight.value.floats == [Float](repeating: 7, count: 9))
  }

  /// Which of them would be meant, nobody knows.
  @Test func tiedWeightsThatDiffer() throws {
    let model = Tied()
    let state = ["encoder.weight": Tensor.ones([3, 3]), "decoder.weight": .full([3, 3], 7)]
    expectError(
      .badData,
      "the state does not fit the model\n  tied in the model, different here: encoder.weight and decoder.weight"
    ) { try load(state, into: model) }
    let nan = Tensor.full([3, 3], .nan)
    try load(["encoder.weight": nan, "decoder.weight": nan], into: model)
  }

  @Test(arguments: [["decoder"], ["encoder", "decoder"]])
  func aSelectionMayNameTiedWeightsByAnyOfTheirNames(_ present: [String]) throws {
    let model = Tied()
    let state = Dictionary(
      uniqueKeysWithValues: present.map {
        ("\($0).weight", Tensor.full([3, 3], $0 == "decoder" ? 7 : 5))
      })
    try load(state, into: model, .only(["decoder"]))
    #expect(model.encoder.weight.value.floats == [Float](repeating: 7, count: 9))
    // As a state dictionary of the model has it.
    try load(["encoder.weight": .ones([3, 3])], into: model, .only(["decoder"]))
    #expect(model.encoder.weight.value.floats == [Float](repeating: 1, count: 9))
    #expect(
      throws: AdjointError(
        .badData, "the state does not fit the model\n  missing: decoder.weight [3, 3]")
    ) { try load([:], into: model, .only(["decoder"])) }
  }

  @Test func tiedWeightsAreExceptedUnderTheirFirstName() throws {
    let state = ["encoder.weight": Tensor.full([3, 3], 5), "decoder.weight": .full([3, 3], 7)]
    let model = Tied()
    try load(state, into: model, .except(["encoder"]))
    #expect(model.encoder.weight.value.floats == [Float](repeating: 1, count: 9))
    try load(state, into: model, .except(["decoder"]))
    #expect(model.encoder.weight.value.floats == [Float](repeating: 5, count: 9))
  }

  // MARK: - Saving and loading

  @Test func aStateGoesFromOneModelToAnother() throws {
    let (from, to) = (Network(seed: 1), Network(seed: 2))
    from.runningMean.value = .full([4], 3)
    let x = Tensor((0..<8).map { Float($0) }, shape: [2, 4])
    let expected = from(x, .inference).floats
    #expect(to(x, .inference).floats != expected)
    let state = stateDictionary(of: from)
    #expect(state.count == 9)
    try load(state, into: to)
    #expect(to(x, .inference).floats == expected)
    #expect(to.runningMean.value.floats == [3, 3, 3, 3])
    // What was saved stays as it was while training goes on.
    from.head.bias?.update { OptimizerStep.sgd(&$0, .ones([2]), .none, rate: 1, decay: 0) }
    #expect(state["head.bias"]?.floats == to.head.bias?.value.floats)
  }

  @Test func stopsAtWeightsInBfloat16() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { convert(Softmax(), to: .bfloat16) }
    expectStop(
      result,
      "convert: weights do not train in bfloat16; leave them float32 and give the network images in bfloat16, "
        + "x.converted(to: .bfloat16)")
  }

  @Test func valuesAreRoundedToTheTypeOfTheModel() throws {
    let (from, to) = (Network(seed: 1), Network(seed: 2))
    convert(to, to: .float64)
    #expect(stateDictionary(of: to).values.allSatisfy { $0.dtype == .float64 })
    try load(stateDictionary(of: from), into: to)
    #expect(to.head.weight.value.dtype == .float64)
    #expect(to.head.weight.value.floats == from.head.weight.value.floats)
  }

  @Test func loadingListsAllThatDoesNotFitAndChangesNothing() {
    let model = Network()
    let before = stateDictionary(of: model).mapValues(\.floats)
    var state = stateDictionary(of: Network(seed: 2))
    state["head.weight"] = .zeros([10, 4])
    state["running_mean"] = .zeros([])
    state["head.bias"] = nil
    state["layer1.1.conv2.weight"] = nil
    state["fc.weight"] = .zeros([3, 5])
    state["fc.bias"] = .zeros([3])
    #expect(
      throws: AdjointError(
        .badData,
        """
        best.safetensors does not fit the model
          missing: layer1.1.conv2.weight [4, 4], head.bias [2]
          unexpected: fc.bias [3], fc.weight [3, 5]
          wrong shape: running_mean is [], expected [4], head.weight is [10, 4], expected [2, 4]
        """)
    ) { try load(state, into: model, from: "best.safetensors") }
    #expect(stateDictionary(of: model).mapValues(\.floats) == before)
    #expect(
      throws: AdjointError(.badData, "the state does not fit the model\n  missing: weight [1, 1]")
    ) { try load([:], into: Linear(weight: Parameter(.zeros([1, 1])))) }
  }

  @Test func fineTuningNamesWhatItLeaves() throws {
    let model = Network()
    let head = model.head.weight.value.floats
    var state = stateDictionary(of: Network(seed: 2))
    state["head.weight"] = .zeros([1000, 4])
    state["head.bias"] = nil
    try load(state, into: model, .except(["head"]))
    #expect(model.head.weight.value.floats == head)
    #expect(
      model.layer1[1].conv2.weight.value.floats == state["layer1.1.conv2.weight"]?.floats)
  }

  @Test func aPartOfTheStateCanBeLoadedAlone() throws {
    let model = Network()
    let before = model.layer1[0].conv1.weight.value.floats
    let state = stateDictionary(of: Network(seed: 2))
    try load(state, into: model, .only(["layer1.1", "head.bias"]))
    #expect(model.layer1[1].conv1.weight.value.floats == state["layer1.1.conv1.weight"]?.floats)
    #expect(model.head.bias?.value.floats == state["head.bias"]?.floats)
    #expect(model.layer1[0].conv1.weight.value.floats == before)
    #expect(model.head.weight.value.floats != state["head.weight"]?.floats)
    #expect(
      throws: AdjointError(.badData, "the state does not fit the model\n  missing: head.bias [2]")
    ) { try load([:], into: model, .only(["head.bias"])) }
  }

  @Test(arguments: ["hea", "layer2", "head.weights", ""])
  func aSelectionThatNamesNothingIsAnError(_ path: String) {
    #expect(
      throws: AdjointError(
        .usage, "w.pth: the selection names \(path), which is not in the model")
    ) { try load([:], into: Network(), .except([path]), from: "w.pth") }
  }
}
