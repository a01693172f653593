// Elementwise kernels as functions of tensors.

extension Kernel {
  /// y = f(x), with up to two numbers.
  @inline(__always)
  func callAsFunction(_ x: Tensor, _ first: Double = 0, _ second: Double = 0) -> Tensor {
    let y = Tensor(uninitialized: x.shape, x.dtype)
    run(
      x.dtype, Sizes(x.count), x.storage, into: y.storage,
      scalars: SIMD8(first, second, 0, 0, 0, 0, 0, 0))
    return y
  }

  /// y = f(a, b), with up to two numbers; the shapes are equal.
  @inline(__always)
  func callAsFunction(
    _ a: Tensor, _ b: Tensor, _ first: Double = 0, _ second: Double = 0
  ) -> Tensor {
    let y = Tensor(uninitialized: a.shape, a.dtype)
    run(
      a.dtype, Sizes(a.count), a.storage, b.storage, into: y.storage,
      scalars: SIMD8(first, second, 0, 0, 0, 0, 0, 0))
    return y
  }

  /// y = f(a, b, c); the shapes are equal.
  @inline(__always)
  func callAsFunction(_ a: Tensor, _ b: Tensor, _ c: Tensor) -> Tensor {
    let y = Tensor(uninitialized: a.shape, a.dtype)
    run(a.dtype, Sizes(a.count), a.storage, b.storage, c.storage, into: y.storage)
    return y
  }
}

/// Stops unless two operands have the same shape and type.
@inline(__always)
func requireSame(_ a: Tensor, _ b: Tensor, _ operation: StaticString) {
  require(
    a.shape == b.shape,
    "\(operation): shapes \(a.shape) and \(b.shape) differ; nothing is broadcast silently: use "
      + "broadcast(_:to:) if that is meant")
  require(
    a.dtype == b.dtype,
    "\(operation): types \(a.dtype) and \(b.dtype) differ; use converted(to:) on one of them")
}
