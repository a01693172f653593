import Layers
import Optimizers
import Tensors

/// One training step of a classifier: forward, backward, update. What `train` and `benchmark` both run.
///
/// It goes down the cross-entropy plus λ Σ ‖W‖² over the weights, the parameters of at least two axes. The loss
/// it reports is the cross-entropy alone, as that of sets that are not trained on: so `train_loss` and
/// `validation_loss` can be compared, and ``penalty`` says what is added.
public final class ClassificationStep {
  /// The cross-entropy without a penalty, the probabilities `[batch, classes]` and the gradients of what is
  /// minimised, penalty included, for a batch.
  public typealias Gradient = (Tensor, IndexTensor) -> (
    loss: Tensor, probabilities: Tensor, gradients: Gradients
  )

  /// The parameters that are trained.
  public let parameters: [Parameter]
  /// Moves them.
  public let optimizer: any Optimizer
  /// Whether ``gradients`` holds those of the last step, at the cost of as much memory as the weights take.
  public var keepsGradients = false {
    didSet { if !keepsGradients { gradients = nil } }
  }
  /// Those of the last step, if they were to be kept.
  public private(set) var gradients: Gradients?
  private let logits: (Tensor, Context) -> Tensor
  private let byHand: Gradient?
  private let penaltyStrength: Double
  private let penalized: [Parameter]
  private let context: Context

  /// - Parameters:
  ///   - model: gives logits `[batch, classes]`.
  ///   - optimizer: moves its parameters.
  ///   - byHand: the gradients worked out by hand, in the parameters' order; nil for the tape.
  ///   - penalty: λ, from 0; `byHand` has to have it in its gradients.
  ///   - seed: what is random in the layers depends on it and on the step.
  public init(
    _ model: some Layer, optimizer: any Optimizer, byHand: Gradient? = nil, penalty: Double = 0,
    seed: UInt64
  ) {
    parameters = optimizer.parameters
    self.optimizer = optimizer
    self.byHand = byHand
    penaltyStrength = penalty
    penalized = penalty > 0 ? optimizer.parameters.filter { $0.shape.rank >= 2 } : []
    context = .training(seed: seed)
    logits = { x, context in model(x, context) }
  }

  /// λ Σ ‖W‖² of the weights as they are.
  public var penalty: Double {
    penaltyStrength * penalized.reduce(0) { $0 + sumOfSquares($1.value) }
  }

  /// Carries out the step.
  ///
  /// - Parameters:
  ///   - x: what the model takes.
  ///   - labels: `[batch]`.
  ///   - step: the number of the step, from 0.
  ///   - checkFinite: whether to throw ``NonFiniteError`` at the first NaN or infinity.
  public func callAsFunction(
    _ x: Tensor, _ labels: IndexTensor, step: Int, checkFinite: Bool = false
  ) throws -> StepOutcome {
    let (loss, probabilities, gradients) = try gradient(x, labels, step, checkFinite)
    optimizer.step(gradients)
    if keepsGradients { self.gradients = gradients }
    return StepOutcome(
      loss: loss.item, count: labels.count, correct: countCorrect(probabilities, labels: labels))
  }

  private func gradient(
    _ x: Tensor, _ labels: IndexTensor, _ step: Int, _ checkFinite: Bool
  ) throws -> (Tensor, Tensor, Gradients) {
    if let byHand, !checkFinite { return byHand(x, labels) }
    var scores: Tensor?
    var crossEntropy: Tensor?
    context.begin(step: step)
    let body = {
      let (loss, probabilities) = softmaxCrossEntropyWithProbabilities(
        self.logits(x, self.context), labels: labels)
      scores = probabilities
      crossEntropy = loss.detached
      return self.penalized.reduce(loss) { $0 + squaredNorm($1.value) * self.penaltyStrength }
    }
    let (loss, gradients) =
      checkFinite
      ? try finiteValueWithGradient(of: parameters, body)
      : valueWithGradient(of: parameters, body)
    // Only the tape knows its operations by name; the gradients that count are still those by hand.
    if checkFinite && !x.isFinite {
      throw AdjointError(.badData, "the inputs of step \(step + 1) hold NaN or infinity")
    }
    if let byHand { return byHand(x, labels) }
    return (crossEntropy ?? loss, scores ?? loss, gradients)
  }
}
