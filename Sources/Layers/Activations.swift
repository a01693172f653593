#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors

// Activations as layers, each over the operation of the same name; input and output have one shape, any one.

/// max(x, 0); see `relu`. After a ``Linear`` its `activation` does the same in one pass.
public struct ReLU: Layer {
  /// The layer.
  public init() {}
  /// max(x, 0)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { context.rectify(x) }
}

/// x where it is not negative, else `slope` times x; see `leakyReLU`.
public struct LeakyReLU: Layer {
  /// The slope of the negative side.
  public let slope: Double
  /// The layer.
  public init(slope: Double = 0.01) { self.slope = slope }
  /// x or slope x
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { leakyReLU(x, slope: slope) }
}

/// 1 / (1 + e⁻ˣ); see `sigmoid`.
public struct Sigmoid: Layer {
  /// The layer.
  public init() {}
  /// 1 / (1 + e⁻ˣ)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { sigmoid(x) }
}

/// Hyperbolic tangent; see `tanh`.
public struct Tanh: Layer {
  /// The layer.
  public init() {}
  /// tanh x
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { tanh(x) }
}

/// sin ω x
///
/// Sitzmann, Martel, Bergman, Lindell and Wetzstein, "Implicit neural representations with periodic
/// activation functions", NeurIPS 2020.
public struct Sine: Layer {
  /// ω
  public let frequency: Double
  /// The layer.
  public init(frequency: Double = 1) { self.frequency = frequency }
  /// sin ω x
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    sin(frequency == 1 ? x : x * frequency)
  }
}

/// x Φ(x), Φ the normal distribution function; see `gelu`.
public struct GELU: Layer {
  /// How Φ is computed.
  public let approximation: GELUApproximation
  /// The layer.
  public init(approximation: GELUApproximation = .none) { self.approximation = approximation }
  /// x Φ(x)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    gelu(x, approximation: approximation)
  }
}

/// x / (1 + e⁻ˣ); see `silu`.
public struct SiLU: Layer {
  /// The layer.
  public init() {}
  /// x / (1 + e⁻ˣ)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { silu(x) }
}

/// ln(1 + eˣ); see `softplus`.
public struct Softplus: Layer {
  /// The layer.
  public init() {}
  /// ln(1 + eˣ)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { softplus(x) }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  register("ReLU", ReLU(), .awayFromZero) { $0 > 0 ? 1 : 0 }
  register("LeakyReLU", LeakyReLU(slope: 0.2), .awayFromZero) { $0 > 0 ? 1 : 0.2 }
  register("Sigmoid", Sigmoid()) { exp(-$0) / ((1 + exp(-$0)) * (1 + exp(-$0))) }
  register("Tanh", Tanh()) { 1 / (cosh($0) * cosh($0)) }
  register("Sine", Sine(frequency: 3)) { 3 * cos(3 * $0) }
  register("GELU", GELU()) {
    0.5 * erfc(-$0 / 2.squareRoot()) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot()
  }
  register("GELU in its tanh form", GELU(approximation: .tanh)) { x in
    let inner = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
    let slope = (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
    return 0.5 * (1 + tanh(inner)) + 0.5 * x * slope / (cosh(inner) * cosh(inner))
  }
  register("SiLU", SiLU()) { x in
    let s = 1 / (1 + exp(-x))
    return s + x * s * (1 - s)
  }
  register("Softplus", Softplus()) { 1 / (1 + exp(-$0)) }
}

/// Enters the check of an elementwise layer, with its derivative written without tensors.
private func register(
  _ name: String, _ layer: some Layer, _ domain: Sampler.Domain = .normal,
  derivative: @escaping @Sendable (Double) -> Double
) {
  GradientCheck.register(name, group: .layer) { sampler in
    (GradientCheck.smallShapes + [[2, 3, 9]]).map { shape in
      let x = sampler.parameter(shape, domain)
      return .init(
        "\(shape)", [x],
        byHand: { dy in
          let values = zip(dy.doubles, x.value.doubles).map { $0 * derivative($1) }
          return [Tensor(values, shape: shape, dtype: x.dtype)]
        }
      ) { layer(x.value, .inference) }
    }
  }
}
