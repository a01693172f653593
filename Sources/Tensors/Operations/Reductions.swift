// Sums, means and maxima, over all elements or along one axis.

private let sumAll = Kernel("sum_all")
private let sumAxis = Kernel("sum_axis")
private let sumSquares = Kernel("sum_squares")
private let maximumAxis = Kernel("maximum_axis")
private let maximumPullback = Kernel("maximum_pullback")
private let spreadAxis = Kernel("spread_axis")

/// Sum of all elements, a scalar; 0 for none.  y = Σ x,  dx = dy everywhere
public func sum(_ x: Tensor) -> Tensor { scaledSum("sum", x, 1) }

/// Mean of all elements, a scalar; NaN for none.  y = Σ x / n,  dx = dy / n everywhere
public func mean(_ x: Tensor) -> Tensor { scaledSum("mean", x, 1 / Double(x.count)) }

private func scaledSum(_ name: StaticString, _ x: Tensor, _ scale: Double) -> Tensor {
  let y = Tensor(uninitialized: [], x.dtype)
  // No elements and a scale of 1/0: the mean of nothing is not a number, as elsewhere.
  sumAll.run(
    x.dtype, .init(x.count), x.storage, into: y.storage, scalars: SIMD8(repeating: scale))
  let shape = x.shape
  return record(name, y, from: x) { dy in .full(shape, dy.item * scale, dtype: dy.dtype) }
}

/// Sum along an axis, which disappears.  y = Σₐ x,  dx = dy along the axis
///
/// - Parameters:
///   - x: of any shape with that axis.
///   - axis: from the front, or negative from the back.
public func sum(_ x: Tensor, axis: Int) -> Tensor { scaledSum("sum", x, axis) { _ in 1 } }

/// Mean along an axis, which disappears.  y = Σₐ x / n,  dx = dy / n along the axis
public func mean(_ x: Tensor, axis: Int) -> Tensor {
  scaledSum("mean", x, axis) { 1 / Double($0) }
}

private func scaledSum(
  _ name: StaticString, _ x: Tensor, _ axis: Int, _ scaleOf: (Int) -> Double
) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: name)
  let parts = x.shape.split(at: axis)
  let scale = scaleOf(parts.axis)
  let y = Tensor(uninitialized: x.shape.removing(axis: axis), x.dtype)
  sumAxis.run(
    x.dtype, .init(parts.outer, parts.axis, parts.inner), x.storage, into: y.storage,
    scalars: SIMD8(repeating: scale))
  let shape = x.shape
  return record(name, y, from: x) { dy in
    let dx = Tensor(uninitialized: shape, dy.dtype)
    spreadAxis.run(
      dy.dtype, .init(parts.outer, parts.axis, parts.inner), dy.storage, into: dx.storage,
      scalars: SIMD8(repeating: scale))
    return dx
  }
}

/// Largest element along an axis, which disappears.  y = maxₐ x,  dx = dy at the first maximum, else 0
///
/// NaN counts as larger than every number. Stops if the axis is empty.
public func maximum(_ x: Tensor, axis: Int) -> Tensor {
  let axis = x.shape.resolve(axis: axis, for: "maximum")
  let (y, positions) = maximumAndPositions(x, axis: axis, "maximum")
  let parts = x.shape.split(at: axis)
  let shape = x.shape
  return record("maximum axis", y, from: x) { dy in
    let dx = Tensor(uninitialized: shape, dy.dtype)
    maximumPullback.run(
      dy.dtype, .init(parts.outer, parts.axis, parts.inner), dy.storage, positions.storage,
      into: dx.storage)
    return dx
  }
}

/// Position of the first largest element along an axis, which disappears. Has no gradient.
public func argmax(_ x: Tensor, axis: Int) -> IndexTensor {
  maximumAndPositions(x, axis: x.shape.resolve(axis: axis, for: "argmax"), "argmax").positions
}

private func maximumAndPositions(
  _ x: Tensor, axis: Int, _ name: StaticString
) -> (maxima: Tensor, positions: IndexTensor) {
  let parts = x.shape.split(at: axis)
  require(
    parts.axis > 0 || parts.outer * parts.inner == 0,
    "\(name): axis \(axis) of shape \(x.shape) is empty and has no largest element")
  let reduced = x.shape.removing(axis: axis)
  let maxima = Tensor(uninitialized: reduced, x.dtype)
  let positions = IndexTensor(uninitialized: reduced)
  maximumAxis.run(
    x.dtype, .init(parts.outer, parts.axis, parts.inner), x.storage, into: maxima.storage,
    positions.storage)
  return (maxima, positions)
}

/// Σ x² of all elements, added up in double precision. Has no gradient; for norms.
public func sumOfSquares(_ x: Tensor) -> Double {
  let result = Storage(byteCount: MemoryLayout<Double>.size)
  sumSquares.run(x.dtype, .init(x.count), x.storage, into: result)
  return result.element(0, as: Double.self)
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for isMean in [false, true] {
    // A difference of long sums is right to fewer digits than they are.
    GradientCheck.register(isMean ? "mean" : "sum", tolerance: 1e-7) { sampler in
      GradientCheck.shapes.filter { !isMean || $0.count > 0 }.map { shape in
        // Not around zero: what is left of a long sum that cancels has few right digits in float32.
        let x = Parameter(sampler.parameter(shape).value + 1 / 32)
        return .init(
          "\(shape)", [x],
          byHand: { dy in
            [.full(shape, isMean ? dy.item / Double(shape.count) : dy.item, dtype: dy.dtype)]
          }
        ) { isMean ? mean(x.value) : sum(x.value) }
      }
    }
    GradientCheck.register(isMean ? "mean_axis" : "sum_axis") { sampler in
      // The sum of nothing is 0; its mean is not a number.
      (axisShapes + (isMean ? [] : [([3, 0], 1), ([0], 0)])).map { shape, axis in
        let x = sampler.parameter(shape)
        return .init(
          "\(shape) axis \(axis)", [x],
          byHand: { dy in
            let scale = isMean ? 1 / Double(shape[axis]) : 1
            return [alongAxis(shape, axis, dy) { $0 * scale }]
          }
        ) { isMean ? mean(x.value, axis: axis) : sum(x.value, axis: axis) }
      }
    }
  }
  GradientCheck.register("maximum_axis") { sampler in
    axisShapes.map { shape, axis in
      let x = sampler.distinctParameter(shape)
      return .selection("\(shape) axis \(axis)", [x]) { maximum(x.value, axis: axis) }
    }
  }
}

/// Every axis of shapes with ones, odd lengths and lengths around the width of vectors.
package let axisShapes: [(Shape, Int)] = [
  ([1], 0), ([5], 0), ([17], 0), ([1, 7], 0), ([7, 1], 1), ([3, 5], 0), ([3, 5], 1), ([4, 16], 0),
  ([4, 16], 1), ([5, 15], 1), ([15, 5], 0), ([3, 17], 0), ([17, 3], 1), ([2, 3, 5], 0),
  ([2, 3, 5], 1), ([2, 3, 5], 2), ([3, 33, 2], 1), ([2, 3, 67], 1), ([0, 3], 1), ([3, 0], 0),
  ([2, 8], 1), ([3, 9], 1), ([8, 7], 0), ([9, 2], 0), ([2, 31], 1), ([2, 2, 3, 4], 2),
]

/// A gradient that is the cotangent repeated along an axis, by indices.
private func alongAxis(
  _ shape: Shape, _ axis: Int, _ dy: Tensor, _ transform: (Double) -> Double
) -> Tensor {
  let parts = shape.split(at: axis)
  let values = dy.doubles
  var result: [Double] = []
  for outer in 0..<parts.outer {
    for _ in 0..<parts.axis {
      for inner in 0..<parts.inner {
        result.append(transform(values[outer * parts.inner + inner]))
      }
    }
  }
  return Tensor(result, shape: shape, dtype: dy.dtype)
}
