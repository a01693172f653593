import Layers
import Tensors
import TestSupport
import Testing

struct BatchNormTests {
  private let x = Tensor(
    [1, -2, 0.5, 3, 4, -0.25, -1, 0.25, 1.5, 0.5, 1, 2] as [Float], shape: [4, 3])

  /// PyTorch 2.15, `BatchNorm1d(3, momentum=momentum)` after x, after x + 1, and of the first row in inference.
  static let runs: [(momentum: Double?, mean: [[Double]], variance: [[Double]], output: [Double])] =
    [
      (
        0.1, [[0.9875, 1.8812499, 2.7937498], [1.0762500, 1.8743749, 2.7081246]],
        [[2.0729167, 1.0640625, 1.0015625], [2.1385417, 1.5717187, 1.0029688]],
        [-0.026070535, 4.0903864, -5.4096866]
      ),
      (
        nil, [[0.875, 0.8125, 0.9375], [1.375, 1.3125, 1.4375]],
        [[2.7291667, 6.140625, 1.015625], [2.7291667, 6.140625, 1.015625]],
        [-0.11349726, 2.3367474, -2.8605118]
      ),
    ]

  @Test(arguments: runs.indices, [false, true])
  func runningStatisticsFollowAsPyTorchsDo(index: Int, isImage: Bool) throws {
    let run = Self.runs[index]
    let layer = BatchNorm(3, momentum: run.momentum)
    layer.runningMean!.value = Tensor([1, 2, 3] as [Float], shape: [3])
    layer.runningVar!.value = Tensor([2, 0.5, 1] as [Float], shape: [3])
    let shape: Shape = isImage ? [2, 1, 2, 3] : [4, 3]
    for step in 0..<2 {
      _ = layer((x + Double(step)).reshaped(to: shape), .training(seed: 0))
      expectClose(layer.runningMean!.value, run.mean[step])
      expectClose(layer.runningVar!.value, run.variance[step])
      #expect(layer.numBatchesTracked!.value.item == Double(step + 1))
    }
    layer.weight!.value = Tensor([0.5, -1, 2] as [Float], shape: [3])
    layer.bias!.value = Tensor([0, 1, -1] as [Float], shape: [3])
    expectClose(layer(slice(x, axis: 0, from: 0, count: 1), .inference), run.output)
    // They stand still there.
    #expect(layer.numBatchesTracked!.value.item == 2)
  }

  private func expectClose(_ tensor: Tensor, _ expected: [Double]) {
    for (found, right) in zip(tensor.doubles, expected) {
      #expect(abs(found - right) <= 1e-6 * max(1, abs(right)))
    }
  }

  @Test func stateHasPyTorchsNames() {
    let layer = BatchNorm(3)
    #expect(
      stateDictionary(of: layer).mapValues(\.shape) == [
        "weight": [3], "bias": [3], "running_mean": [3], "running_var": [3],
        "num_batches_tracked": [],
      ])
    #expect(parameters(of: layer).map(\.name) == ["weight", "bias"])
    let plain = BatchNorm(3, isAffine: false, tracksStatistics: false)
    #expect(stateDictionary(of: plain).isEmpty)
  }

  /// Files of old do not count batches.
  @Test func theNumberOfBatchesMayBeMissing() throws {
    let layer = BatchNorm(3)
    var state = stateDictionary(of: BatchNorm(3))
    state["num_batches_tracked"] = nil
    try load(state, into: layer)
  }

  /// Without running statistics both modes take the batch's.
  @Test func withoutTracking() {
    let layer = BatchNorm(3, isAffine: false, tracksStatistics: false)
    #expect(layer(x, .inference).floats == layer(x, .training(seed: 0)).floats)
  }

  @Test func addsAResidualInFrontOfTheActivation() {
    let layer = BatchNorm(3, activation: .relu)
    let plain = BatchNorm(3)
    for context in [Context.training(seed: 0), .inference] {
      let found = layer(x, adding: x, context)
      #expect(found.floats == relu(plain(x, context) + x).floats)
    }
  }

  /// In one pass, or in two where somebody looks on and where windows are dilated: the same numbers, and running
  /// statistics that follow alike.
  @Test(arguments: [false, true], [1, 2])
  func maximaOfItsOutput(isInspected: Bool, dilation: Int) {
    var random = Philox(seed: 2)
    let numbers = (0..<180).map { _ in random.normal() }
    let image = Tensor(numbers, shape: [2, 6, 5, 3], dtype: .float32)
    let pool = MaxPool2d(window: 2, stride: 1, padding: 1, dilation: Extent(dilation))
    let (one, two) = (BatchNorm(3, activation: .relu), BatchNorm(3, activation: .relu))
    for layer in [one, two] {
      // Of a channel with a negative scale the maxima are those of its least elements.
      layer.weight!.value = Tensor([0.5, -1, 2] as [Float], shape: [3])
      layer.bias!.value = Tensor([0, 1, -1] as [Float], shape: [3])
    }
    for context in [Context.training(seed: 0), .inference] {
      var seen: [String] = []
      let inspection = Inspection { name, _ in seen.append(name.type) }
      let found = one(
        image, maxima: pool, isInspected ? context.inspected(by: inspection) : context)
      let right = pool(two(image, context), context)
      #expect(found.shape == right.shape)
      expectClose(found, right.doubles)
      #expect(seen == (isInspected ? ["BatchNorm", "MaxPool2d"] : []))
    }
    expectClose(one.runningMean!.value, two.runningMean!.value.doubles)
    expectClose(one.runningVar!.value, two.runningVar!.value.doubles)
    #expect(one.numBatchesTracked!.value.item == 1)
  }

  /// The call with a residual enters the layer as the other one does.
  @Test func aValueThatIsNotFiniteIsBlamedOnTheLayer() throws {
    struct Model: Layer {
      let bn1 = BatchNorm(3)
      func forward(_ x: Tensor, _ context: Context) -> Tensor { bn1(x, adding: x, context) }
    }
    let model = Model()
    let parameters = parameters(of: model)
    model.bn1.weight!.value = .full([3], .infinity)
    let error = try #require(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: parameters) { sum(model(x, .training(seed: 0))) }
    }
    #expect(error.layer == "bn1 (BatchNorm)")
    #expect(error.operation == "batchNormalization")
  }

  @Test func images16() {
    let layer = BatchNorm(3)
    let y = layer(x.converted(to: .bfloat16), .training(seed: 0))
    #expect(y.dtype == .bfloat16)
    #expect(layer.runningMean!.value.dtype == .float32)
  }

  /// The variance is 0 then, or what rounding makes of it: ε keeps the root away from that.
  @Test(arguments: [0, 0.1, -1234.567, 3e7] as [Double], DType.full)
  func inputsThatAreAllEqual(value: Double, dtype: DType) throws {
    let layer = BatchNorm(5)
    if dtype == .float64 { convert(layer, to: dtype) }
    let x = Parameter(Tensor.full([7, 3, 3, 5], value, dtype: dtype), name: "x")
    let parameters = [x, try #require(layer.weight), try #require(layer.bias)]
    let (_, gradients) = try finiteValueWithGradient(of: parameters) {
      let y = layer(x.value, .training(seed: 0))
      #expect(y.doubles.allSatisfy { abs($0) < 1e-2 }, "\(y)")
      return sum(y * y)
    }
    #expect(gradients.values.allSatisfy { $0?.isFinite == true })
    #expect(try #require(layer.runningVar).value.isFinite)
  }

  @Test func stopsAtOneValueForEachChannel() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      struct Model: Layer {
        let bn1 = BatchNorm(3)
        func forward(_ x: Tensor, _ context: Context) -> Tensor { bn1(x, context) }
      }
      let model = Model()
      _ = parameters(of: model)
      _ = model(.ones([1, 1, 1, 3]), .training(seed: 0))
    }
    expectStop(
      result,
      "in layer bn1 (BatchNorm): input of shape [1, 1, 1, 3] has one value for each channel, whose variance is 0; "
        + "training needs a larger batch or image")
  }

  @Test func stopsAtAnEmptyBatch() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = BatchNorm(3)(.ones([0, 3]), .training(seed: 0)) }
    expectStop(
      result,
      "in layer BatchNorm: input of shape [0, 3] is empty; there is nothing to take statistics of")
  }

  @Test func stopsAtOtherFeatures() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = BatchNorm(3)(.ones([4, 2]), .inference) }
    expectStop(result, "in layer BatchNorm: input of shape [4, 2]; it has to be [batch, …, 3]")
  }

  @Test(arguments: [
    (0, 1e-5, 0.1, "BatchNorm(0): there has to be at least 1 feature"),
    (3, 1e-5, 1.5, "BatchNorm: momentum 1.5 is not in 0 ... 1"),
    (3, -1.0, 0.1, "BatchNorm: epsilon is -1.0; it has to be a positive number"),
  ])
  func stopsWithWords(features: Int, epsilon: Double, momentum: Double, words: String) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [features, epsilon, momentum] in
      _ = BatchNorm(features, epsilon: epsilon, momentum: momentum)
    }
    expectStop(result, words)
  }
}
