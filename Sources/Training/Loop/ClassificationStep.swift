import Layers
import Optimizers
import Tensors

/// One training step of a classifier: forward, backward, update. What `train` and `benchmark` both run.
///
/// It goes down the cross-entropy plus λ Σ ‖W‖² over the weights, the parameters of at least two axes. The loss
/// it reports is the cross-entropy alone, as that of sets that are not trained on: so `train_loss` and
/// `validation_loss` can be compared, and ``penalty`` says what is added. With label smoothing or mixed images
/// the cross-entropy is the one against the distributions that are asked for, which is larger. Where a sample can have
/// several labels at once, it is the binary one, the mean over samples and labels.
public final class ClassificationStep {
  /// The cross-entropy without a penalty, the probabilities `[batch, classes]` and the gradients of what is
  /// minimised, penalty included, for a batch.
  public typealias Gradient = (Tensor, IndexTensor) -> (
    loss: Tensor, probabilities: Tensor, gradients: Gradients
  )

  /// The cross-entropy of a batch without a penalty, in operations.
  public typealias Loss = (Tensor, IndexTensor) -> Tensor

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
  private let lossByHand: Loss?
  private let penaltyStrength: Double
  private let labelSmoothing: Double
  private let hasSeveralLabels: Bool
  private let penalized: [Parameter]
  private let context: Context

  /// - Parameters:
  ///   - model: gives logits `[batch, classes]`.
  ///   - optimizer: moves its parameters.
  ///   - byHand: the gradients worked out by hand, in the parameters' order; nil for the tape.
  ///   - lossByHand: the loss that `byHand` computes, where other operations make it than the model and the fused
  ///     cross-entropy: `checkFinite` looks at these then; nil where they are the same.
  ///   - penalty: λ, from 0; `byHand` has to have it in its gradients.
  ///   - labelSmoothing: the share ε of each label that goes to all classes alike, from 0 to 1; gradients by
  ///     hand know none.
  ///   - hasSeveralLabels: whether each class is a label that a sample can have or not, whatever others it has;
  ///     the targets say which. There is no smoothing of such, nor gradients by hand.
  ///   - seed: what is random in the layers depends on it and on the step.
  public init(
    _ model: some Layer, optimizer: any Optimizer, byHand: Gradient? = nil,
    lossByHand: Loss? = nil, penalty: Double = 0, labelSmoothing: Double = 0,
    hasSeveralLabels: Bool = false, seed: UInt64
  ) {
    require(
      lossByHand == nil || byHand != nil,
      "ClassificationStep: a loss by hand without its gradients; give both, or neither")
    require(
      labelSmoothing >= 0 && labelSmoothing <= 1,
      "ClassificationStep: label smoothing \(labelSmoothing); it has to be from 0 to 1")
    require(
      byHand == nil || labelSmoothing == 0,
      "ClassificationStep: label smoothing \(labelSmoothing) with gradients by hand, which know none; leave "
        + "one of them out")
    require(
      !hasSeveralLabels || byHand == nil && labelSmoothing == 0,
      "ClassificationStep: several labels with gradients by hand or label smoothing, which know none; leave one "
        + "of them out")
    parameters = optimizer.parameters
    self.optimizer = optimizer
    self.byHand = byHand
    self.lossByHand = lossByHand
    penaltyStrength = penalty
    self.labelSmoothing = labelSmoothing
    self.hasSeveralLabels = hasSeveralLabels
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
  ///   - labels: `[batch]`: what is counted as right, and what is learnt where there are no targets.
  ///   - targets: distributions over the classes to learn, `[batch, classes]`, as those of mixed images; gradients
  ///     by hand know none. Nil for the labels. Where there are several labels, 1 for those that a sample has, else
  ///     0, or a mixture of such rows.
  ///   - step: the number of the step, from 0.
  ///   - checkFinite: whether to throw `NonFiniteError` at the first NaN or infinity.
  public func callAsFunction(
    _ x: Tensor, _ labels: IndexTensor, targets: Tensor? = nil, step: Int,
    checkFinite: Bool = false
  ) throws -> StepOutcome {
    require(
      byHand == nil || targets == nil,
      "ClassificationStep: targets with gradients by hand, which know labels only; leave one of them out"
    )
    require(
      !hasSeveralLabels || targets != nil,
      "ClassificationStep: several labels without targets that say which a sample has")
    let (loss, probabilities, gradients) = try gradient(x, labels, targets, step, checkFinite)
    optimizer.step(gradients)
    if keepsGradients { self.gradients = gradients }
    return StepOutcome(
      loss: loss.item, count: labels.count,
      correct: hasSeveralLabels ? nil : countCorrect(probabilities, labels: labels))
  }

  private func gradient(
    _ x: Tensor, _ labels: IndexTensor, _ targets: Tensor?, _ step: Int, _ checkFinite: Bool
  ) throws -> (Tensor, Tensor, Gradients) {
    if let byHand, !checkFinite { return byHand(x, labels) }
    var scores: Tensor?
    var crossEntropy: Tensor?
    context.begin(step: step)
    let body = {
      let loss: Tensor
      if let lossByHand = self.lossByHand {
        loss = lossByHand(x, labels)
      } else {
        let logits = self.logits(x, self.context)
        (loss, scores) = self.crossEntropy(logits, labels, targets)
      }
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

  private func crossEntropy(
    _ logits: Tensor, _ labels: IndexTensor, _ targets: Tensor?
  ) -> (loss: Tensor, probabilities: Tensor) {
    if hasSeveralLabels, let targets {
      let sum = bernoulliNegativeLogLikelihood(
        targets.converted(to: logits.dtype), logits: logits)
      return (sum / Double(logits.shape[1]), logits)
    }
    guard let targets else {
      return softmaxCrossEntropyWithProbabilities(
        logits, labels: labels, labelSmoothing: labelSmoothing)
    }
    return softmaxCrossEntropyWithProbabilities(
      logits, targets: targets.converted(to: logits.dtype), labelSmoothing: labelSmoothing)
  }
}
