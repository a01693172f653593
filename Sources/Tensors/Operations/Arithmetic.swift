// Sums, differences, products and quotients, elementwise. Two tensors have equal shapes; a number, or a
// tensor without axes, goes with every element.

private let addForward = Kernel("add")
private let subtractForward = Kernel("subtract")
private let multiplyForward = Kernel("multiply")
private let divideForward = Kernel("divide")
private let dividePullback = Kernel("divide_pullback")
private let negate = Kernel("negate")
private let addScalar = Kernel("add_scalar")
private let multiplyScalar = Kernel("multiply_scalar")
private let divideScalar = Kernel("divide_scalar")
private let scalarSubtract = Kernel("scalar_subtract")
private let scalarDivide = Kernel("scalar_divide")

/// Brings a tensor without axes to the other's shape; stops if shapes or types differ after that.
@inline(__always)
func matched(_ a: Tensor, _ b: Tensor, _ name: StaticString) -> (Tensor, Tensor) {
  var (left, right) = (a, b)
  if a.shape != b.shape {
    if b.rank == 0 { right = broadcast(b, to: a.shape) }
    if a.rank == 0 { left = broadcast(a, to: b.shape) }
  }
  requireSame(left, right, name)
  return (left, right)
}

extension Tensor {
  /// y = a + b,  da = dy,  db = dy
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = matched(a, b, "+")
    return record("+", addForward(a, b), from: a, b) { dy, _ in (dy, dy) }
  }

  /// y = a − b,  da = dy,  db = −dy
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = matched(a, b, "-")
    return record("-", subtractForward(a, b), from: a, b) { dy, needs in
      (dy, needs.second ? negate(dy) : nil)
    }
  }

  /// y = a ∘ b,  da = dy ∘ b,  db = dy ∘ a
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = matched(a, b, "*")
    let (ka, kb) = (a.detached, b.detached)
    return record("*", multiplyForward(a, b), from: a, b) { dy, needs in
      (
        needs.first ? multiplyForward(dy, kb) : nil,
        needs.second ? multiplyForward(dy, ka) : nil
      )
    }
  }

  /// y = a / b,  da = dy / b,  db = −dy ∘ y / b
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = matched(a, b, "/")
    let y = divideForward(a, b)
    let kb = b.detached
    return record("/", y, from: a, b) { dy, needs in
      (
        needs.first ? divideForward(dy, kb) : nil,
        needs.second ? dividePullback(dy, y, kb) : nil
      )
    }
  }

  /// y = −x,  dx = −dy
  public static prefix func - (x: Tensor) -> Tensor {
    record("negate", negate(x), from: x) { dy in negate(dy) }
  }

  /// y = x + s,  dx = dy
  public static func + (x: Tensor, s: Double) -> Tensor {
    record("+ scalar", addScalar(x, s), from: x) { dy in dy }
  }

  /// y = s + x,  dx = dy
  public static func + (s: Double, x: Tensor) -> Tensor { x + s }

  /// y = x − s,  dx = dy
  public static func - (x: Tensor, s: Double) -> Tensor { x + (-s) }

  /// y = s − x,  dx = −dy
  public static func - (s: Double, x: Tensor) -> Tensor {
    record("scalar -", scalarSubtract(x, s), from: x) { dy in negate(dy) }
  }

  /// y = s x,  dx = s dy
  public static func * (x: Tensor, s: Double) -> Tensor {
    record("* scalar", multiplyScalar(x, s), from: x) { dy in multiplyScalar(dy, s) }
  }

  /// y = s x,  dx = s dy
  public static func * (s: Double, x: Tensor) -> Tensor { x * s }

  /// y = x / s,  dx = dy / s
  public static func / (x: Tensor, s: Double) -> Tensor {
    record("/ scalar", divideScalar(x, s), from: x) { dy in divideScalar(dy, s) }
  }

  /// y = s / x,  dx = −dy ∘ y / x
  public static func / (s: Double, x: Tensor) -> Tensor {
    let y = scalarDivide(x, s)
    let kx = x.detached
    return record("scalar /", y, from: x) { dy in dividePullback(dy, y, kx) }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("add", binary: { $0 + $1 }) { _, _ in (1, 1) }
  GradientCheck.register("subtract", binary: { $0 - $1 }) { _, _ in (1, -1) }
  GradientCheck.register("multiply", binary: { $0 * $1 }) { a, b in (b, a) }
  GradientCheck.register("divide", binary: { $0 / $1 }, awayFromZero: true) { a, b in
    (1 / b, -a / (b * b))
  }
  GradientCheck.register("negate", unary: { -$0 }) { _ in -1 }
  GradientCheck.register("add_scalar", unary: { $0 + 1.5 }) { _ in 1 }
  GradientCheck.register("multiply_scalar", unary: { $0 * -2.5 }) { _ in -2.5 }
  GradientCheck.register("divide_scalar", unary: { $0 / 3 }) { _ in 1.0 / 3 }
  GradientCheck.register("scalar_subtract", unary: { 0.75 - $0 }) { _ in -1 }
  GradientCheck.register("scalar_divide", unary: { 3 / $0 }, domain: .awayFromZero) {
    -3 / ($0 * $0)
  }
}
