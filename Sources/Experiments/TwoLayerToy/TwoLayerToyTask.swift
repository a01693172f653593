import Derivations
import Layers
import Models
import Optimizers
import Tensors
import Training

/// Five inputs of four numbers, a network of a few units, and batches drawn as NumPy draws them.
///
/// Its losses have the penalty in them, as those of the exercise have.
final class TwoLayerToyTask: TrainingTask {
  static let inputCount = 4
  static let classes = 3
  let x: Tensor
  let labels = IndexTensor([0, 1, 2, 2, 1])
  let model: MultilayerPerceptron
  let step: ClassificationStep
  /// How the network was before it was trained, at the penalty at which it is looked at.
  let beginning: Beginning
  private let batchSize: Int
  /// The generator when the weights have been drawn.
  private let afterWeights: NumPyRandom
  private var random: NumPyRandom

  /// The weights that were drawn, and what they come to.
  struct Beginning {
    let network: TwoLayerPerceptron
    let result: TwoLayerPerceptron.Result
    /// By parameter, the largest |a − b| / max(10⁻⁸, |a| + |b|) of the gradient by hand and central differences.
    let errors: [Double]
  }

  init(_ configuration: TwoLayerToyConfiguration) {
    let dtype = configuration.precision
    var numbers = NumPyRandom(seed: UInt32(configuration.seed + 1))
    x = numbers.normal([labels.count, Self.inputCount], scale: 10, dtype: dtype)
    var weights = NumPyRandom(seed: UInt32(configuration.seed))
    model = Self.model(configuration, from: &weights)
    afterWeights = weights
    random = weights
    batchSize = configuration.batchSize
    let parameters = parameters(of: model)
    step = ClassificationStep(
      model, optimizer: SGD(parameters, learningRate: configuration.learningRate),
      byHand: configuration.gradients == .byHand
        ? handWrittenGradient(of: parameters, penalty: configuration.penalty) : nil,
      penalty: configuration.penalty, seed: configuration.seed)
    let network = TwoLayerPerceptron(
      parameters.map { Parameter($0.value, name: $0.name) },
      penalty: configuration.initialPenalty)
    beginning = Beginning(
      network: network, result: network.gradient(inputs: x, labels: labels),
      errors: centralDifferenceErrors(of: network, x, labels))
  }

  /// The exercise keeps a weight as `[inputs, outputs]` and draws it so.
  static func model(
    _ configuration: TwoLayerToyConfiguration, from random: inout NumPyRandom
  ) -> MultilayerPerceptron {
    let widths = [inputCount, configuration.hidden, classes]
    let layers = (0..<2).map { layer in
      let drawn = random.normal(
        [widths[layer], widths[layer + 1]], scale: configuration.weightScale,
        dtype: configuration.precision)
      return Linear(
        weight: Parameter(drawn.transposed()),
        bias: Parameter(.zeros([widths[layer + 1]], dtype: configuration.precision)),
        activation: layer == 0 ? .relu : .identity)
    }
    return MultilayerPerceptron(layers: layers)
  }

  let stepsPerEpoch = 10
  var samplesPerEpoch: Int { stepsPerEpoch * batchSize }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: model) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: model)
  }

  func seek(epoch: Int, batch: Int) throws {
    random = afterWeights
    for _ in 0..<(epoch * stepsPerEpoch + batch) { _ = nextRows() }
  }

  private func nextRows() -> IndexTensor {
    IndexTensor(random.randint(labels.count, batchSize).map { Int32($0) })
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    let rows = nextRows()
    let batchLabels = IndexTensor(rows.values.map { labels.values[Int($0)] })
    let penalty = step.penalty
    var outcome = try step(
      gather(x, rows), batchLabels, step: number, checkFinite: checkFinite)
    outcome.loss += penalty
    return outcome
  }

  func epochMetrics() throws -> [String: Double] { [:] }

  func finalMetrics() throws -> [String: Double] {
    let (crossEntropy, probabilities) = softmaxCrossEntropyWithProbabilities(
      model(x, .inference), labels: labels)
    let correct = countCorrect(probabilities, labels: labels)
    return [
      "initial_loss": beginning.result.loss.item,
      "gradient_error": beginning.errors.max() ?? .nan,
      "train_loss": crossEntropy.item + step.penalty,
      "train_accuracy": Double(correct) / Double(labels.count),
    ]
  }

  /// The classes' probabilities, `[5, 3]`, as the weights are.
  var probabilities: Tensor { softmax(model(x, .inference), axis: 1) }
}

/// Each gradient by hand against (L(p + h) − L(p − h)) / 2h with h = 10⁻⁵, element by element, as the exercise
/// measures it, of a large network for some thousand elements of each parameter; in float64 whatever the run computes
/// in, which could not tell such a difference in float32.
private func centralDifferenceErrors(
  of trained: TwoLayerPerceptron, _ inputs: Tensor, _ labels: IndexTensor
) -> [Double] {
  let h = 1e-5
  let x = inputs.converted(to: .float64)
  let network = TwoLayerPerceptron(
    trained.parameters.map { Parameter($0.value.converted(to: .float64)) },
    penalty: trained.penalty)
  let byHand = network.gradient(inputs: x, labels: labels).gradients.values
  return zip(network.parameters, byHand).map { parameter, gradient in
    let original = parameter.value
    defer { parameter.value = original }
    func loss(_ index: Int, _ change: Double) -> Double {
      var values = original.doubles
      values[index] += change
      parameter.value = Tensor(values, shape: original.shape, dtype: original.dtype)
      return network.gradient(inputs: x, labels: labels).loss.item
    }
    let elements = gradient?.doubles ?? []
    return stride(from: 0, to: elements.count, by: elements.count / 1000 + 1).reduce(0) {
      worst, index in
      let slope = (loss(index, h) - loss(index, -h)) / (2 * h)
      let size = max(1e-8, abs(slope) + abs(elements[index]))
      return max(worst, abs(slope - elements[index]) / size)
    }
  }
}
