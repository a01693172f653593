// Weight normalisation: the rows of a weight as directions with their lengths apart.
// Salimans and Kingma, "Weight Normalization", NeurIPS 2016, equations 2 and 3.

private let factorsOf = Kernel("weight_norm_factors")
private let scaleRows = Kernel("weight_norm")
private let backward = Kernel("weight_norm_pullback")
private let lengthsBackward = Kernel("weight_norm_lengths_pullback")
private let scaleColumns = Kernel("scale_columns")
private let scaleColumnsBackward = Kernel("scale_columns_pullback")

/// A weight from the directions and the lengths of its rows.  w = g v / ‖v‖
///
/// For each row:  dg = dw · v / ‖v‖,  dv = (g / ‖v‖) dw − (g dg / ‖v‖²) v
///
/// - Parameters:
///   - v: `[outputs, inputs]`, no row of length zero: its direction would not be a number.
///   - g: `[outputs]`.
/// - Returns: `[outputs, inputs]`. Stops if the lengths do not match.
public func weightNormalization(_ v: Tensor, _ g: Tensor) -> Tensor {
  requireMatch(v, g, "weightNormalization")
  let (kv, factors) = (v.detached, rowFactors(v, g))
  let sizes = Kernel.Sizes(v.shape[0], v.shape[1])
  let w = Tensor(uninitialized: v.shape, v.dtype)
  scaleRows.run(v.dtype, sizes, v.storage, factors.storage, into: w.storage)
  return record("weightNormalization", w, from: v, g) { dw, _ in
    let (dv, dg) = (
      Tensor(uninitialized: kv.shape, kv.dtype), Tensor(uninitialized: [kv.shape[0]], kv.dtype)
    )
    backward.run(
      dw.dtype, sizes, dw.storage, kv.storage, factors.storage, into: dv.storage, dg.storage)
    return (dv, dg)
  }
}

/// Affine map of the rows of x with a normalised weight.  y = act(x wᵀ + b),  w = g v / ‖v‖
///
/// As ``linear(_:_:_:activation:)`` of ``weightNormalization(_:_:)``, but w is never written: with s = g / ‖v‖ the
/// columns of z = x vᵀ are multiplied by s in the pass that adds the bias. With da = dy ∘ act′:
///
///     ds = Σ over rows of da ∘ z,  db = Σ over rows of da,  dx = (da ∘ s) v
///     dg = ds / ‖v‖,  dv = (da ∘ s)ᵀ x − (g ds / ‖v‖³) v
///
/// - Parameters:
///   - x: `[batch, inputs]`.
///   - v: `[outputs, inputs]`, no row of length zero.
///   - g: `[outputs]`.
///   - bias: `[outputs]`, or nil.
///   - activation: what follows in the same pass.
/// - Returns: `[batch, outputs]`. Stops if the lengths do not match.
public func weightNormalizedLinear(
  _ x: Tensor, _ v: Tensor, _ g: Tensor, _ bias: Tensor? = nil, activation: Activation = .identity
) -> Tensor {
  requireMatch(v, g, "weightNormalizedLinear")
  require(
    x.rank == 2 && x.shape[1] == v.shape[1] && (bias.map { $0.shape == g.shape } ?? true),
    "weightNormalizedLinear: input of shape \(x.shape), directions of \(v.shape) and bias of "
      + "\(bias?.shape ?? []); they have to be [batch, inputs], [outputs, inputs] and [outputs]")
  require(
    x.dtype == v.dtype && bias?.dtype ?? v.dtype == v.dtype,
    "weightNormalizedLinear: input \(x.dtype), directions \(v.dtype), bias \(bias?.dtype ?? v.dtype): "
      + "the types have to be the same")
  let isRectified = activation == .relu
  let sizes = Kernel.Sizes(x.shape[0], v.shape[0], isRectified ? 1 : 0)
  let (kx, kv, factors) = (x.detached, v.detached, rowFactors(v, g))
  let z = product(kx, false, kv, true)
  let y = Tensor(uninitialized: z.shape, z.dtype)
  scaleColumns.run(
    z.dtype, sizes, z.storage, factors.storage, bias?.storage, into: y.storage)
  let hasBias = bias != nil
  let inputs = [x, v, g] + (bias.map { [$0] } ?? [])
  return record("weightNormalizedLinear", y, from: inputs) { dy, needs in
    let dz = Tensor(uninitialized: z.shape, z.dtype)
    let (ds, db) = (
      Tensor(uninitialized: [kv.shape[0]], z.dtype), Tensor(uninitialized: [kv.shape[0]], z.dtype)
    )
    scaleColumnsBackward.run(
      dy.dtype, sizes, dy.storage, y.storage, z.storage, factors.storage, into: dz.storage,
      ds.storage, db.storage)
    var gradients: [Tensor?] = [needs[0] ? product(dz, false, kv, false) : nil, nil, nil]
    if needs[1] || needs[2] {
      let dg = Tensor(uninitialized: [kv.shape[0]], kv.dtype)
      let along = Tensor(uninitialized: [kv.shape[0]], kv.dtype)
      lengthsBackward.run(
        dy.dtype, .init(kv.shape[0]), factors.storage, ds.storage, into: dg.storage, along.storage)
      gradients[1] = product(ofTransposed: dz, kx, less: kv, times: along)
      gradients[2] = dg
    }
    return gradients + (hasBias ? [db] : [])
  }
}

/// The lengths of the rows of a matrix: what g is for a weight to be v itself. Has no gradient.
///
/// - Parameter v: `[outputs, inputs]`.
/// - Returns: `[outputs]`.
public func rowLengths(_ v: Tensor) -> Tensor {
  require(v.rank == 2, "rowLengths: shape \(v.shape); it has to be [outputs, inputs]")
  let inverse = rowFactors(v, .ones([v.shape[0]], dtype: v.dtype))
  return Tensor(
    inverse.doubles.prefix(v.shape[0]).map { 1 / $0 }, shape: [v.shape[0]], dtype: v.dtype)
}

/// dzᵀ x − s v with a factor s for each row of v.
private func product(
  ofTransposed dz: Tensor, _ x: Tensor, less v: Tensor, times s: Tensor
) -> Tensor {
  guard v.dtype == .float32 else {
    return product(dz, true, x, false) - broadcast(s.reshaped(to: [s.count, 1]), to: v.shape) * v
  }
  let dv = Tensor(uninitialized: v.shape, .float32)
  Product.panelMatmul(
    m: v.shape[0], n: v.shape[1], k: x.shape[0], dz.storage, transposeA: true, x.storage,
    less: (v.storage, s.storage), into: dv.storage)
  return dv
}

/// `[2, outputs]`: g / ‖v‖, then 1 / ‖v‖.
private func rowFactors(_ v: Tensor, _ g: Tensor) -> Tensor {
  let factors = Tensor(uninitialized: [2, v.shape[0]], v.dtype)
  factorsOf.run(
    v.dtype, .init(v.shape[0], v.shape[1]), v.storage, g.storage, into: factors.storage)
  return factors
}

private func requireMatch(_ v: Tensor, _ g: Tensor, _ operation: StaticString) {
  require(
    v.rank == 2 && g.shape == [v.shape[0]] && v.dtype == g.dtype,
    "\(operation): directions of shape \(v.shape) \(v.dtype) and lengths of shape \(g.shape) "
      + "\(g.dtype); they have to be [outputs, inputs] and [outputs] of one type")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  // What is left of a row's gradient beside the part along the row cancels: all of it where the row has one element.
  GradientCheck.register("weight_normalization", toleranceByHand: 5e-12) { sampler in
    [
      (1, 1), (1, 17), (3, 5), (9, 2), (2, 7), (7, 8), (8, 9), (16, 15), (5, 16), (3, 31), (2, 33),
      (33, 64), (5, 70), (0, 3),
    ].map { outputs, inputs in
      let v = sampler.parameter([outputs, inputs], .uniform(0.3, 1))
      let g = sampler.parameter([outputs])
      return .init(
        "outputs \(outputs) inputs \(inputs)", [v, g],
        byHand: { dw in naiveGradients(v, g, dw.doubles) }
      ) { weightNormalization(v.value, g.value) }
    }
  }
  for activation in [Activation.identity, .relu] {
    for hasBias in [true, false] {
      let name =
        "weight_normalized_linear\(activation == .relu ? "_relu" : "")\(hasBias ? "" : "_without_bias")"
      GradientCheck.register(name, toleranceByHand: 5e-12) { sampler in
        let lengths = GradientCheck.normalizedLengths + [(3, 65, 15), (2, 0, 3)]
        return lengths.map { batch, outputs, inputs in
          // Positive numbers, and lengths that alternate in sign: no output is near the kink.
          let x = sampler.parameter([batch, inputs], .uniform(0.3, 1))
          let v = sampler.parameter([outputs, inputs], .uniform(0.3, 1))
          let g = Parameter(
            Tensor(
              (0..<outputs).map { $0 % 2 == 0 ? 1 : -1 }, shape: [outputs], dtype: sampler.dtype))
          let b = sampler.parameter([outputs], .uniform(-0.1, 0.1))
          return .init(
            "batch \(batch) outputs \(outputs) inputs \(inputs)",
            hasBias ? [x, v, g, b] : [x, v, g],
            byHand: { dy in
              let w = weightNormalization(v.value, g.value)
              let y = linear(x.value, w, hasBias ? b.value : nil, activation: activation)
              let kept = zip(dy.doubles, y.doubles).map { $1 == 0 ? 0 : $0 }
              let dz = Tensor(kept, shape: dy.shape, dtype: dy.dtype)
              let dw = matmul(dz, x.value, transposeA: true)
              return [matmul(dz, w)] + naiveGradients(v, g, dw.doubles)
                + (hasBias ? [sum(dz, axis: 0)] : [])
            }
          ) {
            weightNormalizedLinear(
              x.value, v.value, g.value, hasBias ? b.value : nil, activation: activation)
          }
        }
      }
    }
  }
}

private func naiveGradients(_ v: Parameter, _ g: Parameter, _ dw: [Double]) -> [Tensor?] {
  let (outputs, inputs) = (v.shape[0], v.shape[1])
  let (vs, gs) = (v.value.doubles, g.value.doubles)
  var (dv, dg) = ([Double](repeating: 0, count: vs.count), [Double](repeating: 0, count: outputs))
  for row in 0..<outputs {
    let places = (row * inputs)..<((row + 1) * inputs)
    let length = places.reduce(0) { $0 + vs[$1] * vs[$1] }.squareRoot()
    dg[row] = places.reduce(0) { $0 + dw[$1] * vs[$1] } / length
    for place in places {
      dv[place] = gs[row] / length * (dw[place] - dg[row] * vs[place] / length)
    }
  }
  return [
    Tensor(dv, shape: v.shape, dtype: v.dtype), Tensor(dg, shape: g.shape, dtype: g.dtype),
  ]
}
