import Foundation
import Layers
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct ClassificationStepTests {
  /// Without weights every class has the probability 1/3: the loss is ln 3, the gradient of a bias
  /// 1/3 − (its share of the labels), and a step of rate 1 takes it away.
  @Test(arguments: DType.full)
  func oneStepInClosedForm(dtype: DType) throws {
    let layer = Linear(
      weight: Parameter(.zeros([3, 2], dtype: dtype)), bias: Parameter(.zeros([3], dtype: dtype)))
    let parameters = Layers.parameters(of: layer)
    let step = ClassificationStep(
      layer, optimizer: SGD(parameters, learningRate: 1), seed: 0)
    let features: [Double] = [1, 0, 0, 1, 1, 1, 2, 0]
    let x = Tensor(features, shape: [4, 2], dtype: dtype)
    let outcome = try step(x, IndexTensor([0, 0, 1, 2]), step: 0)
    let tolerance = dtype == .float64 ? 1e-15 : 1e-7
    #expect(abs(outcome.loss - log(3)) <= tolerance)
    #expect(outcome.count == 4)
    // A tie goes to the first class, which two of them are.
    #expect(outcome.correct == 2)
    let bias = try #require(layer.bias).value.doubles
    for (value, share) in zip(bias, [0.5, 0.25, 0.25]) {
      #expect(abs(value - (share - 1.0 / 3)) <= tolerance)
    }
    // (1/4) (Σ over the rows of the class − 1/3 Σ over all rows), and all rows are (4, 2) in sum.
    let ofClass: [Double] = [1, 1, 1, 1, 2, 0]
    let ofAll: [Double] = [4, 2, 4, 2, 4, 2]
    for (index, value) in layer.weight.value.doubles.enumerated() {
      let expected = (ofClass[index] - ofAll[index] / 3) / 4
      #expect(abs(value - expected) <= tolerance)
    }
  }

  /// Without weights every label has the probability ½: the loss is ln 2, the gradient of a bias
  /// (½ − the share of the samples that have the label) over the number of labels.
  @Test(arguments: DType.full)
  func severalLabels(dtype: DType) throws {
    let layer = Linear(
      weight: Parameter(.zeros([3, 2], dtype: dtype)), bias: Parameter(.zeros([3], dtype: dtype)))
    let step = ClassificationStep(
      layer, optimizer: SGD(Layers.parameters(of: layer), learningRate: 1), hasSeveralLabels: true,
      seed: 0)
    let x = Tensor([1, 0, 0, 1, 1, 1, 2, 0], shape: [4, 2], dtype: dtype)
    let targets = Tensor([1, 0, 1, 0, 0, 1, 1, 0, 0, 1, 0, 1] as [Float], shape: [4, 3])
    let outcome = try step(x, IndexTensor([0, 2, 0, 0]), targets: targets, step: 0)
    let tolerance = dtype == .float64 ? 1e-15 : 1e-7
    #expect(abs(outcome.loss - log(2)) <= tolerance)
    #expect(outcome.count == 4 && outcome.correct == nil)
    let bias = try #require(layer.bias).value.doubles
    for (value, share) in zip(bias, [0.75, 0, 0.75]) {
      #expect(abs(value - (share - 0.5) / 3) <= tolerance)
    }
  }

  @Test func severalLabelsWantTargets() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = Linear(weight: Parameter(.zeros([3, 2])), bias: nil)
      let step = ClassificationStep(
        layer, optimizer: SGD(Layers.parameters(of: layer), learningRate: 1),
        hasSeveralLabels: true, seed: 0)
      _ = try step(.zeros([1, 2]), IndexTensor([0]), step: 0)
    }
    expectStop(
      result, "ClassificationStep: several labels without targets that say which a sample has")
  }

  /// The penalty pulls at weights, not at biases, and is not in the loss that is reported.
  @Test(arguments: DType.full, [false, true])
  func penalty(dtype: DType, isChecked: Bool) throws {
    func trained(penalty: Double) throws -> (StepOutcome, weight: [Double], bias: [Double]) {
      let layer = Linear(
        weight: Parameter(Tensor([1, -2, 3, -4], shape: [2, 2], dtype: dtype)),
        bias: Parameter(Tensor([0.5, 0.25], shape: [2], dtype: dtype)))
      let step = ClassificationStep(
        layer, optimizer: SGD(Layers.parameters(of: layer), learningRate: 0.5), penalty: penalty,
        seed: 0)
      #expect(step.penalty == penalty * 30)
      let outcome = try step(
        .ones([1, 2], dtype: dtype), IndexTensor([1]), step: 0, checkFinite: isChecked)
      return (outcome, layer.weight.value.doubles, try #require(layer.bias).value.doubles)
    }
    let (plain, penalized) = (try trained(penalty: 0), try trained(penalty: 0.125))
    #expect(plain.0 == penalized.0)
    #expect(plain.bias == penalized.bias)
    // Half of 2 · 0.125 · W less.
    let expected = zip(plain.weight, [1, -2, 3, -4]).map { $0 - 0.125 * $1 }
    for (value, right) in zip(penalized.weight, expected) {
      #expect(abs(value - right) <= (dtype == .float64 ? 1e-15 : 1e-6))
    }
  }

  /// From equal probabilities the gradient of a bias is 1/3 − (its share of what is wanted): of smoothed labels,
  /// of targets, of both.
  @Test(arguments: DType.full, [false, true])
  func softTargets(dtype: DType, isChecked: Bool) throws {
    func bias(smoothing: Double, targets: [Float]?) throws -> (StepOutcome, [Double]) {
      let layer = Linear(
        weight: Parameter(.zeros([3, 2], dtype: dtype)), bias: Parameter(.zeros([3], dtype: dtype)))
      let step = ClassificationStep(
        layer, optimizer: SGD(Layers.parameters(of: layer), learningRate: 1),
        labelSmoothing: smoothing, seed: 0)
      let outcome = try step(
        .ones([2, 2], dtype: dtype), IndexTensor([0, 1]),
        targets: targets.map { Tensor($0, shape: [2, 3]) }, step: 0, checkFinite: isChecked)
      return (outcome, try #require(layer.bias).value.doubles)
    }
    let targets: [Float] = [0.75, 0, 0.25, 0.5, 0.5, 0]
    for (smoothing, targets, shares) in [
      (0.3, nil, [0.45, 0.45, 0.1]), (0, targets, [0.625, 0.25, 0.125]),
      (0.5, targets, [0.3125 + 1 / 6.0, 0.125 + 1 / 6.0, 0.0625 + 1 / 6.0]),
    ] {
      let (outcome, values) = try bias(smoothing: smoothing, targets: targets)
      // A few roundings of ln 3, of which one is 2.2e-16 in float64 and 1.2e-7 in float32.
      #expect(abs(outcome.loss - log(3)) < (dtype == .float64 ? 2e-15 : 1e-6))
      #expect(outcome.correct == 1)
      for (value, share) in zip(values, shares) {
        #expect(abs(value - (share - 1.0 / 3)) < (dtype == .float64 ? 1e-15 : 2e-7))
      }
    }
  }

  private static func stepByHand(
    smoothing: Double, targets: Tensor?, hasSeveralLabels: Bool = false
  ) throws {
    let layer = Linear(weight: Parameter(.zeros([2, 1])), bias: Parameter(.zeros([2])))
    let parameters = Layers.parameters(of: layer)
    let step = ClassificationStep(
      layer, optimizer: SGD(parameters, learningRate: 0.5),
      byHand: { _, _ in (Tensor(scalar: 5), .zeros([1, 2]), Gradients(of: parameters, [nil, nil]))
      },
      labelSmoothing: smoothing, hasSeveralLabels: hasSeveralLabels, seed: 0)
    _ = try step(.ones([1, 1]), IndexTensor([0]), targets: targets, step: 0)
  }

  @Test func whatGradientsByHandDoNotKnow() async {
    let smoothed = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { try ClassificationStepTests.stepByHand(smoothing: 0.1, targets: nil) }
    expectStop(
      smoothed,
      "ClassificationStep: label smoothing 0.1 with gradients by hand, which know none; leave one of them out"
    )
    let mixed = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { try ClassificationStepTests.stepByHand(smoothing: 0, targets: .ones([1, 2])) }
    expectStop(
      mixed,
      "ClassificationStep: targets with gradients by hand, which know labels only; leave one of them out"
    )
    let several = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      try ClassificationStepTests.stepByHand(
        smoothing: 0, targets: .ones([1, 2]), hasSeveralLabels: true)
    }
    expectStop(
      several,
      "ClassificationStep: several labels with gradients by hand or label smoothing, which know none; leave one "
        + "of them out")
    let wrong = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = Linear(weight: Parameter(.zeros([2, 1])), bias: Parameter(.zeros([2])))
      _ = ClassificationStep(
        layer, optimizer: SGD(Layers.parameters(of: layer), learningRate: 0.5), labelSmoothing: 2,
        seed: 0)
    }
    expectStop(wrong, "ClassificationStep: label smoothing 2.0; it has to be from 0 to 1")
    let alone = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let layer = Linear(weight: Parameter(.zeros([2, 1])), bias: Parameter(.zeros([2])))
      _ = ClassificationStep(
        layer, optimizer: SGD(Layers.parameters(of: layer), learningRate: 0.5),
        lossByHand: { _, _ in Tensor(scalar: 5) }, seed: 0)
    }
    expectStop(
      alone, "ClassificationStep: a loss by hand without its gradients; give both, or neither")
  }

  @Test func gradientsByHandAreUsed() throws {
    let layer = Linear(weight: Parameter(.zeros([2, 1])), bias: Parameter(.zeros([2])))
    let parameters = Layers.parameters(of: layer)
    let byHand: ClassificationStep.Gradient = { x, _ in
      (
        Tensor(scalar: 5), Tensor([1, 0], shape: [1, 2]),
        Gradients(of: parameters, [.ones([2, 1]), .full([2], 2)])
      )
    }
    for checkFinite in [false, true] {
      layer.weight.value = .zeros([2, 1])
      layer.bias?.value = .zeros([2])
      let step = ClassificationStep(
        layer, optimizer: SGD(parameters, learningRate: 0.5), byHand: byHand, seed: 0)
      let outcome = try step(
        .ones([1, 1]), IndexTensor([0]), step: 0, checkFinite: checkFinite)
      #expect(outcome == StepOutcome(loss: 5, count: 1, correct: 1))
      #expect(layer.weight.value.floats == [-0.5, -0.5])
      #expect(layer.bias?.value.floats == [-1, -1])
    }
  }

  /// `--check-finite` finds the operation with gradients by hand too.
  @Test(arguments: [false, true])
  func notFinite(isByHand: Bool) throws {
    let layer = Linear(weight: Parameter(.full([2, 1], .nan)), bias: Parameter(.zeros([2])))
    let parameters = Layers.parameters(of: layer)
    let step = ClassificationStep(
      layer, optimizer: SGD(parameters, learningRate: 0.5),
      byHand: isByHand
        ? { _, _ in
          (
            Tensor(scalar: 5), .zeros([1, 2]),
            Gradients(of: parameters, [.ones([2, 1]), .ones([2])])
          )
        } : nil,
      seed: 0)
    let error = #expect(throws: NonFiniteError.self) {
      _ = try step(.ones([1, 1]), IndexTensor([0]), step: 0, checkFinite: true)
    }
    #expect(error?.operation == "linear")
    #expect(layer.bias?.value.floats == [0, 0])
  }

  /// What is looked at is the loss by hand where there is one; what counts are the gradients by hand.
  @Test(arguments: [1, -1])
  func theLossByHandIsLookedAt(bias: Double) throws {
    let layer = Linear(weight: Parameter(.zeros([2, 1])), bias: Parameter(.full([2], bias)))
    let parameters = Layers.parameters(of: layer)
    let step = ClassificationStep(
      layer, optimizer: SGD(parameters, learningRate: 0.5),
      byHand: { _, _ in
        (
          Tensor(scalar: 5), Tensor([1, 0], shape: [1, 2]),
          Gradients(of: parameters, [.ones([2, 1]), .full([2], 2)])
        )
      },
      lossByHand: { x, _ in
        sum(log(parameters[1].value)) + sum(matmul(x, parameters[0].value, transposeB: true))
      }, seed: 0)
    func outcome() throws -> StepOutcome {
      try step(.ones([1, 1]), IndexTensor([0]), step: 0, checkFinite: true)
    }
    if bias > 0 {
      #expect(try outcome() == StepOutcome(loss: 5, count: 1, correct: 1))
      #expect(layer.bias?.value.floats == [0, 0])
    } else {
      let error = #expect(throws: NonFiniteError.self) { _ = try outcome() }
      #expect(
        error?.description
          == "operation log made 2 of 2 elements of a tensor of shape [2] NaN or infinite; there are no others"
      )
      #expect(layer.bias?.value.floats == [-1, -1])
    }
  }

  /// Inputs are looked at too: what comes of them may be numbers again.
  @Test func inputsThatAreNotFinite() throws {
    /// Numbers whatever comes in.
    struct Deaf: Layer {
      let bias: Parameter
      func forward(_ x: Tensor, _ context: Context) -> Tensor {
        broadcast(bias.value, to: [x.shape[0], bias.count])
      }
    }
    let layer = Deaf(bias: Parameter(.zeros([2])))
    let step = ClassificationStep(
      layer, optimizer: SGD([layer.bias], learningRate: 0.5), seed: 0)
    for value in [.nan, .infinity, -.infinity] as [Float] {
      let x = Tensor([1, value, 2, 3], shape: [2, 2])
      expectError(.badData, "the inputs of step 7 hold NaN or infinity") {
        _ = try step(x, IndexTensor([0, 0]), step: 6, checkFinite: true)
      }
    }
    #expect(layer.bias.value.floats == [0, 0])
    // Without the check nobody looks.
    let x = Tensor.full([2, 2], .nan)
    #expect(try step(x, IndexTensor([0, 0]), step: 6).count == 2)
  }

  /// Dropout depends on the seed and the number of the step, and on nothing else.
  @Test func masksAreThoseOfTheStep() throws {
    func loss(seed: UInt64, step number: Int) throws -> Double {
      var random = Philox(seed: 1)
      let model = Sequential {
        Dropout(0.5)
        Linear(64, 2, random: &random)
      }
      let step = ClassificationStep(
        model, optimizer: SGD(Layers.parameters(of: model), learningRate: 0.5), seed: seed)
      return try step(.ones([4, 64]), IndexTensor([0, 1, 0, 1]), step: number).loss
    }
    #expect(try loss(seed: 1, step: 3) == loss(seed: 1, step: 3))
    #expect(try loss(seed: 1, step: 3) != loss(seed: 1, step: 4))
    #expect(try loss(seed: 1, step: 3) != loss(seed: 2, step: 3))
  }
}
