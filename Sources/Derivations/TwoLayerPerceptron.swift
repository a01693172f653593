import Tensors

/// The perceptron with one hidden layer for classification, its gradient written out by hand.
///
/// For a batch of m rows, with the samples as the rows of X and the classes as one-hot rows of Y:
///
///     Z₁ = X W₁ᵀ + 1 b₁ᵀ        [m, hidden]
///     H₁ = max(Z₁, 0)           [m, hidden]
///     Z₂ = H₁ W₂ᵀ + 1 b₂ᵀ       [m, classes]
///     Ŷ  = softmax(Z₂)          [m, classes]
///     L  = −(1/m) Σᵢ Σₖ Yᵢₖ ln Ŷᵢₖ + λ (‖W₁‖² + ‖W₂‖²)
///
/// where λ is 0 unless a penalty is asked for. No tape is involved: every line of ``gradient(inputs:labels:)`` is one
/// of the formulas beside it.
public struct TwoLayerPerceptron {
  /// W₁ `[hidden, inputs]`, b₁ `[hidden]`, W₂ `[classes, hidden]`, b₂ `[classes]`.
  public let parameters: [Parameter]
  /// λ, the strength of the quadratic penalty on the weights.
  public let penalty: Double

  /// - Parameters:
  ///   - parameters: W₁, b₁, W₂ and b₂ in this order; stops if their shapes do not fit together.
  ///   - penalty: λ, a finite number from 0.
  public init(_ parameters: [Parameter], penalty: Double = 0) {
    let shapes = parameters.map(\.shape)
    require(
      shapes.count == 4 && shapes[0].rank == 2 && shapes[1] == [shapes[0][0]]
        && shapes[2].rank == 2 && shapes[2][1] == shapes[0][0] && shapes[3] == [shapes[2][0]],
      "TwoLayerPerceptron: parameters of shapes \(shapes); they have to be [hidden, inputs], "
        + "[hidden], [classes, hidden], [classes]")
    require(
      penalty >= 0 && penalty.isFinite,
      "TwoLayerPerceptron: penalty is \(penalty); it has to be a finite number from 0")
    self.parameters = parameters
    self.penalty = penalty
  }

  /// What one pass forward and back gives.
  public struct Result {
    /// L, a scalar, with the penalty.
    public let loss: Tensor
    /// L without the penalty.
    public let crossEntropy: Tensor
    /// Ŷ, `[batch, classes]`.
    public let probabilities: Tensor
    /// ∂L/∂W₁, ∂L/∂b₁, ∂L/∂W₂, ∂L/∂b₂.
    public let gradients: Gradients
  }

  /// The loss, the probabilities and the gradient of the loss.
  ///
  /// - Parameters:
  ///   - x: X, `[batch, inputs]`, the batch not empty.
  ///   - labels: `[batch]`, each a class; stops, naming the row, if one is not.
  public func gradient(inputs x: Tensor, labels: IndexTensor) -> Result {
    let (w1, b1) = (parameters[0].value, parameters[1].value)
    let (w2, b2) = (parameters[2].value, parameters[3].value)

    let h1 = linear(x, w1, b1, activation: .relu)  // H₁ = max(X W₁ᵀ + b₁, 0)
    let z2 = linear(h1, w2, b2)  // Z₂ = H₁ W₂ᵀ + b₂
    let (crossEntropy, y) = softmaxCrossEntropyWithProbabilities(z2, labels: labels)

    let m = Double(x.shape[0])
    let dz2 = softmaxCrossEntropyPullback(1 / m, y, labels: labels)  // ∂L/∂Z₂ = (Ŷ − Y) / m
    var dw2 = matmul(dz2, h1, transposeA: true)  // ∂L/∂W₂ = (∂L/∂Z₂)ᵀ H₁ + 2λ W₂
    if penalty > 0 { dw2 = addScaled(dw2, w2, 2 * penalty) }
    let db2 = sum(dz2, axis: 0)  // ∂L/∂b₂ = Σᵢ ∂L/∂Z₂
    let dh1 = matmul(dz2, w2)  // ∂L/∂H₁ = ∂L/∂Z₂ W₂
    let dz1 = reluPullback(dh1, h1)  // ∂L/∂Z₁ = ∂L/∂H₁ ∘ [Z₁ > 0]
    var dw1 = matmul(dz1, x, transposeA: true)  // ∂L/∂W₁ = (∂L/∂Z₁)ᵀ X + 2λ W₁
    if penalty > 0 { dw1 = addScaled(dw1, w1, 2 * penalty) }
    let db1 = sum(dz1, axis: 0)  // ∂L/∂b₁ = Σᵢ ∂L/∂Z₁

    var loss = crossEntropy
    if penalty > 0 {
      loss = loss + penalty * (sumOfSquares(w1) + sumOfSquares(w2))  // J + λ (‖W₁‖² + ‖W₂‖²)
    }
    return Result(
      loss: loss, crossEntropy: crossEntropy, probabilities: y,
      gradients: Gradients(of: parameters, [dw1, db1, dw2, db2]))
  }

  /// The four formulas that ``gradient(inputs:labels:)`` computes, in the order of the parameters, without
  /// a penalty.
  public static let formulas: [Formula] = [
    Formula(
      "W_1", #"\left(∂{Z_1}\right)^\top X"#,
      where: #"$∂{Z_1} = \left(∂{Z_2} W_2\right) \circ [Z_1 > 0]$"#),
    Formula(
      "b_1", #"\left(∂{Z_1}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      "W_2", #"\left(∂{Z_2}\right)^\top H_1"#,
      where: #"$∂{Z_2} = (\hat Y - Y) / m$"#),
    Formula(
      "b_2", #"\left(∂{Z_2}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
  ]

  /// The same with a penalty, which only the weights have.
  public static let penalizedFormulas: [Formula] = [
    Formula(
      "W_1", formulas[0].value + #" + 2 \lambda W_1"#, where: formulas[0].explanation),
    formulas[1],
    Formula(
      "W_2", formulas[2].value + #" + 2 \lambda W_2"#, where: formulas[2].explanation),
    formulas[3],
  ]
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for (name, penalty) in [("two_layer_perceptron", 0), ("two_layer_perceptron_penalized", 0.05)] {
    GradientCheck.register(name, group: .network) { sampler in
      [
        (1, 1, 1, 2), (3, 2, 1, 1), (5, 4, 10, 3), (1, 7, 8, 9), (2, 8, 7, 5), (4, 9, 16, 2),
        (3, 3, 17, 7), (2, 16, 2, 8), (7, 17, 15, 10), (16, 33, 9, 10),
      ].map { batch, inputs, hidden, classes in
        let x = sampler.tensor([batch, inputs], .uniform(0.3, 1))
        let labels = sampler.labels(batch, below: classes)
        let parameters = [
          sampler.parameter([hidden, inputs], .uniform(0.3, 1), name: "W1"),
          // Biases far from zero on either side: every unit is clearly on or clearly off.
          Parameter(
            Tensor(
              (0..<hidden).map { $0 % 3 == 1 ? -Double(inputs) - 1 : 1 }, shape: [hidden],
              dtype: sampler.dtype), name: "b1"),
          sampler.parameter([classes, hidden], .uniform(-0.05, 0.05), name: "W2"),
          sampler.parameter([classes], name: "b2"),
        ]
        let network = TwoLayerPerceptron(parameters, penalty: penalty)
        return .init(
          "batch \(batch) \(inputs)-\(hidden)-\(classes)", parameters,
          byHand: { dy in
            network.gradient(inputs: x, labels: labels).gradients.values.map {
              $0.map { $0 * dy.item }
            }
          }
        ) {
          let (w1, w2) = (parameters[0].value, parameters[2].value)
          let h = relu(
            matmul(x, w1, transposeB: true) + broadcast(parameters[1].value, to: [batch, hidden]))
          let z =
            matmul(h, w2, transposeB: true) + broadcast(parameters[3].value, to: [batch, classes])
          let loss = softmaxCrossEntropy(z, labels: labels)
          return penalty > 0 ? loss + penalty * (sum(w1 * w1) + sum(w2 * w2)) : loss
        }
      }
    }
  }
}
