// Normalisation by the mean over the batch alone, with its bias and a rectifier in the same pass.

private let addRow = Kernel("add_row")
private let subtract = Kernel("subtract")
private let multiplyScalar = Kernel("multiply_scalar")
private let reluBackward = Kernel("relu_pullback")

/// Mean-only batch normalisation.  z = x − μ + b,  y = act(z),  where μ is the mean over all
/// axes but the last
///
/// With dz = dy ∘ act′(z):  db = Σ dz over those axes,  dx = dz − db / m for m values of a feature;  where the mean
/// is given, dx = dz.
/// Salimans and Kingma, "Weight normalization", NeurIPS 2016, section 4.
///
/// - Parameters:
///   - x: `[batch, …, features]`, not empty.
///   - bias: b, `[features]`.
///   - mean: `[features]`, a constant to take instead of the batch's mean, as inference does; nil for μ.
///   - activation: what follows in the same pass.
/// - Returns: a tensor of the shape of x. Stops if the lengths do not match.
public func meanOnlyBatchNormalization(
  _ x: Tensor, _ bias: Tensor, mean: Tensor? = nil, activation: Activation = .identity
) -> Tensor {
  meanOnlyBatchNormalizationWithMean(x, bias, mean: mean, activation: activation).output
}

/// As ``meanOnlyBatchNormalization(_:_:mean:activation:)``, with the mean that was subtracted, which carries no
/// history.
public func meanOnlyBatchNormalizationWithMean(
  _ x: Tensor, _ bias: Tensor, mean given: Tensor? = nil, activation: Activation = .identity
) -> (output: Tensor, mean: Tensor) {
  requireMatch(x, bias)
  if let given { requireMatch(x, given) }
  let (kx, kb) = (x.detached, bias.detached)
  let mean = given?.detached ?? Tensors.mean(rows(of: kx), axis: 0)
  let y = Tensor(uninitialized: x.shape, x.dtype)
  let shift = subtract(kb, mean)
  addRow.run(
    x.dtype, .init(x.count / kb.count, kb.count, activation == .relu ? 1 : 0), kx.storage,
    shift.storage,
    into: y.storage)
  let isGiven = given != nil
  let output = record("meanOnlyBatchNormalization", y, from: x, bias) { dy, needs in
    let dz = activation == .relu ? reluBackward(dy, y) : dy
    if isGiven { return (dz, needs.second ? sum(rows(of: dz), axis: 0) : nil) }
    let db = sum(rows(of: dz), axis: 0)
    return (needs.first ? meanOnlyBatchNormalizationPullback(dz, biasGradient: db) : nil, db)
  }
  return (output, mean)
}

/// The pullback of ``meanOnlyBatchNormalization(_:_:mean:activation:)`` without activation to its input:
/// dx = dz − db / m
///
/// - Parameters:
///   - dz: the cotangent of the output, `[batch, …, features]`, not empty.
///   - db: its sum over all axes but the last, `[features]`.
public func meanOnlyBatchNormalizationPullback(_ dz: Tensor, biasGradient db: Tensor) -> Tensor {
  requireMatch(dz, db)
  let dx = Tensor(uninitialized: dz.shape, dz.dtype)
  let shift = multiplyScalar(db, -Double(db.count) / Double(dz.count))
  addRow.run(
    dz.dtype, .init(dz.count / db.count, db.count, 0), dz.storage, shift.storage, into: dx.storage)
  return dx
}

private func rows(of x: Tensor) -> Tensor {
  let features = x.shape[x.rank - 1]
  return x.rank == 2 ? x : x.reshaped(to: .matrix(x.count / features, features))
}

@inline(__always)
private func requireMatch(_ x: Tensor, _ row: Tensor) {
  require(
    x.rank >= 2 && x.count > 0 && row.rank == 1 && row.shape[0] == x.shape[x.rank - 1]
      && row.dtype == x.dtype,
    "meanOnlyBatchNormalization: input of shape \(x.shape) \(x.dtype) with a row of shape \(row.shape) "
      + "\(row.dtype); they have to be [batch, …, features] and [features] of one type, not empty"
  )
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for (name, activation, isGiven) in [
    ("mean_only_batch_normalization", Activation.identity, false),
    ("mean_only_batch_normalization_relu", .relu, false),
    ("mean_only_batch_normalization_by_a_given_mean", .relu, true),
  ] {
    GradientCheck.register(name) { sampler in
      ([
        [1, 1], [1, 5], [3, 1], [4, 7], [3, 8], [2, 9], [3, 15], [5, 16], [7, 17], [2, 31],
        [16, 33], [300, 130], [2, 3, 2, 5],
      ] as [Shape]).map { shape in
        let features = shape[shape.rank - 1]
        let batch = shape.count / features
        let x = sampler.parameter(shape, .uniform(-1, 1))
        let mean = isGiven ? sampler.tensor([features], .uniform(-1, 1)) : nil
        // Every unit is clearly on or clearly off: no kink is near.
        let biases = (0..<features).map { $0 % 3 == 1 ? -4.0 : 4 }
        let b = Parameter(Tensor(biases, shape: [features], dtype: sampler.dtype))
        return .init(
          "\(shape)", [x, b],
          byHand: { dy in
            let slopes = biases.map { activation == .relu && $0 < 0 ? 0.0 : 1 }
            let dz = dy.doubles.enumerated().map { $1 * slopes[$0 % features] }
            let db = (0..<features).map { column in
              (0..<batch).reduce(0) { $0 + dz[$1 * features + column] }
            }
            let share = isGiven ? 0 : 1 / Double(batch)
            let dx = dz.enumerated().map { $1 - db[$0 % features] * share }
            return [
              Tensor(dx, shape: x.shape, dtype: dy.dtype),
              Tensor(db, shape: b.shape, dtype: dy.dtype),
            ]
          }
        ) {
          meanOnlyBatchNormalization(x.value, b.value, mean: mean, activation: activation)
        }
      }
    }
  }
}
