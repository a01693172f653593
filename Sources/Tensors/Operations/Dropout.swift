// Dropout, its mask a pure function of a key.

private let drop = Kernel("dropout")
private let multiply = Kernel("multiply")
private let scaleRows = Kernel("scale_rows")

/// What a dropout mask is drawn from: the same key, the same mask, in whatever precision and on however
/// many threads.
public struct DropoutKey: Sendable, Hashable, Codable {
  /// The run's seed.
  public let seed: UInt64
  /// The number of the draw: different for each layer and each step.
  public let stream: UInt64

  /// A key.
  public init(seed: UInt64, stream: UInt64) {
    self.seed = seed
    self.stream = stream
  }
}

/// Sets elements to zero with a probability and scales the others.  y = x ∘ M,  dx = dy ∘ M
///
/// Mⱼ is 0 with probability p, else 1/(1 − p).
/// Srivastava et al., "Dropout", JMLR 15 (2014).
///
/// - Parameters:
///   - x: of any shape.
///   - probability: p, in `0 ..< 1`.
///   - key: what the mask is drawn from.
public func dropout(_ x: Tensor, probability: Double, key: DropoutKey) -> Tensor {
  if probability == 0 { return x }
  let y = Tensor(uninitialized: x.shape, x.dtype)
  let mask = draw(x.shape, probability, key, x.dtype, droppingFrom: x, to: y)
  return record("dropout", y, from: x) { dy in multiply(dy, mask) }
}

/// The mask that ``dropout(_:probability:key:)`` multiplies by: 0 or 1/(1 − p). Stops as it does.
public func dropoutMask(
  _ shape: Shape, probability: Double, key: DropoutKey, dtype: DType = .float32
) -> Tensor {
  draw(shape, probability, key, dtype)
}

/// Sets whole rows, such as the images of a batch, to zero with a probability and scales the others.
/// y[n, …] = x[n, …] Mₙ,  dx = dy ∘ M
///
/// Mₙ is 0 with probability p, else 1/(1 − p); in bfloat16 the product is rounded, not the mask.
/// Huang, Sun, Liu, Sedra and Weinberger, "Deep networks with stochastic depth", ECCV 2016.
///
/// - Parameters:
///   - x: of one axis or more, the first one that of the rows.
///   - probability: p, in `0 ..< 1`.
///   - key: what the mask is drawn from.
public func dropoutRows(_ x: Tensor, probability: Double, key: DropoutKey) -> Tensor {
  require(x.rank >= 1, "dropoutRows: input of shape \(x.shape) has no rows")
  if probability == 0 { return x }
  let rows = x.shape[0]
  let mask = dropoutMask([rows], probability: probability, key: key, dtype: x.dtype.whole)
  let sizes = Kernel.Sizes(rows, rows == 0 ? 0 : x.count / rows)
  let scaled: (Tensor) -> Tensor = { values in
    let result = Tensor(uninitialized: values.shape, values.dtype)
    scaleRows.run(
      values.dtype, sizes, values.storage, mask.storage, into: result.storage)
    return result
  }
  return record("dropoutRows", scaled(x), from: x, pullback: scaled)
}

/// The mask, and in the same pass x ∘ M where there is an x.
private func draw(
  _ shape: Shape, _ probability: Double, _ key: DropoutKey, _ dtype: DType,
  droppingFrom x: Tensor? = nil, to y: Tensor? = nil
) -> Tensor {
  require(
    probability >= 0 && probability < 1,
    "dropout: probability \(probability) is not in 0 ..< 1")
  let mask = Tensor(uninitialized: shape, dtype)
  drop.run(
    dtype,
    .init(shape.count, Int(bitPattern: UInt(key.seed)), Int(bitPattern: UInt(key.stream))),
    x?.storage, into: mask.storage, y?.storage,
    scalars: SIMD8(probability, 1 / (1 - probability), 0, 0, 0, 0, 0, 0))
  return mask
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("dropout") { sampler in
    GradientCheck.shapes.map { shape in
      let x = sampler.parameter(shape)
      let key = DropoutKey(seed: 7, stream: UInt64(sampler.integer(below: 1000)))
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          let mask = dropoutMask(shape, probability: 0.3, key: key, dtype: x.dtype).doubles
          return [
            Tensor(zip(dy.doubles, mask).map { $0 * $1 }, shape: shape, dtype: x.dtype)
          ]
        }
      ) { dropout(x.value, probability: 0.3, key: key) }
    }
  }
  GradientCheck.register("dropout_rows") { sampler in
    GradientCheck.shapes.filter { $0.rank > 0 }.map { shape in
      let x = sampler.parameter(shape)
      let key = DropoutKey(seed: 7, stream: UInt64(sampler.integer(below: 1000)))
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          let mask = dropoutMask([shape[0]], probability: 0.3, key: key, dtype: x.dtype).doubles
          let length = shape.count / max(1, shape[0])
          let values = dy.doubles.enumerated().map { $1 * mask[$0 / length] }
          return [Tensor(values, shape: shape, dtype: x.dtype)]
        }
      ) { dropoutRows(x.value, probability: 0.3, key: key) }
    }
  }
}
