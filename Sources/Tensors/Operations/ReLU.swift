// Rectifiers, elementwise. At zero the slope is taken to be that of the negative side, as PyTorch does.

#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

private let reluForward = Kernel("relu")
private let reluBackward = Kernel("relu_pullback")
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
  GradientCheck.register("leaky_relu", unary: { leakyReLU($0, slope: 0.1) }, domain: .awayFromZero)
  {
    $0 > 0 ? 1 : 0.1
  }
}
