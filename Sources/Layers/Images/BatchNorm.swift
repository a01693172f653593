import Tensors

/// Batch normalisation, with the sum with a shortcut and the activation in the same pass.
/// y = act(γ ∘ (x − μ) / √(σ² + ε) + β (+ residual)); see `batchNormalization`.
///
/// Input and output `[batch, …, features]`. In training μ and σ² are those of the batch, and the running
/// statistics follow them as PyTorch's do: r ← (1 − momentum) r + momentum s, with the unbiased variance; in
/// inference they are the running ones.
/// State as PyTorch's: `weight` γ, `bias` β, `running_mean`, `running_var`, all `[features]`, and
/// `num_batches_tracked`, one number, which files may lack.
/// Ioffe and Szegedy, "Batch normalization", ICML 2015.
public struct BatchNorm: Layer {
  /// A normalisation.
  public static let kind = LayerKind.normalization
  /// γ, `[features]`, at first 1.
  public let weight: Parameter?
  /// β, `[features]`, at first 0.
  public let bias: Parameter?
  /// `[features]`, at first 0.
  public let runningMean: Buffer?
  /// `[features]`, at first 1.
  public let runningVar: Buffer?
  /// Batches that the running statistics have seen.
  public let numBatchesTracked: Buffer?
  /// The length of the last axis.
  public let features: Int
  /// ε, which keeps the root away from zero.
  public let epsilon: Double
  /// How much of the running statistics a batch replaces; nil for their plain mean over all batches.
  public let momentum: Double?
  /// What follows in the same pass.
  public let activation: Activation

  /// A layer; stops if there are no features, if the momentum is not in 0 … 1, or if ε is not a positive number.
  ///
  /// - Parameters:
  ///   - features: the length of the last axis.
  ///   - epsilon: ε.
  ///   - momentum: how much of the running statistics a batch replaces; nil for a cumulative mean.
  ///   - isAffine: whether there are γ and β.
  ///   - tracksStatistics: whether there are running statistics; without them inference takes the batch's too.
  ///   - activation: what follows in the same pass.
  public init(
    _ features: Int, epsilon: Double = 1e-5, momentum: Double? = 0.1, isAffine: Bool = true,
    tracksStatistics: Bool = true, activation: Activation = .identity
  ) {
    require(features >= 1, "BatchNorm(\(features)): there has to be at least 1 feature")
    require(
      momentum.map { $0 >= 0 && $0 <= 1 } ?? true,
      "BatchNorm: momentum \(momentum ?? 0) is not in 0 ... 1")
    require(
      epsilon > 0 && epsilon.isFinite,
      "BatchNorm: epsilon is \(epsilon); it has to be a positive number")
    weight = isAffine ? Parameter(.ones([features]), name: "weight") : nil
    bias = isAffine ? Parameter(.zeros([features]), name: "bias") : nil
    runningMean = tracksStatistics ? Buffer(.zeros([features]), name: "running_mean") : nil
    runningVar = tracksStatistics ? Buffer(.ones([features]), name: "running_var") : nil
    numBatchesTracked =
      tracksStatistics
      ? Buffer(.zeros([]), name: "num_batches_tracked", isOptional: true, isCount: true) : nil
    self.features = features
    self.epsilon = epsilon
    self.momentum = momentum
    self.activation = activation
  }

  /// act(γ ∘ (x − μ) / √(σ² + ε) + β)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    context.finish(normalize(x, nil, context), activation)
  }

  /// act(γ ∘ (x − μ) / √(σ² + ε) + β + residual), the residual of the shape of x
  public func callAsFunction(
    _ x: Tensor, adding residual: Tensor, _ context: Context
  ) -> Tensor {
    run(context) { context.finish(normalize(x, residual, context), activation) }
  }

  /// The maxima over windows of act(γ ∘ (x − μ) / √(σ² + ε) + β), in one pass; one after the other where somebody
  /// looks at the layers, and where windows are dilated.
  public func callAsFunction(_ x: Tensor, maxima pool: MaxPool2d, _ context: Context) -> Tensor {
    guard context.inspection == nil, pool.dilation == 1 else {
      return pool(self(x, context), context)
    }
    return run(context) {
      normalized(x, context) { statistics in
        if let (mean, variance) = statistics {
          let y = batchNormalizationMaxPool(
            x, weight?.value, bias?.value, mean: mean, variance: variance, epsilon: epsilon,
            activation: activation, window: pool.window, stride: pool.stride,
            padding: pool.padding)
          return (y, mean, variance)
        }
        return batchNormalizationMaxPool(
          x, weight?.value, bias?.value, epsilon: epsilon, activation: activation,
          window: pool.window, stride: pool.stride, padding: pool.padding)
      }
    }
  }

  private func normalize(_ x: Tensor, _ residual: Tensor?, _ context: Context) -> Tensor {
    let fused = context.fusable(activation)
    return normalized(x, context) { statistics in
      if let (mean, variance) = statistics {
        let y = batchNormalization(
          x, weight?.value, bias?.value, mean: mean, variance: variance, epsilon: epsilon,
          adding: residual, activation: fused)
        return (y, mean, variance)
      }
      return batchNormalization(
        x, weight?.value, bias?.value, epsilon: epsilon, adding: residual, activation: fused)
    }
  }

  /// What `body` makes of the running statistics, or, where it is given none, of the batch's.
  private func normalized(
    _ x: Tensor, _ context: Context,
    _ body: ((mean: Tensor, variance: Tensor)?) -> (output: Tensor, mean: Tensor, variance: Tensor)
  ) -> Tensor {
    require(
      x.rank >= 2 && x.shape[x.rank - 1] == features,
      "input of shape \(x.shape); it has to be [batch, …, \(features)]")
    if context.mode == .inference, let runningMean, let runningVar {
      return body((runningMean.value, runningVar.value)).output
    }
    require(
      x.count > 0, "input of shape \(x.shape) is empty; there is nothing to take statistics of")
    require(
      x.count > features,
      "input of shape \(x.shape) has one value for each channel, whose variance "
        + "is 0; \(context.mode == .training ? "training" : "a layer without running statistics") needs a "
        + "larger batch or image")
    let (y, mean, variance) = body(nil)
    if context.mode == .training { follow(mean, variance, count: x.count / features) }
    return y
  }

  /// Takes the statistics of a batch with so many values for each channel into the running ones.
  private func follow(_ mean: Tensor, _ variance: Tensor, count: Int) {
    guard let runningMean, let runningVar, let numBatchesTracked else { return }
    // In float32 it stops at 2²⁴ batches: more than anyone trains, and it counts only where there is no momentum.
    numBatchesTracked.value = numBatchesTracked.value + 1
    let share = momentum ?? 1 / numBatchesTracked.value.item
    let unbiased = Double(count) / Double(count - 1)
    runningMean.value = addScaled(runningMean.value * (1 - share), mean, share)
    runningVar.value = addScaled(runningVar.value * (1 - share), variance, share * unbiased)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for mode in [Context.Mode.training, .inference] {
    GradientCheck.register("BatchNorm in \(mode)", group: .layer) { sampler in
      ([
        [4, 1], [5, 3], [3, 7], [7, 8], [4, 9], [3, 15], [5, 16], [2, 3, 2, 17], [3, 31],
        [2, 2, 2, 33], [3, 1, 1, 5], [1, 2, 3, 8], [2, 3, 4],
      ] as [Shape]).map { shape in
        let x = sampler.parameter(shape)
        let residual = sampler.parameter(shape)
        let layer = BatchNorm(shape[shape.rank - 1], epsilon: 0.1)
        convert(layer, to: sampler.dtype)
        layer.weight!.value = sampler.tensor([layer.features], .awayFromZero)
        layer.bias!.value = sampler.tensor([layer.features])
        layer.runningMean!.value = sampler.tensor([layer.features])
        layer.runningVar!.value = sampler.tensor([layer.features], .positive)
        let given = (
          mean: layer.runningMean!.value.doubles, variance: layer.runningVar!.value.doubles
        )
        return .init(
          "\(shape)", [x, layer.weight!, layer.bias!, residual],
          byHand: { dy in
            naiveBatchNormGradients(
              x, [layer.weight!, layer.bias!], dy, .identity,
              isGiven: mode == .training ? nil : given
            ).map { Tensor($0.1, shape: $0.0, dtype: dy.dtype) }
          }
        ) {
          layer(
            x.value, adding: residual.value, mode == .training ? .training(seed: 0) : .inference)
        }
      }
    }
  }
}
