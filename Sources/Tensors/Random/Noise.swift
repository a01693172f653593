// Noise as tensors, drawn where it is stored: a pure function of seed and stream.

private let drawNormal = Kernel("gaussian_noise")
private let drawBernoulli = Kernel("bernoulli_draw")

/// Standard normal numbers, a function of seed and stream whatever the number of threads.
///
/// By Box and Muller from Philox's blocks, each block four numbers; with 24 bits to a uniform number no
/// magnitude is above 5.77. Both precisions give the same numbers to rounding.
///
/// - Parameters:
///   - shape: of the result.
///   - seed: the run's seed.
///   - stream: the number of the draw, different for each; see ``Philox``.
///   - dtype: of the result.
public func gaussianNoise(
  _ shape: Shape, seed: UInt64, stream: UInt64, dtype: DType = .float32
) -> Tensor {
  let noise = Tensor(uninitialized: shape, dtype)
  drawNormal.run(
    dtype, .init(shape.count, Int(bitPattern: UInt(seed)), Int(bitPattern: UInt(stream))), nil,
    into: noise.storage)
  return noise
}

/// For each element 1 with that probability, else 0; a function of seed and stream. Has no gradient.
///
/// - Parameters:
///   - probabilities: of any shape, each in 0 … 1.
///   - seed: the run's seed.
///   - stream: the number of the draw, different for each.
public func bernoulliDraw(_ probabilities: Tensor, seed: UInt64, stream: UInt64) -> Tensor {
  let draw = Tensor(uninitialized: probabilities.shape, probabilities.dtype)
  drawBernoulli.run(
    draw.dtype,
    .init(draw.count, Int(bitPattern: UInt(seed)), Int(bitPattern: UInt(stream))),
    probabilities.storage, into: draw.storage)
  return draw
}
