// Checks of elementwise operations, and the numbers checks are run on.

/// Draws the inputs of a check: numbers that float32 holds exactly, so that both precisions see the same.
public struct Sampler {
  /// The precision of the tensors it makes.
  public let dtype: DType
  private var random: Philox

  /// The same seed draws the same numbers in either precision.
  public init(seed: UInt64, dtype: DType) {
    self.dtype = dtype
    random = Philox(seed: seed, stream: 0x6368_6563_6b)
  }

  /// Where numbers are drawn from.
  public enum Domain: Sendable {
    /// A standard normal distribution.
    case normal
    /// Uniform between the two numbers.
    case uniform(Double, Double)
    /// Either sign, magnitude between 0.3 and 2: for kinks and poles at zero.
    case awayFromZero
    /// Between 0.3 and 3: for logarithms and roots.
    case positive
  }

  /// A parameter of that shape with numbers from the domain.
  public mutating func parameter(_ shape: Shape, _ domain: Domain = .normal, name: String = "")
    -> Parameter
  {
    Parameter(tensor(shape, domain), name: name)
  }

  /// A constant of that shape with numbers from the domain.
  public mutating func tensor(_ shape: Shape, _ domain: Domain = .normal) -> Tensor {
    Tensor((0..<shape.count).map { _ in draw(domain) }, shape: shape, dtype: dtype)
  }

  /// Labels below `classes`.
  public mutating func labels(_ count: Int, below classes: Int) -> IndexTensor {
    IndexTensor((0..<count).map { _ in Int32(random.integer(below: classes)) })
  }

  /// A whole number below `limit`.
  public mutating func integer(below limit: Int) -> Int { random.integer(below: limit) }

  /// A number from the standard normal distribution.
  public mutating func normal() -> Double { random.normal() }

  mutating func cotangent(like value: Tensor) -> Tensor { tensor(value.shape, .awayFromZero) }

  private mutating func draw(_ domain: Domain) -> Double {
    let number =
      switch domain {
      case .normal: random.normal()
      case .uniform(let low, let high): low + (high - low) * random.uniform()
      case .awayFromZero: (0.3 + 1.7 * random.uniform()) * (random.uniform() < 0.5 ? -1 : 1)
      case .positive: 0.3 + 2.7 * random.uniform()
      }
    return Double(Float(number))
  }
}

extension GradientCheck {
  /// Enters the check of an elementwise operation of one input.
  ///
  /// - Parameters:
  ///   - name: unique among all checks.
  ///   - function: the operation.
  ///   - domain: where its inputs are drawn from.
  ///   - tolerance32: the largest relative error of float32 against float64.
  ///   - derivative: its derivative in terms of the input, written without tensors.
  public static func register(
    _ name: String, unary function: @escaping @Sendable (Tensor) -> Tensor,
    domain: Sampler.Domain = .normal, tolerance32: Double = 2e-5,
    derivative: @escaping @Sendable (Double) -> Double
  ) {
    register(name, tolerance32: tolerance32) { sampler in
      shapes.map { shape in
        let x = sampler.parameter(shape, domain)
        return Case(
          "\(shape)", [x],
          byHand: { dy in
            let values = zip(dy.doubles, x.value.doubles).map { $0 * derivative($1) }
            return [Tensor(values, shape: shape, dtype: x.dtype)]
          }
        ) { function(x.value) }
      }
    }
  }

  /// Enters the check of an elementwise operation of two inputs.
  ///
  /// - Parameters:
  ///   - name: unique among all checks.
  ///   - function: the operation.
  ///   - awayFromZero: whether the inputs keep away from zero.
  ///   - derivatives: both partial derivatives in terms of the inputs, written without tensors.
  public static func register(
    _ name: String, binary function: @escaping @Sendable (Tensor, Tensor) -> Tensor,
    awayFromZero: Bool = false,
    derivatives: @escaping @Sendable (Double, Double) -> (Double, Double)
  ) {
    register(name) { sampler in
      let domain = awayFromZero ? Sampler.Domain.awayFromZero : .normal
      var cases = shapes.map { shape in
        let (a, b) = (sampler.parameter(shape, domain), sampler.parameter(shape, domain))
        return Case(
          "\(shape)", [a, b],
          byHand: { dy in
            let slopes = zip(a.value.doubles, b.value.doubles).map(derivatives)
            let da = zip(dy.doubles, slopes).map { $0 * $1.0 }
            let db = zip(dy.doubles, slopes).map { $0 * $1.1 }
            return [
              Tensor(da, shape: shape, dtype: a.dtype), Tensor(db, shape: shape, dtype: b.dtype),
            ]
          }
        ) { function(a.value, b.value) }
      }
      let scalar = sampler.parameter([], domain)
      let matrix = sampler.parameter([3, 5], domain)
      /// dy times both partial derivatives, where a number stands for as many as the other one has.
      @Sendable func slopes(_ a: Parameter, _ b: Parameter, _ dy: Tensor) -> ([Double], [Double]) {
        let (left, right) = (a.value.doubles, b.value.doubles)
        let pairs = dy.doubles.enumerated().map { index, cotangent in
          let slope = derivatives(left[index % left.count], right[index % right.count])
          return (cotangent * slope.0, cotangent * slope.1)
        }
        return (pairs.map(\.0), pairs.map(\.1))
      }
      func gradient(_ values: [Double], of parameter: Parameter) -> Tensor {
        let isSum = parameter.count < values.count
        return Tensor(
          isSum ? [values.reduce(0, +)] : values, shape: parameter.shape, dtype: parameter.dtype)
      }
      for (label, a, b) in [
        ("[3, 5] with []", matrix, scalar), ("[] with [3, 5]", scalar, matrix),
      ] {
        cases.append(
          Case(
            label, [a, b],
            byHand: { dy in
              let (da, db) = slopes(a, b, dy)
              return [gradient(da, of: a), gradient(db, of: b)]
            }
          ) { function(a.value, b.value) })
      }
      // The same tensor twice: both cotangents arrive at one place.
      cases.append(
        Case(
          "[3, 5] with itself", [matrix],
          byHand: { dy in
            let (da, db) = slopes(matrix, matrix, dy)
            return [gradient(zip(da, db).map { $0 + $1 }, of: matrix)]
          }
        ) { function(matrix.value, matrix.value) })
      return cases
    }
  }
}
