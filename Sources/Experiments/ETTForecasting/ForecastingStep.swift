import Derivations
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The two perceptrons of the forecaster, as the document's layers.
struct ForecastingModel: Layer {
  /// Takes the trends.
  let trend: MultilayerPerceptron
  /// Takes what the trends leave.
  let seasonal: MultilayerPerceptron
  private let shape: ModelShape

  private struct ModelShape {
    let window: Int
    let normalization: DecompositionForecaster.Normalization
  }

  /// New weights, as PyTorch's `nn.Linear` begins by default.
  init(_ configuration: ForecastingConfiguration) {
    var random = Philox(seed: configuration.seed)
    let widths = [configuration.history, configuration.hidden, configuration.horizon]
    trend = MultilayerPerceptron(widths: widths, random: &random)
    seasonal = MultilayerPerceptron(widths: widths, random: &random)
    shape = ModelShape(window: configuration.window, normalization: configuration.normalization)
    convert(self, to: configuration.precision)
  }

  /// The function that the weights stand for; it shares them.
  var network: DecompositionForecaster {
    DecompositionForecaster(
      Layers.parameters(of: self), window: shape.window, normalization: shape.normalization)
  }

  /// Forecasts `[windows, horizon, variates]` for windows `[windows, history, variates]`.
  func forward(_ x: Tensor, _ context: Context) -> Tensor { network.forecast(x) }
}

/// One training step of a forecaster: forward, backward, update. What `train` and `benchmark` both run.
final class ForecastingStep {
  let network: DecompositionForecaster
  let optimizer: any Optimizer
  private let isByHand: Bool
  private let dropout: Double
  private let seed: UInt64

  /// - Parameters:
  ///   - network: whose parameters the optimiser moves.
  ///   - optimizer: moves them.
  ///   - isByHand: whether gradients are those written out by hand, and not the tape's.
  ///   - dropout: the share of hidden units that are off.
  ///   - seed: what they are drawn from, with the number of the step.
  init(
    _ network: DecompositionForecaster, optimizer: any Optimizer, isByHand: Bool,
    dropout: Double = 0, seed: UInt64 = 0
  ) {
    self.network = network
    self.optimizer = optimizer
    self.isByHand = isByHand
    self.dropout = dropout
    self.seed = seed
  }

  /// Carries out the step.
  ///
  /// - Parameters:
  ///   - x: `[windows, history, variates]`.
  ///   - y: `[windows, horizon, variates]`.
  ///   - step: the number of the step, from 0.
  ///   - checkFinite: whether to throw ``NonFiniteError`` at the first NaN or infinity.
  func callAsFunction(
    _ x: Tensor, _ y: Tensor, step: Int, checkFinite: Bool = false
  ) throws -> StepOutcome {
    let masks = masks(series: x.shape[0] * x.shape[2], x.dtype, step)
    let (loss, gradients) = try gradient(x, y, masks, step, checkFinite)
    optimizer.step(gradients)
    return StepOutcome(loss: loss.item, count: x.shape[0])
  }

  private func gradient(
    _ x: Tensor, _ y: Tensor, _ masks: (trend: Tensor, seasonal: Tensor)?, _ step: Int,
    _ checkFinite: Bool
  ) throws -> (Tensor, Gradients) {
    // Only the tape knows its operations by name; the gradients that count are still those by hand.
    if checkFinite {
      guard x.isFinite && y.isFinite else {
        throw AdjointError(.badData, "the windows of step \(step + 1) hold NaN or infinity")
      }
      let (loss, gradients) = try finiteValueWithGradient(of: network.parameters) {
        network.loss(inputs: x, targets: y, masks: masks)
      }
      if !isByHand { return (loss, gradients) }
    }
    if isByHand {
      let result = network.gradient(inputs: x, targets: y, masks: masks)
      return (result.loss, result.gradients)
    }
    return valueWithGradient(of: network.parameters) {
      network.loss(inputs: x, targets: y, masks: masks)
    }
  }

  private func masks(
    series: Int, _ dtype: DType, _ step: Int
  ) -> (trend: Tensor, seasonal: Tensor)? {
    if dropout == 0 { return nil }
    let shape: Shape = [series, network.parameters[0].shape[0]]
    // The streams are not kept apart from those of weights and order, which count from 0 as well: what was published
    // was trained with these masks.
    func mask(_ part: Int) -> Tensor {
      dropoutMask(
        shape, probability: dropout,
        key: DropoutKey(seed: seed, stream: UInt64(2 * step + part)), dtype: dtype)
    }
    return (mask(0), mask(1))
  }
}
