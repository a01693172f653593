// Batch normalisation with what follows it, the sum with a shortcut and a rectifier, in the same pass.

private let momentsOfChannels = Kernel("channel_statistics")
private let coefficientsKernel = Kernel("batch_norm_coefficients")
private let normalize = Kernel("batch_norm")
private let pull = Kernel("batch_norm_pullback")

/// Batch normalisation by the statistics of the batch.  y = act(γ ∘ x̂ + β + r),  x̂ = (x − μ) / √(σ² + ε)
///
/// μ and σ² are the mean and the biased variance of each channel over all m values of it. With dz = dy ∘ act′:
/// dr = dz,  dβ = Σ dz,  dγ = Σ dz ∘ x̂,  dx = γ / √(σ² + ε) (dz − dβ / m − x̂ dγ / m)
///
/// Keeps x, and y only where there is a residual in front of a rectifier.
/// Ioffe and Szegedy, "Batch normalization", ICML 2015.
///
/// - Parameters:
///   - x: of two axes or more, the last one that of the channels, with at least two values for each channel.
///   - gamma: γ, `[channels]`, or nil for ones; float32 where x is bfloat16, as all that belongs to channels.
///   - beta: β, `[channels]`, or nil for zeros.
///   - epsilon: ε, which keeps the root away from zero.
///   - residual: r, of the shape and type of x, or nil.
///   - activation: what follows in the same pass.
/// - Returns: y, and μ and σ², which carry no history. Stops if shapes or types do not match.
public func batchNormalization(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, epsilon: Double = 1e-5,
  adding residual: Tensor? = nil, activation: Activation = .identity
) -> (output: Tensor, mean: Tensor, variance: Tensor) {
  requireBatchNormInputs(x, gamma, beta, residual, epsilon)
  let (mean, variance) = channelStatistics(x, "batchNormalization")
  let y = normalized(
    x, gamma, beta, mean, variance, epsilon, residual, activation, hasStatistics: true)
  return (y, mean, variance)
}

/// Batch normalisation by given statistics, as in inference: μ and σ² are constants.
///
/// dx = γ / √(σ² + ε) ∘ dz; the rest as in the other form.
///
/// - Parameters:
///   - x: of two axes or more, the last one that of the channels.
///   - gamma: γ, `[channels]`, or nil for ones.
///   - beta: β, `[channels]`, or nil for zeros.
///   - mean: μ, `[channels]`.
///   - variance: σ², `[channels]`.
///   - epsilon: ε.
///   - residual: r, of the shape and type of x, or nil.
///   - activation: what follows in the same pass.
public func batchNormalization(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, mean: Tensor, variance: Tensor,
  epsilon: Double = 1e-5, adding residual: Tensor? = nil, activation: Activation = .identity
) -> Tensor {
  requireBatchNormInputs(x, gamma, beta, residual, epsilon)
  requireStatistics(mean, variance, x)
  return normalized(
    x, gamma, beta, mean, variance, epsilon, residual, activation, hasStatistics: false)
}

/// The cotangents of batch normalisation's inputs.
public struct BatchNormalizationCotangents: Sendable {
  /// dx
  public let input: Tensor
  /// dγ, `[channels]`
  public let gamma: Tensor
  /// dβ, `[channels]`
  public let beta: Tensor
  /// dz: the cotangent of the residual, and of what the activation was applied to.
  public let residual: Tensor
}

/// The pullback of ``batchNormalization(_:_:_:epsilon:adding:activation:)``.
///
/// - Parameters:
///   - dy: the cotangent of the output.
///   - x: the input, of the same shape and type.
///   - gamma: γ, or nil.
///   - mean: μ of x, `[channels]`.
///   - variance: σ² of x, biased, `[channels]`.
///   - epsilon: ε.
///   - output: y where a rectifier followed, which cut where it is not positive; else nil.
public func batchNormalizationPullback(
  _ dy: Tensor, _ x: Tensor, gamma: Tensor? = nil, mean: Tensor, variance: Tensor,
  epsilon: Double = 1e-5, output: Tensor? = nil
) -> BatchNormalizationCotangents {
  requireBatchNormInputs(x, gamma, nil, dy, epsilon)
  requireStatistics(mean, variance, x)
  if let output { requireSame(output, x, "batchNormalizationPullback") }
  let found = pulledBack(
    dy, x, output, batchNormCoefficients(mean, variance, gamma, nil, epsilon),
    activation: output == nil ? .identity : .relu, hasStatistics: true,
    needs: (true, true, output != nil))
  return BatchNormalizationCotangents(
    input: found.dx!, gamma: found.dgamma!, beta: found.dbeta!, residual: found.dz ?? dy)
}

/// Batch normalisation put together from sums, products and a root, each with its own gradient.
///
/// The same function as ``batchNormalization(_:_:_:epsilon:adding:activation:)``, for comparison: it walks over
/// the images a dozen times.
///
/// - Parameters:
///   - x: float32 or float64, of two axes or more, the last one that of the channels, with at least two values for
///     each channel.
///   - gamma: γ, `[channels]`, or nil for ones.
///   - beta: β, `[channels]`, or nil for zeros.
///   - epsilon: ε.
///   - residual: r, of the shape of x, or nil.
///   - activation: what follows.
public func composedBatchNormalization(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, epsilon: Double = 1e-5,
  adding residual: Tensor? = nil, activation: Activation = .identity
) -> Tensor {
  requireBatchNormInputs(x, gamma, beta, residual, epsilon)
  requireSeveral(x, "composedBatchNormalization")
  let channels = x.shape[x.rank - 1]
  let rows = x.reshaped(to: .matrix(x.count / channels, channels))
  let centred = rows - broadcast(mean(rows, axis: 0), to: rows.shape)
  let deviation = sqrt(mean(centred * centred, axis: 0) + epsilon)
  var z = centred / broadcast(deviation, to: rows.shape)
  if let gamma { z = z * broadcast(gamma, to: rows.shape) }
  if let beta { z = z + broadcast(beta, to: rows.shape) }
  z = z.reshaped(to: x.shape)
  if let residual { z = z + residual }
  return activation == .relu ? relu(z) : z
}

// MARK: - Both directions

extension DType {
  /// The type of parameters and statistics beside images of this type.
  var ofChannels: DType { self == .bfloat16 ? .float32 : self }
}

/// The mean and the biased variance of every channel, `[channels]`; stops where a channel has one value.
func channelStatistics(_ x: Tensor, _ operation: StaticString) -> (mean: Tensor, variance: Tensor) {
  requireSeveral(x, operation)
  let channels = x.shape[x.rank - 1]
  let mean = Tensor(uninitialized: [channels], x.dtype.whole)
  let variance = Tensor(uninitialized: [channels], x.dtype.whole)
  momentsOfChannels.run(
    x.dtype, .init(x.count / channels, channels), x.storage, into: mean.storage, variance.storage)
  return (mean, variance)
}

/// Records one operation over however many inputs there are.
private func normalized(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, _ mean: Tensor, _ variance: Tensor,
  _ epsilon: Double, _ residual: Tensor?, _ activation: Activation, hasStatistics: Bool
) -> Tensor {
  let map = batchNormCoefficients(mean, variance, gamma, beta, epsilon)
  let channels = x.shape[x.rank - 1]
  let y = Tensor(uninitialized: x.shape, x.dtype)
  normalize.run(
    x.dtype, .init(x.count / channels, channels, activation == .relu ? 1 : 0), x.storage,
    residual?.storage, map.storage, into: y.storage)
  let kx = x.detached
  // Without a residual the mask follows from x, and y need not be read.
  let ky = residual != nil && activation == .relu ? y : nil
  let hasResidual = residual != nil
  let (hasGamma, hasBeta) = (gamma != nil, beta != nil)
  let inputs = [x] + [gamma, beta, residual].compactMap(\.self)
  return record("batchNormalization", y, from: inputs) { dy, needs in
    let forResidual = hasResidual && needs[needs.count - 1]
    let forParameters = needs[1..<(1 + (hasGamma ? 1 : 0) + (hasBeta ? 1 : 0))].contains(true)
    let found = pulledBack(
      dy, kx, ky, map, activation: activation, hasStatistics: hasStatistics,
      needs: (needs[0], forParameters, forResidual && activation == .relu))
    var all: [Tensor?] = [found.dx]
    if hasGamma { all.append(found.dgamma) }
    if hasBeta { all.append(found.dbeta) }
    if hasResidual { all.append(forResidual ? found.dz ?? dy : nil) }
    return all
  }
}

/// μ, γ / √(σ² + ε), β and 1 / √(σ² + ε), `[4, channels]`.
func batchNormCoefficients(
  _ mean: Tensor, _ variance: Tensor, _ gamma: Tensor?, _ beta: Tensor?, _ epsilon: Double
) -> Tensor {
  let map = Tensor(uninitialized: .matrix(4, mean.count), mean.dtype)
  coefficientsKernel.run(
    mean.dtype, .init(mean.count), mean.storage, variance.storage, gamma?.storage, beta?.storage,
    into: map.storage, scalars: SIMD8(epsilon, 0, 0, 0, 0, 0, 0, 0))
  return map
}

private func pulledBack(
  _ dy: Tensor, _ x: Tensor, _ y: Tensor?, _ map: Tensor, activation: Activation,
  hasStatistics: Bool, needs: (input: Bool, parameters: Bool, residual: Bool)
) -> (dx: Tensor?, dgamma: Tensor?, dbeta: Tensor?, dz: Tensor?) {
  let channels = x.shape[x.rank - 1]
  let dgamma = Tensor(uninitialized: [channels], x.dtype.whole)
  let dbeta = Tensor(uninitialized: [channels], x.dtype.whole)
  let dx = needs.input ? Tensor(uninitialized: x.shape, x.dtype) : nil
  let dz = needs.residual ? Tensor(uninitialized: x.shape, x.dtype) : nil
  pull.run(
    x.dtype,
    .init(
      x.count / channels, channels, activation == .relu ? 1 : 0, hasStatistics ? 1 : 0,
      needs.parameters ? 1 : 0), dy.storage, x.storage, y?.storage, map.storage,
    into: dgamma.storage, dbeta.storage, dx?.storage, dz?.storage)
  return (dx, needs.parameters ? dgamma : nil, needs.parameters ? dbeta : nil, dz)
}

// MARK: - Errors

func requireBatchNormInputs(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, _ residual: Tensor?, _ epsilon: Double
) {
  require(
    x.rank >= 2 && x.count > 0,
    "batchNormalization: input of shape \(x.shape); it has to be [batch, …, channels] and not empty"
  )
  if let gamma { requireOfChannels(gamma, "gamma", x) }
  if let beta { requireOfChannels(beta, "beta", x) }
  if let residual { requireSame(residual, x, "batchNormalization") }
  require(
    epsilon > 0 && epsilon.isFinite,
    "batchNormalization: epsilon is \(epsilon); it has to be a positive number")
}

func requireStatistics(_ mean: Tensor, _ variance: Tensor, _ x: Tensor) {
  requireOfChannels(mean, "mean", x)
  requireOfChannels(variance, "variance", x)
}

private func requireSeveral(_ x: Tensor, _ operation: StaticString) {
  require(
    x.count > x.shape[x.rank - 1],
    "\(operation): input of shape \(x.shape) has one value for each channel, whose variance is 0; "
      + "training needs a larger batch or image, inference given statistics")
}

private func requireOfChannels(_ row: Tensor, _ name: String, _ x: Tensor) {
  require(
    row.shape == [x.shape[x.rank - 1]] && row.dtype == x.dtype.whole,
    "batchNormalization: \(name) of shape \(row.shape) \(row.dtype) for input of shape \(x.shape) "
      + "\(x.dtype); it has to be [\(x.shape[x.rank - 1])] \(x.dtype.whole)")
}

// MARK: - Checks

@section("adjoint_registry") @used
private let checks: Registration = {
  let shapes: [Shape] = [
    [2, 1], [5, 3], [3, 1, 2, 7], [5, 8], [2, 3, 1, 9], [2, 3, 3, 15], [2, 2, 5, 16],
    [1, 3, 4, 17], [3, 31], [4, 2, 2, 33], [40, 2], [9, 7, 6, 5],
  ]
  for (name, isComposed, hasResidual, activation) in [
    ("batch_normalization", false, false, Activation.identity),
    ("batch_normalization_relu", false, false, .relu),
    ("batch_normalization_add", false, true, .identity),
    ("batch_normalization_add_relu", false, true, .relu),
    ("composed_batch_normalization", true, true, .relu),
  ] {
    GradientCheck.register(name) { sampler in
      shapes.map { shape in
        let (x, parameters, residual) = inputs(shape, hasResidual, &sampler)
        let all = [x] + parameters + (residual.map { [$0] } ?? [])
        return .init(
          "\(shape)", all,
          byHand: { dy in
            naiveBatchNormGradients(x, parameters, dy, activation, isGiven: nil)
              .prefix(all.count).map { Tensor($0.1, shape: $0.0, dtype: dy.dtype) }
          }
        ) {
          let (gamma, beta) = (parameters[0].value, parameters[1].value)
          if isComposed {
            return composedBatchNormalization(
              x.value, gamma, beta, epsilon: 0.1, adding: residual?.value, activation: activation)
          }
          return batchNormalization(
            x.value, gamma, beta, epsilon: 0.1, adding: residual?.value, activation: activation
          ).output
        }
      }
    }
  }
  for (name, hasResidual, activation) in [
    ("batch_normalization_by_given_statistics", false, Activation.relu),
    ("batch_normalization_by_given_statistics_add", true, .relu),
  ] {
    GradientCheck.register(name) { sampler in
      ([[1, 3], [1, 1, 1, 1]] + shapes).map { shape in
        let (x, parameters, residual) = inputs(shape, hasResidual, &sampler)
        let channels = shape[shape.rank - 1]
        let mean = sampler.tensor([channels], .uniform(-1, 1))
        let variance = sampler.tensor([channels], .uniform(0.5, 2))
        let all = [x] + parameters + (residual.map { [$0] } ?? [])
        return .init(
          "\(shape)", all,
          byHand: { dy in
            naiveBatchNormGradients(
              x, parameters, dy, activation, isGiven: (mean.doubles, variance.doubles)
            ).prefix(all.count).map { Tensor($0.1, shape: $0.0, dtype: dy.dtype) }
          }
        ) {
          batchNormalization(
            x.value, parameters[0].value, parameters[1].value, mean: mean, variance: variance,
            epsilon: 0.1, adding: residual?.value, activation: activation)
        }
      }
    }
  }
}

/// Every third channel is clearly cut by a rectifier and the others clearly not: no kink is near.
private func inputs(
  _ shape: Shape, _ hasResidual: Bool, _ sampler: inout Sampler
) -> (x: Parameter, parameters: [Parameter], residual: Parameter?) {
  let channels = shape[shape.rank - 1]
  let x = sampler.parameter(shape)
  let gamma = sampler.parameter([channels], .uniform(0.3, 1))
  let shifts = (0..<channels).map { $0 % 3 == 1 ? -7.0 : 7 }
  let beta = Parameter(Tensor(shifts, shape: [channels], dtype: sampler.dtype))
  return (x, [gamma, beta], hasResidual ? sampler.parameter(shape, .uniform(-1, 1)) : nil)
}

/// dx, dγ, dβ and dr by their formulas, one channel after the other, for inputs as `inputs` draws them.
package func naiveBatchNormGradients(
  _ x: Parameter, _ parameters: [Parameter], _ dy: Tensor, _ activation: Activation,
  isGiven given: (mean: [Double], variance: [Double])?
) -> [(Shape, [Double])] {
  let (xs, gammas) = (x.value.doubles, parameters[0].value.doubles)
  let channels = gammas.count
  let m = Double(xs.count / channels)
  var (dx, dz) = (xs, dy.doubles)
  var (dgamma, dbeta) = (gammas, gammas)
  for c in 0..<channels {
    let places = stride(from: c, to: xs.count, by: channels)
    if activation == .relu && c % 3 == 1 { for place in places { dz[place] = 0 } }
    let mean = given?.mean[c] ?? places.reduce(0) { $0 + xs[$1] } / m
    let variance =
      given?.variance[c] ?? places.reduce(0) { $0 + (xs[$1] - mean) * (xs[$1] - mean) } / m
    let s = 1 / (variance + 0.1).squareRoot()
    dbeta[c] = places.reduce(0) { $0 + dz[$1] }
    dgamma[c] = places.reduce(0) { $0 + dz[$1] * (xs[$1] - mean) * s }
    let share = given == nil ? 1 / m : 0
    for place in places {
      let along = (xs[place] - mean) * s * dgamma[c]
      dx[place] = gammas[c] * s * (dz[place] - share * (dbeta[c] + along))
    }
  }
  return [(x.shape, dx), ([channels], dgamma), ([channels], dbeta), (x.shape, dz)]
}
