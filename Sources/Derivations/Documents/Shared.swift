import Tensors

// What several documents have in common.

/// Positions that the documents share.
enum At {
  /// A row of the batch.
  static let i = Index("i", over: "m")
  /// Another row of the batch.
  static let r = Index("r", over: "m")
  /// A class.
  static let k = Index("k", over: "K")
  /// Another class.
  static let j = Index("j", over: "K")
}

extension Derivation {
  /// ∂T/∂S from a pullback: one unit cotangent of T after the other.
  ///
  /// - Parameters:
  ///   - value: the shape of T.
  ///   - variable: the shape of S.
  ///   - pullback: the cotangent of S for one of T.
  static func jacobian(
    _ value: Shape, by variable: Shape, _ pullback: (Tensor) -> Tensor
  ) -> Tensor {
    let rows = (0..<value.count).flatMap { row in
      let unit = (0..<value.count).map { $0 == row ? 1.0 : 0 }
      return pullback(Tensor(unit, shape: value, dtype: .float64)).doubles
    }
    return Tensor(rows, shape: Shape(value.lengths + variable.lengths), dtype: .float64)
  }

  /// One-hot rows of random classes, each class at least once where there are rows enough.
  static func oneHot(_ rows: Int, _ classes: Int, from sampler: inout Sampler) -> Tensor {
    let labels = (0..<rows).map { row in
      row < classes ? classes - 1 - row : sampler.integer(below: classes)
    }
    let values = labels.flatMap { label in (0..<classes).map { $0 == label ? 1.0 : 0 } }
    return Tensor(values, shape: [rows, classes], dtype: .float64)
  }
}

extension Derivation.Values {
  /// The mask of dropout by random numbers between 0 and 1: 0 where they are below the probability.
  func dropoutMask(_ uniform: Term, below probability: Term) -> Tensor {
    let p = self[probability].item
    let mask = self[uniform].doubles.map { $0 >= p ? 1 / (1 - p) : 0 }
    return Tensor(mask, shape: self[uniform].shape, dtype: .float64)
  }
}

extension [Term] {
  /// What the code made of ∂T/∂S for each parameter S, in their order.
  func gradients(_ gradients: Gradients, of loss: Term) -> [(Term, Tensor)] {
    zip(self, gradients.values).compactMap { parameter, gradient in
      gradient.map { (derivative(loss, by: parameter), $0) }
    }
  }
}
