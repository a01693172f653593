// The affine map with its activation fused: one pass writes the product, the bias and the rectifier.

private let sumAxis = Kernel("sum_axis")
private let reluBackward = Kernel("relu_pullback")
private let reluBackwardWithSum = Kernel("rectifier_sum")

/// What follows an affine map in the same pass.
public enum Activation: String, Sendable, Codable {
  /// Nothing.
  case identity
  /// max(z, 0)
  case relu
}

/// Affine map of the rows of x.  z = x Wᵀ + b,  y = act(z)
///
/// With dz = dy ∘ act′(z):  dx = dz W,  dW = dzᵀ x,  db = Σ over rows of dz
///
/// - Parameters:
///   - x: `[batch, inputs]`.
///   - weight: `[outputs, inputs]`, as PyTorch keeps it.
///   - bias: `[outputs]`, or nil.
///   - activation: what follows in the same pass.
/// - Returns: `[batch, outputs]`. Stops if the lengths do not match.
public func linear(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, activation: Activation = .identity
) -> Tensor {
  requireMatch(x, weight, bias)
  let (batch, inputs, outputs) = (x.shape[0], x.shape[1], weight.shape[0])
  let y: Tensor
  // A product alone is had on every processor.
  if x.dtype == .bfloat16 && bias == nil && activation == .identity {
    y = product(x, false, weight, true)
  } else {
    y = Tensor(uninitialized: .matrix(batch, outputs), x.dtype)
    Product.matmul(
      x.dtype, m: batch, n: outputs, k: inputs, x.storage, transposeA: false, weight.storage,
      transposeB: true, bias: bias?.storage, relu: activation == .relu, into: y.storage)
  }
  let (kx, kw) = (x.detached, weight.detached)
  let pull: (Tensor, Needs) -> (Tensor?, Tensor?, Tensor?) = { dy, needs in
    let (dz, db) = affineCotangents(dy, activation == .relu ? y : nil, withSum: needs.third)
    return (
      needs.first ? product(dz, false, kw, false) : nil,
      needs.second ? product(dz, true, kx, false) : nil, db
    )
  }
  if let bias { return record("linear", y, from: x, weight, bias, pullback: pull) }
  return record("linear", y, from: x, weight) { dy, needs in
    let (dx, dw, _) = pull(dy, needs)
    return (dx, dw)
  }
}

/// dz and, where it is asked for, its sum over the rows; y is the output of a rectifier.
private func affineCotangents(
  _ dy: Tensor, _ y: Tensor?, withSum: Bool
) -> (dz: Tensor, db: Tensor?) {
  guard let y else { return (dy, withSum ? columnSums(dy) : nil) }
  guard withSum else { return (reluBackward(dy, y), nil) }
  let dz = Tensor(uninitialized: dy.shape, dy.dtype)
  let db = Tensor(uninitialized: [dy.shape[1]], dy.dtype)
  reluBackwardWithSum.run(
    dy.dtype, .init(dy.shape[0], dy.shape[1]), dy.storage, y.storage, into: dz.storage, db.storage)
  return (dz, db)
}

private func columnSums(_ dz: Tensor) -> Tensor {
  let db = Tensor(uninitialized: [dz.shape[1]], dz.dtype)
  sumAxis.run(
    dz.dtype, .init(1, dz.shape[0], dz.shape[1]), dz.storage, into: db.storage,
    scalars: SIMD8(repeating: 1))
  return db
}

@inline(__always)
private func requireMatch(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) {
  require(
    x.rank == 2 && weight.rank == 2 && x.shape[1] == weight.shape[1],
    "linear: input of shape \(x.shape) and weight of shape \(weight.shape); they have to be "
      + "[batch, inputs] and [outputs, inputs]")
  require(
    bias.map { $0.rank == 1 && $0.shape[0] == weight.shape[0] } ?? true,
    "linear: bias of shape \(bias?.shape ?? []) for weight of shape \(weight.shape); it has to be "
      + "[\(weight.shape[0])]")
  require(
    x.dtype == weight.dtype && bias?.dtype ?? x.dtype == x.dtype,
    "linear: input \(x.dtype), weight \(weight.dtype), bias \(bias?.dtype ?? weight.dtype): the types "
      + "have to be the same")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for activation in [Activation.identity, .relu] {
    for hasBias in [true, false] {
      let name = "linear\(activation == .relu ? "_relu" : "")\(hasBias ? "" : "_without_bias")"
      GradientCheck.register(name) { sampler in
        productShapes.map { batch, outputs, inputs in
          // With a rectifier, everything is positive and the bias decides: no kink is near.
          let isKinked = activation == .relu
          let domain: Sampler.Domain = isKinked ? .uniform(0.3, 1) : .normal
          let x = sampler.parameter([batch, inputs], domain)
          let w = sampler.parameter([outputs, inputs], domain)
          let b = sampler.parameter([outputs], isKinked ? .uniform(-4, 4) : .normal)
          if isKinked { keepFromKink(x, w, b) }
          return .init(
            "batch \(batch) outputs \(outputs) inputs \(inputs)", hasBias ? [x, w, b] : [x, w],
            byHand: { dy in naiveLinearGradients(x, w, hasBias ? b : nil, dy, activation) }
          ) { linear(x.value, w.value, hasBias ? b.value : nil, activation: activation) }
        }
      }
    }
  }
}

/// Sets the biases so that every other output of a row is far above and far below zero.
private func keepFromKink(_ x: Parameter, _ w: Parameter, _ b: Parameter) {
  let inputs = Double(x.shape[1])
  let values = (0..<b.count).map { $0 % 2 == 0 ? 1.0 : -inputs - 1 }
  b.value = Tensor(values, shape: b.shape, dtype: b.dtype)
}

private func naiveLinearGradients(
  _ x: Parameter, _ w: Parameter, _ b: Parameter?, _ dy: Tensor, _ activation: Activation
) -> [Tensor?] {
  let (batch, inputs, outputs) = (x.shape[0], x.shape[1], w.shape[0])
  let (xs, ws, dys) = (x.value.doubles, w.value.doubles, dy.doubles)
  let bs = b?.value.doubles
  var dx = [Double](repeating: 0, count: xs.count)
  var dw = [Double](repeating: 0, count: ws.count)
  var db = [Double](repeating: 0, count: outputs)
  for row in 0..<batch {
    for output in 0..<outputs {
      var z = bs?[output] ?? 0
      for input in 0..<inputs { z += xs[row * inputs + input] * ws[output * inputs + input] }
      let dz = activation == .relu && z <= 0 ? 0 : dys[row * outputs + output]
      db[output] += dz
      for input in 0..<inputs {
        dx[row * inputs + input] += dz * ws[output * inputs + input]
        dw[output * inputs + input] += dz * xs[row * inputs + input]
      }
    }
  }
  let gradients = [
    Tensor(dx, shape: x.shape, dtype: x.dtype), Tensor(dw, shape: w.shape, dtype: w.dtype),
  ]
  return b.map { gradients + [Tensor(db, shape: $0.shape, dtype: $0.dtype)] } ?? gradients
}
