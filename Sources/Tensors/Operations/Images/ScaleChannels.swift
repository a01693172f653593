// Images times a number for each channel of each image.

private let forward = Kernel("scale_channels")
private let backward = Kernel("scale_channels_pullback")

/// Multiplies every channel of every image.  y[n, …, c] = x[n, …, c] s[n, c],  dx = dy ∘ s,  ds = Σ dy ∘ x
///
/// The last step of squeeze-and-excitation; the sum goes over the pixels.
///
/// - Parameters:
///   - x: `[batch, …, channels]`.
///   - factors: s, `[batch, channels]`, of the type of x. Stops if the shapes or types do not match.
public func scaleChannels(_ x: Tensor, _ factors: Tensor) -> Tensor {
  require(
    x.rank >= 2 && factors.shape == [x.shape[0], x.shape[x.rank - 1]] && factors.dtype == x.dtype,
    "scaleChannels: input of shape \(x.shape) \(x.dtype) and factors of shape \(factors.shape) "
      + "\(factors.dtype); they have to be [batch, …, channels] and [batch, channels] of one type")
  let pixels = x.shape.lengths.dropFirst().dropLast().reduce(1, *)
  let sizes = Kernel.Sizes(x.shape[0], pixels, x.shape[x.rank - 1])
  let y = Tensor(uninitialized: x.shape, x.dtype)
  forward.run(x.dtype, sizes, x.storage, factors.storage, into: y.storage)
  let (kx, ks) = (x.detached, factors.detached)
  return record("scaleChannels", y, from: x, factors) { dy, needs in
    let dx = needs.first ? Tensor(uninitialized: kx.shape, kx.dtype) : nil
    let ds = Tensor(uninitialized: ks.shape, ks.dtype)
    backward.run(
      kx.dtype, sizes, dy.storage, kx.storage, ks.storage, into: ds.storage, dx?.storage)
    return (dx, ds)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("scale_channels") { sampler in
    (GradientCheck.images + [[1, 1], [3, 5], [2, 3, 4], [1, 150, 2], [2, 0, 3]]).map { shape in
      let (batch, channels) = (shape[0], shape[shape.rank - 1])
      let x = sampler.parameter(shape)
      let s = sampler.parameter([batch, channels])
      let image = shape.count / batch
      return .init(
        "\(shape)", [x, s],
        byHand: { dy in
          let (xs, factors) = (x.value.doubles, s.value.doubles)
          var (dx, ds) = (xs, [Double](repeating: 0, count: factors.count))
          for (place, value) in dy.doubles.enumerated() {
            let at = place / image * channels + place % channels
            dx[place] = value * factors[at]
            ds[at] += value * xs[place]
          }
          return [
            Tensor(dx, shape: shape, dtype: x.dtype), Tensor(ds, shape: s.shape, dtype: x.dtype),
          ]
        }
      ) { scaleChannels(x.value, s.value) }
    }
  }
}
