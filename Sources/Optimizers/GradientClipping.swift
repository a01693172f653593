import Tensors

/// A bound on gradients, applied inside the optimiser's pass.
public enum GradientClipping: Codable, Sendable, Equatable {
  /// No bound.
  case none
  /// All gradients together have at most this Euclidean norm.
  case norm(Double)
  /// Every element has at most this magnitude.
  case value(Double)

  /// What the optimiser has to do to these gradients; stops if the bound is not positive.
  ///
  /// A norm n above the bound c scales by c / (n + 10⁻⁶), as PyTorch does. Where a gradient is NaN or
  /// infinite, so are all after clipping by norm: one that was spoilt does not pass unseen.
  ///
  /// Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.
  public func transform(for gradients: Gradients) -> GradientTransform {
    switch self {
    case .none: return .none
    case .norm(let bound):
      requirePositive(bound, "norm")
      let norm = gradients.norm
      // Divided by infinity, what is finite would pass as zeros.
      guard norm.isFinite else { return GradientTransform(scale: .nan) }
      let scale = bound / (norm + 1e-6)
      return scale >= 1 ? .none : GradientTransform(scale: scale)
    case .value(let bound):
      requirePositive(bound, "value")
      return GradientTransform(limit: bound)
    }
  }

  private func requirePositive(_ bound: Double, _ kind: StaticString) {
    require(bound > 0, "GradientClipping.\(kind): the bound is \(bound); it has to be above 0")
  }
}

extension Gradients {
  /// The Euclidean norm of all gradients together, in double precision; frozen parameters have none.
  public var norm: Double {
    values.reduce(0) { $0 + ($1.map { sumOfSquares($0) } ?? 0) }.squareRoot()
  }
}
