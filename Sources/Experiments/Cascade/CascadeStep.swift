import Derivations
import Layers
import Models
import Optimizers
import Tensors
import Training

/// A cascade and what each of its tasks counts.
struct CascadeNetwork {
  let model: TaskCascade
  /// θ₁A, b₁A, θ₂A, b₂A, θ₁B, b₁B, θ₂B, b₂B.
  let parameters: [Parameter]
  /// α, what the loss of task A counts.
  let weightA: Double
  /// β, what the loss of task B counts.
  let weightB: Double

  /// The same parameters with their gradients written out by hand.
  var byHand: MultiTaskCascade {
    MultiTaskCascade(parameters, weightA: weightA, weightB: weightB)
  }

  /// α L_A + β L_B, a scalar, with the probabilities of task B.
  func loss(_ batch: CascadeBatch, _ context: Context) -> (loss: Tensor, probabilities: Tensor) {
    let (numbers, logits) = model.predictions(batch.inputs, context)
    // Half the squared error of a sample is its mean over the numbers times half of how many there are.
    let lossA =
      meanSquaredError(numbers, batch.targets) * (weightA * Double(batch.targets.shape[1]) / 2)
    let (lossB, probabilities) = softmaxCrossEntropyWithProbabilities(logits, labels: batch.labels)
    return (lossA + (weightB == 1 ? lossB : lossB * weightB), probabilities)
  }
}

/// One training step of one or more cascades on the same batch: forward, backward, update. What `train` and
/// `benchmark` both run.
final class CascadeStep {
  let networks: [CascadeNetwork]
  let optimizer: any Optimizer
  private let byHand: [MultiTaskCascade]?
  private let context: Context

  /// - Parameters:
  ///   - networks: the first one's loss is what the step reports.
  ///   - optimizer: moves the parameters of all of them.
  ///   - isByHand: whether gradients are those written out by hand, and not the tape's.
  ///   - seed: what masks are drawn from, with the number of the step; all networks have the same.
  init(_ networks: [CascadeNetwork], optimizer: any Optimizer, isByHand: Bool, seed: UInt64) {
    self.networks = networks
    self.optimizer = optimizer
    byHand = isByHand ? networks.map(\.byHand) : nil
    context = .training(seed: seed)
  }

  /// Carries out the step.
  ///
  /// - Parameters:
  ///   - batch: what is learned from.
  ///   - step: the number of the step, from 0.
  ///   - checkFinite: whether to throw ``NonFiniteError`` at the first NaN or infinity.
  func callAsFunction(
    _ batch: CascadeBatch, step: Int, checkFinite: Bool = false
  ) throws -> StepOutcome {
    if checkFinite && !(batch.inputs.isFinite && batch.targets.isFinite) {
      throw AdjointError(.badData, "the samples of step \(step + 1) hold NaN or infinity")
    }
    var outcome: StepOutcome?
    var values: [Tensor?] = []
    for (index, network) in networks.enumerated() {
      context.begin(step: step)
      let (loss, probabilities, gradients) = try gradient(network, index, batch, checkFinite)
      values += gradients.values
      if index == 0 {
        outcome = StepOutcome(
          loss: loss.item, count: batch.labels.count,
          correct: network.weightB > 0 ? countCorrect(probabilities, labels: batch.labels) : nil)
      }
    }
    optimizer.step(Gradients(of: networks.flatMap(\.parameters), values))
    return outcome ?? StepOutcome(loss: .nan, count: 0)
  }

  private func gradient(
    _ network: CascadeNetwork, _ index: Int, _ batch: CascadeBatch, _ checkFinite: Bool
  ) throws -> (Tensor, Tensor, Gradients) {
    if let byHand {
      if checkFinite { try look(at: network, batch) }
      return gradientByHand(network, byHand[index], batch)
    }
    var probabilities: Tensor?
    let body = {
      let (loss, scores) = network.loss(batch, self.context)
      probabilities = scores
      return loss
    }
    let (loss, gradients) =
      checkFinite
      ? try finiteValueWithGradient(of: network.parameters, body)
      : valueWithGradient(of: network.parameters, body)
    return (loss, probabilities ?? loss, gradients)
  }

  private func gradientByHand(
    _ network: CascadeNetwork, _ hand: MultiTaskCascade, _ batch: CascadeBatch
  ) -> (Tensor, Tensor, Gradients) {
    let probability = network.model.dropout.probability
    let mask: Tensor? =
      probability == 0
      ? nil
      : dropoutMask(
        [batch.inputs.shape[0], network.model.fc1A.outputs], probability: probability,
        key: context.dropoutKey(), dtype: batch.inputs.dtype)
    let result = hand.gradient(
      inputs: batch.inputs, targets: batch.targets, labels: batch.labels, mask: mask)
    network.model.norm.follow(result.mean)
    return (result.loss, result.probabilities, result.gradients)
  }

  /// Only the tape knows its operations by name; the gradients that count are those by hand, and the running mean
  /// moves once.
  private func look(at network: CascadeNetwork, _ batch: CascadeBatch) throws {
    let mean = network.model.norm.runningMean.value
    defer { network.model.norm.runningMean.value = mean }
    _ = try finiteValueWithGradient(of: network.parameters) {
      network.loss(batch, .training(seed: 0)).loss
    }
  }
}
