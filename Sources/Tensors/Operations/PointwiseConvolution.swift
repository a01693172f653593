// One-dimensional convolution with a window of one: an affine map along the middle axis, without a transpose.

private let forward = Kernel("pointwise_convolution")
private let toInput = Kernel("pointwise_convolution_to_input")
private let sumOverBatch = Kernel("pointwise_convolution_sums")

/// Affine map of the columns of each sample, as a one-dimensional convolution with a window of one.
///
/// Z = W X + b 1ᵀ,  Y = act(Z).  With dZ = dY ∘ act′(Z):  dX = Wᵀ dZ,  dW = Σ over samples of dZ Xᵀ,  db = Σ over samples and positions of dZ
///
/// This is ``linear(_:_:_:activation:)`` along the middle axis: the mixing of positions in Tolstikhin et al.,
/// "MLP-Mixer", NeurIPS 2021.
///
/// - Parameters:
///   - x: `[batch, inputs, length]`.
///   - weight: `[outputs, inputs]`.
///   - bias: `[outputs]`, or nil.
///   - activation: what follows in the same pass.
/// - Returns: `[batch, outputs, length]`. Stops if the lengths or types do not match.
public func pointwiseConvolution(
  _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, activation: Activation = .identity
) -> Tensor {
  requireMatch(x, weight, bias)
  let (batch, inputs, length) = (x.shape[0], x.shape[1], x.shape[2])
  let outputs = weight.shape[0]
  let sizes = Kernel.Sizes(batch, outputs, inputs, length)
  let y = Tensor(uninitialized: [batch, outputs, length], x.dtype)
  forward.run(
    x.dtype, sizes, x.storage, weight.storage, bias?.storage, into: y.storage,
    scalars: SIMD8(repeating: activation == .relu ? 1 : 0))
  let (kx, kw) = (x.detached, weight.detached)
  let pull: (Tensor, Needs) -> (Tensor?, Tensor?, Tensor?) = { dy, needs in
    let isRectified = activation == .relu
    // The cotangent of Z is kept only where dX is made of it.
    let dz = isRectified && needs.first ? Tensor(uninitialized: dy.shape, dy.dtype) : nil
    let dw = needs.second ? Tensor(uninitialized: kw.shape, dy.dtype) : nil
    let db = Tensor(uninitialized: [outputs], dy.dtype)
    if dz != nil || needs.second || needs.third {
      sumOverBatch.run(
        dy.dtype, sizes, kx.storage, dy.storage, isRectified ? y.storage : nil, into: db.storage,
        dw?.storage, dz?.storage)
    }
    let dx = needs.first ? Tensor(uninitialized: kx.shape, dy.dtype) : nil
    if let dx {
      toInput.run(dy.dtype, sizes, (dz ?? dy).storage, kw.storage, into: dx.storage)
    }
    return (dx, dw, needs.third ? db : nil)
  }
  if let bias { return record("pointwiseConvolution", y, from: x, weight, bias, pullback: pull) }
  return record("pointwiseConvolution", y, from: x, weight) { dy, needs in
    let (dx, dw, _) = pull(dy, needs)
    return (dx, dw)
  }
}

private func requireMatch(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) {
  require(
    x.rank == 3 && weight.rank == 2 && x.shape[1] == weight.shape[1],
    "pointwiseConvolution: input of shape \(x.shape) and weight of shape \(weight.shape); they have to be "
      + "[batch, inputs, length] and [outputs, inputs]")
  require(
    bias.map { $0.shape == [weight.shape[0]] } ?? true,
    "pointwiseConvolution: bias of shape \(bias?.shape ?? []) for weight of shape \(weight.shape); it has to "
      + "be [\(weight.shape[0])]")
  require(
    x.dtype == weight.dtype && bias?.dtype ?? x.dtype == x.dtype,
    "pointwiseConvolution: input \(x.dtype), weight \(weight.dtype), bias \(bias?.dtype ?? weight.dtype): the "
      + "types have to be the same")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  let shapes = [
    (1, 1, 1, 1), (2, 3, 4, 5), (3, 5, 1, 7), (1, 1, 6, 16), (5, 4, 4, 15), (9, 5, 7, 17),
    (4, 16, 16, 32), (2, 9, 3, 33), (17, 2, 5, 3), (0, 3, 2, 4), (2, 3, 2, 0),
  ]
  for activation in [Activation.identity, .relu] {
    GradientCheck.register("pointwise_convolution\(activation == .relu ? "_relu" : "")") {
      sampler in
      shapes.map { batch, outputs, inputs, length in
        // With a rectifier, the bias decides which units are on: no kink is near.
        let isKinked = activation == .relu
        let domain: Sampler.Domain = isKinked ? .uniform(0.3, 1) : .normal
        let x = sampler.parameter([batch, inputs, length], domain)
        let w = sampler.parameter([outputs, inputs], domain)
        let b = sampler.parameter([outputs])
        if isKinked {
          let values = (0..<outputs).map { $0 % 2 == 0 ? 1.0 : -Double(inputs) - 1 }
          b.value = Tensor(values, shape: [outputs], dtype: sampler.dtype)
        }
        return .init(
          "batch \(batch) outputs \(outputs) inputs \(inputs) length \(length)", [x, w, b],
          byHand: { dy in naiveGradients(x.value, w.value, b.value, dy, activation) }
        ) { pointwiseConvolution(x.value, w.value, b.value, activation: activation) }
      }
    }
  }
}

/// dx, dw and db by their definition, one product at a time.
private func naiveGradients(
  _ x: Tensor, _ w: Tensor, _ b: Tensor, _ dy: Tensor, _ activation: Activation
) -> [Tensor?] {
  let (batch, inputs, length, outputs) = (x.shape[0], x.shape[1], x.shape[2], w.shape[0])
  let (xs, ws, bs, dys) = (x.doubles, w.doubles, b.doubles, dy.doubles)
  var dx = [Double](repeating: 0, count: xs.count)
  var dw = [Double](repeating: 0, count: ws.count)
  var db = [Double](repeating: 0, count: outputs)
  for sample in 0..<batch {
    for output in 0..<outputs {
      for position in 0..<length {
        func place(_ input: Int) -> Int { (sample * inputs + input) * length + position }
        let z = (0..<inputs).reduce(bs[output]) { $0 + ws[output * inputs + $1] * xs[place($1)] }
        if activation == .relu && z <= 0 { continue }
        let dz = dys[(sample * outputs + output) * length + position]
        db[output] += dz
        for input in 0..<inputs {
          dx[place(input)] += dz * ws[output * inputs + input]
          dw[output * inputs + input] += dz * xs[place(input)]
        }
      }
    }
  }
  return [(dx, x.shape), (dw, w.shape), (db, b.shape)].map {
    Tensor($0, shape: $1, dtype: x.dtype)
  }
}
