#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

extension Philox {
  /// A number of the gamma distribution of that shape and of scale 1; as many draws as it takes.
  ///
  /// Source: Marsaglia and Tsang, "A simple method for generating gamma variables", doi 10.1145/358407.358414.
  public mutating func gamma(shape: Double) -> Double {
    exp(logarithmOfGamma(shape: shape))
  }

  /// A number of the beta distribution, in 0 ... 1: the share X / (X + Y) of two numbers of the gamma
  /// distributions of shapes α and β, both positive.
  public mutating func beta(_ alpha: Double, _ beta: Double) -> Double {
    // By logarithms: numbers of a small shape are often too small for a Double, and their share is not.
    let x = logarithmOfGamma(shape: alpha)
    let y = logarithmOfGamma(shape: beta)
    return 1 / (1 + exp(y - x))
  }

  private mutating func logarithmOfGamma(shape: Double) -> Double {
    require(
      shape > 0 && shape.isFinite,
      "Philox: a gamma distribution of shape \(shape); it must be positive")
    if shape < 1 {
      // Of shape a is U^(1/a) times one of shape a + 1 (section 6).
      let larger = logarithmOfGamma(shape: shape + 1)
      return larger + log(1 - uniform()) / shape
    }
    let d = shape - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let x = normal()
      let root = 1 + c * x
      guard root > 0 else { continue }
      let v = root * root * root
      let u = 1 - uniform()
      if log(u) < 0.5 * x * x + d - d * v + d * log(v) { return log(d * v) }
    }
  }
}
