// Rectifiers, elementwise. At zero the slope is taken to be that of the negative side, as PyTorch does.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let reluForward = Kernel("relu")
private let reluBackward = Kernel("relu_pullback")
private let addForward = Kernel("add_relu")
private let leakyForward = Kernel("leaky_relu")
private let leakyBackward = Kernel("leaky_relu_pullback")

/// Rectified linear unit, elementwise.  y = max(x, 0),  dx = dy ∘ [y > 0]
///
/// Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", ICML 2010.
public func relu(_ x: Tensor) -> Tensor {
  let y = reluForward(x)
  return record("relu", y, from: x) { dy in reluPullback(dy, y) }
}

/// The pullback of ``relu(_:)``: dy where the output (or the input) is positive, else 0.
///
/// - Parameters:
///   - dy: the cotangent of the output.
///   - y: the output or the input of the rectifier, of the same shape.
public func reluPullback(_ dy: Tensor, _ y: Tensor) -> Tensor {
  requireSame(dy, y, "reluPullback")
  return reluBackward(dy, y)
}

/// A rectifier that lets only positive cotangents back.  y = max(x, 0),  "dx" = max(dy, 0) ∘ [y > 0]
///
/// Not a derivative: it shows which pixels speak for a class and hides those that speak against it.
/// Springenberg, Dosovitskiy, Brox and Riedmiller, "Striving for simplicity: the all convolutional net", ICLR 2015
/// workshop.
public func guidedReLU(_ x: Tensor) -> Tensor {
  let y = reluForward(x)
  return record("guidedReLU", y, from: x) { dy in reluPullback(reluForward(dy), y) }
}

/// Sum and rectifier in one pass, as at the end of a residual block.  y = max(a + b, 0),  da = db = dy ∘ [y > 0]
///
/// - Parameters:
///   - a: of any shape.
///   - b: of the same shape and type; stops otherwise.
public func addThenRelu(_ a: Tensor, _ b: Tensor) -> Tensor {
  requireSame(a, b, "addThenRelu")
  let y = addForward(a, b)
  return record("addThenRelu", y, from: a, b) { dy, _ in
    let dz = reluBackward(dy, y)
    return (dz, dz)
  }
}

/// Leaky rectifier, elementwise.  y = x where x ≥ 0, else s x;  dx = dy or s dy
///
/// Maas, Hannun and Ng, "Rectifier nonlinearities improve neural network acoustic models", ICML 2013.
public func leakyReLU(_ x: Tensor, slope: Double = 0.01) -> Tensor {
  let kx = x.detached
  return record("leakyReLU", leakyForward(x, slope), from: x) { dy in
    leakyBackward(dy, kx, slope)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("relu", unary: relu, domain: .awayFromZero) { $0 > 0 ? 1 : 0 }
  // A function of the output after it: the pullback must not have kept a buffer that is written to.
  GradientCheck.register("relu_then_exp", unary: { exp(relu($0)) }, domain: .awayFromZero) {
    $0 > 0 ? exp($0) : 0
  }
  GradientCheck.register("add_then_relu") { sampler in
    GradientCheck.shapes.map { shape in
      // The second is smaller than the first: the first alone decides, far from the kink.
      let a = sampler.parameter(shape, .awayFromZero)
      let b = sampler.parameter(shape, .uniform(-0.2, 0.2))
      return .init(
        "\(shape)", [a, b],
        byHand: { dy in
          let values = zip(dy.doubles, a.value.doubles).map { $1 > 0 ? $0 : 0 }
          let dz = Tensor(values, shape: shape, dtype: dy.dtype)
          return [dz, dz]
        }
      ) { addThenRelu(a.value, b.value) }
    }
  }
  GradientCheck.register("leaky_relu", unary: { leakyReLU($0, slope: 0.1) }, domain: .awayFromZero)
  {
    $0 > 0 ? 1 : 0.1
  }
}
