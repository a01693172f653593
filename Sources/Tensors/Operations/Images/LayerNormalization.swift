// Normalisation of each row, or of groups of channels of each image, by its own statistics.

private let layerForward = Kernel("layer_norm")
private let layerBackward = Kernel("layer_norm_pullback")
private let groupForward = Kernel("group_norm")
private let groupBackward = Kernel("group_norm_pullback")

/// Layer normalisation.  y = γ ∘ x̂ + β,  x̂ = (x − μ) / √(σ² + ε), with μ and σ² of each row
///
/// A row is what the trailing axes hold. With g = γ ∘ dy:  dγ = Σ dy ∘ x̂ and dβ = Σ dy over the rows,
/// dx = (g − mean g − x̂ mean (g ∘ x̂)) / √(σ² + ε).
/// Ba, Kiros and Hinton, "Layer normalization", arXiv:1607.06450.
///
/// - Parameters:
///   - x: its last axes are those that are normalised over; not empty.
///   - gamma: γ, of the shape of those axes, or nil for ones; float32 where x is bfloat16.
///   - beta: β, of the same shape, or nil for zeros.
///   - axes: how many axes at the end a row has.
///   - epsilon: ε, which keeps the root away from zero.
public func layerNormalization(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, axes: Int = 1, epsilon: Double = 1e-5
) -> Tensor {
  require(
    axes >= 1 && axes <= x.rank && x.count > 0,
    "layerNormalization: over \(axes) axes of an input of shape \(x.shape); there has to be at least one, and "
      + "the input must not be empty")
  let shape = Shape(Array(x.shape.lengths.suffix(axes)))
  requireParameters(gamma, beta, x, shape, epsilon, "layerNormalization")
  let (rows, features) = (x.count / shape.count, shape.count)
  let y = Tensor(uninitialized: x.shape, x.dtype)
  let statistics = Tensor(uninitialized: .matrix(rows, 2), x.dtype.whole)
  layerForward.run(
    x.dtype, .init(rows, features), x.storage, gamma?.storage, beta?.storage, into: y.storage,
    statistics.storage, scalars: SIMD8(epsilon, 0, 0, 0, 0, 0, 0, 0))
  return recordNormalization("layerNormalization", y, x, gamma, beta, shape) {
    layerBackward.run(
      x.dtype, .init(rows, features, $0.wantsSums ? 1 : 0), $0.dy, $0.x, statistics.storage,
      $0.gamma, into: $0.dgamma, $0.dbeta, $0.dx)
  }
}

/// Group normalisation.  As ``layerNormalization(_:_:_:axes:epsilon:)``, over the pixels and the channels of each
/// group of an image; γ and β are of the channels.
///
/// Wu and He, "Group normalization", ECCV 2018.
///
/// - Parameters:
///   - x: `[batch, …, channels]`, not empty.
///   - gamma: γ, `[channels]`, or nil for ones; float32 where x is bfloat16.
///   - beta: β, `[channels]`, or nil for zeros.
///   - groups: in how many groups of neighbours the channels fall; a divisor of their number.
///   - epsilon: ε, which keeps the root away from zero.
public func groupNormalization(
  _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, groups: Int, epsilon: Double = 1e-5
) -> Tensor {
  require(
    x.rank >= 2 && x.count > 0,
    "groupNormalization: input of shape \(x.shape); it has to be [batch, …, channels] and not empty"
  )
  let (batch, channels) = (x.shape[0], x.shape[x.rank - 1])
  require(
    groups >= 1 && channels % groups == 0,
    "groupNormalization: \(groups) groups of \(channels) channels; their number has to divide that of the "
      + "channels")
  requireParameters(gamma, beta, x, [channels], epsilon, "groupNormalization")
  let pixels = x.count / batch / channels
  let y = Tensor(uninitialized: x.shape, x.dtype)
  let statistics = Tensor(uninitialized: [batch, 2, groups], x.dtype.whole)
  groupForward.run(
    x.dtype, .init(batch, pixels, channels, groups), x.storage, gamma?.storage, beta?.storage,
    into: y.storage, statistics.storage, scalars: SIMD8(epsilon, 0, 0, 0, 0, 0, 0, 0))
  return recordNormalization("groupNormalization", y, x, gamma, beta, [channels]) {
    groupBackward.run(
      x.dtype, .init(batch, pixels, channels, groups, $0.wantsSums ? 1 : 0), $0.dy, $0.x,
      statistics.storage, $0.gamma, into: $0.dgamma, $0.dbeta, $0.dx)
  }
}

/// What the kernel of a pullback reads and writes.
private struct PullbackBuffers {
  let dy, x: Storage
  let gamma: Storage?
  let dgamma, dbeta: Storage
  let dx: Storage?
  let wantsSums: Bool
}

private func recordNormalization(
  _ name: StaticString, _ y: Tensor, _ x: Tensor, _ gamma: Tensor?, _ beta: Tensor?, _ row: Shape,
  pull: @escaping (PullbackBuffers) -> Void
) -> Tensor {
  let (kx, kgamma) = (x.detached, gamma?.detached)
  let (hasGamma, hasBeta) = (gamma != nil, beta != nil)
  return record(name, y, from: [x] + [gamma, beta].compactMap(\.self)) { dy, needs in
    let wantsSums = needs.dropFirst().contains(true)
    let dx = needs[0] ? Tensor(uninitialized: kx.shape, kx.dtype) : nil
    let dgamma = Tensor(uninitialized: row, kx.dtype.whole)
    let dbeta = Tensor(uninitialized: row, kx.dtype.whole)
    pull(
      PullbackBuffers(
        dy: dy.storage, x: kx.storage, gamma: kgamma?.storage, dgamma: dgamma.storage,
        dbeta: dbeta.storage, dx: dx?.storage, wantsSums: wantsSums))
    var all: [Tensor?] = [dx]
    if hasGamma { all.append(wantsSums ? dgamma : nil) }
    if hasBeta { all.append(wantsSums ? dbeta : nil) }
    return all
  }
}

private func requireParameters(
  _ gamma: Tensor?, _ beta: Tensor?, _ x: Tensor, _ shape: Shape, _ epsilon: Double,
  _ name: StaticString
) {
  for (parameter, word) in [(gamma, "gamma"), (beta, "beta")] {
    guard let parameter else { continue }
    require(
      parameter.shape == shape && parameter.dtype == x.dtype.whole,
      "\(name): \(word) of shape \(parameter.shape) \(parameter.dtype) for input of shape \(x.shape) "
        + "\(x.dtype); it has to be \(shape) \(x.dtype.whole)")
  }
  require(
    epsilon > 0 && epsilon.isFinite,
    "\(name): epsilon is \(epsilon); it has to be a positive number")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for isAffine in [true, false] {
    let suffix = isAffine ? "" : "_without_parameters"
    GradientCheck.register("layer_normalization" + suffix) { sampler in
      ([
        ([1, 1], 1), ([3, 7], 1), ([2, 8], 1), ([4, 9], 1), ([3, 15], 1), ([5, 16], 1),
        ([2, 2, 17], 1), ([2, 31], 1), ([33], 1), ([4, 2, 3], 2), ([2, 3, 4], 3),
        ([2, 1, 3, 3], 2),
        ([40, 3], 1),
      ] as [(Shape, Int)]).map { shape, axes in
        let row = Shape(Array(shape.lengths.suffix(axes)))
        let x = sampler.parameter(shape)
        let parameters = isAffine ? [sampler.parameter(row), sampler.parameter(row)] : []
        return .init(
          "\(shape) over \(axes)", [x] + parameters,
          byHand: { dy in
            naiveNormalizationGradients(x.value, parameters, dy) { $0 / row.count }
          }
        ) {
          layerNormalization(
            x.value, parameters.first?.value, parameters.last?.value, axes: axes, epsilon: 0.1)
        }
      }
    }
    GradientCheck.register("group_normalization" + suffix) { sampler in
      ([
        ([1, 1], 1), ([2, 1, 1, 4], 2), ([2, 3, 2, 6], 3), ([3, 7], 1), ([2, 2, 8], 4),
        ([1, 3, 2, 9], 3), ([2, 1, 2, 15], 5), ([3, 2, 1, 16], 16), ([2, 2, 1, 16], 2),
        ([1, 2, 2, 17], 1), ([1, 1, 3, 31], 1), ([1, 3, 3, 33], 3), ([2, 40, 2], 1),
      ] as [(Shape, Int)]).map { shape, groups in
        let channels = shape[shape.rank - 1]
        let x = sampler.parameter(shape)
        let parameters =
          isAffine ? [sampler.parameter([channels]), sampler.parameter([channels])] : []
        let image = shape.count / shape[0]
        return .init(
          "\(shape) in \(groups)", [x] + parameters,
          byHand: { dy in
            naiveNormalizationGradients(x.value, parameters, dy) {
              $0 / image * groups + $0 % channels / (channels / groups)
            }
          }
        ) {
          groupNormalization(
            x.value, parameters.first?.value, parameters.last?.value, groups: groups, epsilon: 0.1)
        }
      }
    }
  }
}

/// dx, and dγ and dβ if there are any, where `set` says which elements are normalised together; ϵ is 0.1.
package func naiveNormalizationGradients(
  _ x: Tensor, _ parameters: [Parameter], _ dy: Tensor, set: (Int) -> Int
) -> [Tensor] {
  let (xs, dys) = (x.doubles, dy.doubles)
  let gammas = parameters.first?.value.doubles
  let members = Dictionary(grouping: xs.indices, by: set)
  var (dx, normal) = (xs, xs)
  for places in members.values {
    let count = Double(places.count)
    let mean = places.reduce(0) { $0 + xs[$1] } / count
    let variance = places.reduce(0) { $0 + (xs[$1] - mean) * (xs[$1] - mean) } / count
    let s = 1 / (variance + 0.1).squareRoot()
    let g = places.map { place in dys[place] * (gammas.map { $0[place % $0.count] } ?? 1) }
    for place in places { normal[place] = (xs[place] - mean) * s }
    let total = g.reduce(0, +) / count
    let along = zip(g, places).reduce(0) { $0 + $1.0 * normal[$1.1] } / count
    for (value, place) in zip(g, places) { dx[place] = s * (value - total - normal[place] * along) }
  }
  let first = Tensor(dx, shape: x.shape, dtype: x.dtype)
  guard let row = parameters.first?.shape else { return [first] }
  var dgamma = [Double](repeating: 0, count: row.count)
  var dbeta = dgamma
  for (place, value) in dys.enumerated() {
    dgamma[place % row.count] += value * normal[place]
    dbeta[place % row.count] += value
  }
  return [
    first, Tensor(dgamma, shape: row, dtype: x.dtype), Tensor(dbeta, shape: row, dtype: x.dtype),
  ]
}
