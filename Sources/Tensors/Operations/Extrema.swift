// The larger and the smaller of two numbers, and numbers kept between two bounds, elementwise. In `maximum` and
// `minimum`, as in sums, a number or a tensor without axes goes with every element.

private let larger = Kernel("maximum")
private let smaller = Kernel("minimum")
private let largerPullback = Kernel("larger_pullback")
private let clampForward = Kernel("clamp")
private let clampBackward = Kernel("clamp_pullback")

/// The larger one, elementwise; NaN where one is.  y = max(a, b),  da = dy ∘ ([a > b] + ½ [a = b]),  db = dy − da
///
/// - Parameters:
///   - a: of any shape.
///   - b: of the same shape and type, or without axes; so may `a` be. Stops otherwise.
public func maximum(_ a: Tensor, _ b: Tensor) -> Tensor {
  extremum("maximum", larger, a, b) { dy, own, other in largerPullback(dy, own, other) }
}

/// The larger of each element and a number; see that of two tensors.
public func maximum(_ x: Tensor, _ s: Double) -> Tensor {
  maximum(x, Tensor(scalar: s, dtype: x.dtype))
}

/// The smaller one, elementwise; NaN where one is.  y = min(a, b),  da = dy ∘ ([a < b] + ½ [a = b]),  db = dy − da
///
/// - Parameters:
///   - a: of any shape.
///   - b: of the same shape and type, or without axes; so may `a` be. Stops otherwise.
public func minimum(_ a: Tensor, _ b: Tensor) -> Tensor {
  extremum("minimum", smaller, a, b) { dy, own, other in largerPullback(dy, other, own) }
}

/// The smaller of each element and a number; see that of two tensors.
public func minimum(_ x: Tensor, _ s: Double) -> Tensor {
  minimum(x, Tensor(scalar: s, dtype: x.dtype))
}

/// - Parameter share: what a side gets of the cotangent, of its own elements and the other's.
private func extremum(
  _ name: StaticString, _ kernel: Kernel, _ a: Tensor, _ b: Tensor,
  share: @escaping (_ dy: Tensor, _ own: Tensor, _ other: Tensor) -> Tensor
) -> Tensor {
  let (a, b) = matched(a, b, name)
  let (ka, kb) = (a.detached, b.detached)
  return record(name, kernel(a, b), from: a, b) { dy, needs in
    (needs.first ? share(dy, ka, kb) : nil, needs.second ? share(dy, kb, ka) : nil)
  }
}

/// Kept between two bounds, elementwise; NaN stays.  y = min(max(x, low), high),  dx = dy ∘ [low < x < high]
///
/// - Parameters:
///   - x: of any shape.
///   - low: the lower bound; left out, there is none.
///   - high: the upper bound; left out, there is none. Stops if it is below the lower one, or if one is NaN.
public func clamp(
  _ x: Tensor, min low: Double = -.infinity, max high: Double = .infinity
) -> Tensor {
  require(
    low <= high, "clamp: bounds \(low) and \(high); the lower one has to be at most the upper one")
  let kx = x.detached
  return record("clamp", clampForward(x, low, high), from: x) { dy in
    clampBackward(dy, kx, low, high)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  let functions: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
    ("maximum", { maximum($0, $1) }), ("minimum", { minimum($0, $1) }),
  ]
  for (name, function) in functions {
    GradientCheck.register(name) { sampler in
      let shapes = GradientCheck.smallShapes.map { ($0, $0) }
      return (shapes + [([3, 5], []), ([], [3, 5])]).map { (left: Shape, right: Shape) in
        let parts = sampler.distinctParameters([left, right])
        return .selection("\(left) with \(right)", parts) {
          function(parts[0].value, parts[1].value)
        }
      }
    }
  }
  GradientCheck.register("clamp") { sampler in
    GradientCheck.shapes.map { shape in
      // Below, between and above the bounds by turns, and 0.2 away from them.
      let offsets = sampler.tensor(shape, .uniform(-0.8, 0.8)).doubles
      let values = offsets.enumerated().map { Double(Float($1 + Double(2 * ($0 % 3) - 2))) }
      // A single number is between them.
      let isOne = shape.count == 1
      let x = Parameter(Tensor(isOne ? offsets : values, shape: shape, dtype: sampler.dtype))
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          let kept = zip(dy.doubles, x.value.doubles).map { abs($1) < 1 ? $0 : 0 }
          return [Tensor(kept, shape: shape, dtype: dy.dtype)]
        }
      ) { clamp(x.value, min: -1, max: 1) }
    }
  }
}
