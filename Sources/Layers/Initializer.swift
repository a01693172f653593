import Tensors

/// How many inputs and outputs an element of a weight has to do with.
///
/// Weights are `[outputs, inputs]`, or `[outputs, …window, inputs]` for a convolution, whose fans are
/// multiplied by the elements of its window.
public struct Fans: Sendable, Equatable {
  /// Terms in the sum that makes one output.
  public let input: Int
  /// Sums that one input enters.
  public let output: Int

  /// The fans of a weight of that shape; stops if it has fewer than two axes.
  public init(ofWeight shape: Shape) {
    require(
      shape.rank >= 2,
      "Fans: a weight of shape \(shape); it has to be [outputs, inputs] or "
        + "[outputs, …window, inputs]")
    let window = (1..<(shape.rank - 1)).reduce(1) { $0 * shape[$1] }
    input = window * shape[shape.rank - 1]
    output = window * shape[0]
  }

  /// The fans of a weight with that many inputs and outputs.
  public init(input: Int, output: Int) {
    self.input = input
    self.output = output
  }
}

/// Which fan a variance is kept along.
public enum FanMode: String, Sendable, Codable {
  /// The terms of an output's sum: activations keep their variance.
  case input
  /// The sums that an input enters: gradients keep theirs.
  case output
}

extension Fans {
  subscript(mode: FanMode) -> Int { mode == .input ? input : output }
}

/// What a parameter begins with.
public enum Initializer: Sendable, Codable, Equatable {
  /// 0
  case zeros
  /// 1
  case ones
  /// The same number everywhere.
  case constant(Double)
  /// Uniform between two numbers.
  case uniform(Double, Double)
  /// Normal.
  case normal(mean: Double = 0, standardDeviation: Double = 1)
  /// Uniform in ±g √(6 / (fan in + fan out)).
  ///
  /// Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks",
  /// AISTATS 2010.
  case xavierUniform(gain: Double = 1)
  /// Normal with standard deviation g √(2 / (fan in + fan out)).
  case xavierNormal(gain: Double = 1)
  /// Uniform in ±√(6 / ((1 + s²) fan)), for a (leaky) rectifier of negative slope s.
  ///
  /// He, Zhang, Ren and Sun, "Delving deep into rectifiers", ICCV 2015.
  case heUniform(slope: Double = 0, fan: FanMode = .input)
  /// Normal with standard deviation √(2 / ((1 + s²) fan)), for a (leaky) rectifier of slope s.
  case heNormal(slope: Double = 0, fan: FanMode = .input)
  /// Uniform in ±1 / √(fan in), weights and biases alike; zeros where there is no input.
  case pytorchDefault

  /// float32 numbers of that shape.
  ///
  /// - Parameters:
  ///   - shape: the parameter's.
  ///   - fans: those of the weight that the parameter is, or belongs to as a bias.
  ///   - random: where the numbers come from; one or two draws for each element.
  /// - Important: stops if a bound or a deviation is not a finite number, or if fans are 0 where they
  ///   divide.
  public func tensor(_ shape: Shape, fans: Fans, random: inout Philox) -> Tensor {
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .ones(shape)
    case .constant(let value): return .full(shape, value)
    case .uniform(let low, let high):
      require(
        low <= high && (high - low).isFinite,
        "Initializer.uniform(\(low), \(high)): the bounds have to be finite and in order")
      return Tensor(shape: shape) { elements in
        for index in elements.indices {
          elements[index] = Float(low + (high - low) * random.uniform())
        }
      }
    case .normal(let mean, let deviation):
      require(
        mean.isFinite && deviation >= 0 && deviation.isFinite,
        "Initializer.normal(mean: \(mean), standardDeviation: \(deviation)): both have to be finite "
          + "and the deviation not negative")
      return Tensor(shape: shape) { elements in
        for index in elements.indices {
          elements[index] = Float(mean + deviation * random.normal())
        }
      }
    case .xavierUniform(let gain):
      return symmetric(gain * root(6, over: fans.input + fans.output), shape, fans, &random)
    case .xavierNormal(let gain):
      return centred(gain * root(2, over: fans.input + fans.output), shape, fans, &random)
    case .heUniform(let slope, let mode):
      return symmetric(root(6 / (1 + slope * slope), over: fans[mode]), shape, fans, &random)
    case .heNormal(let slope, let mode):
      return centred(root(2 / (1 + slope * slope), over: fans[mode]), shape, fans, &random)
    case .pytorchDefault:
      if fans.input == 0 { return .zeros(shape) }
      return symmetric(root(1, over: fans.input), shape, fans, &random)
    }
  }

  private func root(_ numerator: Double, over fan: Int) -> Double {
    require(fan > 0, "Initializer.\(self): the fan is 0")
    return (numerator / Double(fan)).squareRoot()
  }

  private func symmetric(
    _ bound: Double, _ shape: Shape, _ fans: Fans, _ random: inout Philox
  ) -> Tensor {
    Initializer.uniform(-bound, bound).tensor(shape, fans: fans, random: &random)
  }

  private func centred(
    _ deviation: Double, _ shape: Shape, _ fans: Fans, _ random: inout Philox
  ) -> Tensor {
    Initializer.normal(standardDeviation: deviation)
      .tensor(shape, fans: fans, random: &random)
  }
}
