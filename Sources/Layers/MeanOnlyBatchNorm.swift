import Tensors

/// Normalisation by the mean over the batch alone, with its bias and the activation in the same pass.
/// y = act(x − μ + b)
///
/// Input and output `[batch, …, features]`. In training μ is the batch's mean, and the running mean follows it as
/// PyTorch's does: r ← (1 − momentum) r + momentum μ; in inference μ is r.
/// State: `bias` `[features]`, `running_mean` `[features]`.
/// Salimans and Kingma, "Weight normalization", NeurIPS 2016, section 4.
public struct MeanOnlyBatchNorm: Layer {
  /// A normalisation.
  public static let kind = LayerKind.normalization
  /// b, `[features]`, at first 0.
  public let bias: Parameter
  /// r, `[features]`, at first 0.
  public let runningMean: Buffer
  /// How much of the running mean a batch replaces.
  public let momentum: Double
  /// What follows in the same pass.
  public let activation: Activation

  /// A layer; stops if there are no features, or if the momentum is not in 0 … 1.
  public init(_ features: Int, momentum: Double = 0.1, activation: Activation = .identity) {
    require(features >= 1, "MeanOnlyBatchNorm(\(features)): there has to be at least 1 feature")
    require(
      momentum >= 0 && momentum <= 1,
      "MeanOnlyBatchNorm: momentum \(momentum) is not in 0 ... 1")
    bias = Parameter(.zeros([features]), name: "bias")
    runningMean = Buffer(.zeros([features]), name: "running_mean")
    self.momentum = momentum
    self.activation = activation
  }

  /// act(x − μ + b)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let fused = context.fusable(activation)
    switch context.mode {
    case .inference:
      return context.finish(
        meanOnlyBatchNormalization(x, bias.value, mean: runningMean.value, activation: fused),
        activation)
    case .training:
      let (y, mean) = meanOnlyBatchNormalizationWithMean(x, bias.value, activation: fused)
      follow(mean)
      return context.finish(y, activation)
    }
  }

  /// Takes the mean of a batch into the running mean; for those who normalise by hand.
  public func follow(_ mean: Tensor) {
    runningMean.value = runningMean.value * (1 - momentum) + mean * momentum
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for mode in [Context.Mode.training, .inference] {
    GradientCheck.register("MeanOnlyBatchNorm in \(mode)", group: .layer) { sampler in
      (GradientCheck.fullBatches + [[16, 33], [2, 3, 2, 5]]).map { shape in
        let features = shape[shape.rank - 1]
        let batch = shape.count / features
        let x = sampler.parameter(shape)
        let layer = MeanOnlyBatchNorm(features)
        convert(layer, to: sampler.dtype)
        layer.bias.value = sampler.tensor([features])
        layer.runningMean.value = sampler.tensor([features])
        let isTraining = mode == .training
        return .init(
          "\(shape)", [x, layer.bias],
          byHand: { dy in
            let db = sum(dy.reshaped(to: [batch, features]), axis: 0)
            let spread = broadcast(db / Double(batch), to: dy.shape)
            return [isTraining ? dy - spread : dy, db]
          }
        ) { layer(x.value, isTraining ? .training(seed: 0) : .inference) }
      }
    }
  }
}
