import Tensors

/// The simplified MLP-Mixer, its gradient written out by hand.
///
/// For a batch of m samples, each a matrix X⁽ⁱ⁾ of L positions by D features, and the classes as one-hot rows of Y:
///
///     Z₁⁽ⁱ⁾ = X⁽ⁱ⁾ᵀ Θ₁ᵀ + 1 b₁ᵀ        [D, L]     FC-1 mixes the positions, each feature by itself
///     H₁⁽ⁱ⁾ = max(Z₁⁽ⁱ⁾, 0)            [D, L]
///     S₁⁽ⁱ⁾ = X⁽ⁱ⁾ + H₁⁽ⁱ⁾ᵀ            [L, D]
///     Z₂⁽ⁱ⁾ = S₁⁽ⁱ⁾ Θ₂ᵀ + 1 b₂ᵀ        [L, D]     FC-2 mixes the features, each position by itself
///     H₂⁽ⁱ⁾ = max(Z₂⁽ⁱ⁾, 0)            [L, D]
///     S₂⁽ⁱ⁾ = S₁⁽ⁱ⁾ + H₂⁽ⁱ⁾            [L, D]
///     Vᵢ    = (1/D) (S₂⁽ⁱ⁾ 1)ᵀ         [L]        the mean over the features
///     Z₃    = V Θ₃ᵀ + 1 b₃ᵀ            [m, K]
///     Ŷ     = softmax(Z₃)              [m, K]
///     ℒ     = −(1/m) Σᵢ Σₖ Yᵢₖ ln Ŷᵢₖ
///
/// All samples go through a layer at once: the rows of Z₁ of all samples are the m·D rows of one matrix, those of
/// Z₂ the m·L rows of another. No tape is involved: every line of ``gradient(inputs:labels:)`` is one of the
/// formulas beside it.
///
/// After Tolstikhin et al., "MLP-Mixer: an all-MLP architecture for vision", NeurIPS 2021.
public struct MLPMixer {
  /// Θ₁ `[L, L]`, b₁ `[L]`, Θ₂ `[D, D]`, b₂ `[D]`, Θ₃ `[K, L]`, b₃ `[K]`.
  public let parameters: [Parameter]

  /// - Parameter parameters: Θ₁, b₁, Θ₂, b₂, Θ₃ and b₃ in this order; stops if their shapes do not fit together.
  public init(_ parameters: [Parameter]) {
    let shapes = parameters.map(\.shape)
    require(
      shapes.count == 6 && [0, 2, 4].allSatisfy { shapes[$0].rank == 2 }
        && [0, 2, 4].allSatisfy { shapes[$0 + 1] == [shapes[$0][0]] }
        && shapes[0][0] == shapes[0][1] && shapes[2][0] == shapes[2][1]
        && shapes[4][1] == shapes[0][0],
      "MLPMixer: parameters of shapes \(shapes); they have to be [L, L], [L], [D, D], [D], [K, L], [K]"
    )
    self.parameters = parameters
  }

  /// What one pass forward and back gives.
  public struct Result {
    /// ℒ, a scalar.
    public let loss: Tensor
    /// Ŷ, `[batch, K]`.
    public let probabilities: Tensor
    /// ∂ℒ/∂Θ₁, ∂ℒ/∂b₁, ∂ℒ/∂Θ₂, ∂ℒ/∂b₂, ∂ℒ/∂Θ₃, ∂ℒ/∂b₃.
    public let gradients: Gradients
  }

  /// The loss, the probabilities and the gradient of the loss.
  ///
  /// - Parameters:
  ///   - x: X, `[batch, L, D]`, the batch not empty.
  ///   - labels: `[batch]`, each a class; stops, naming the row, if one is not.
  public func gradient(inputs x: Tensor, labels: IndexTensor) -> Result {
    let p = parameters.map(\.value)
    let (theta1, b1, theta2, b2, theta3, b3) = (p[0], p[1], p[2], p[3], p[4], p[5])
    let (batch, positions, features) = (x.shape[0], theta1.shape[0], theta2.shape[0])
    require(
      x.shape == [batch, positions, features],
      "MLPMixer: inputs of shape \(x.shape); they have to be [batch, \(positions), \(features)]")
    let (m, size) = (Double(batch), Double(features))
    let (turned, straight): (Shape, Shape) = (
      [batch * features, positions], [batch * positions, features]
    )

    let xt = x.transposed().reshaped(to: turned)  // X⁽ⁱ⁾ᵀ of all samples, one below the other
    let h1 = linear(xt, theta1, b1, activation: .relu)  // H₁ = max(Xᵀ Θ₁ᵀ + b₁, 0)
    let h1t = h1.reshaped(to: [batch, features, positions]).transposed()
    let s1 = (x + h1t).reshaped(to: straight)  // S₁ = X + H₁ᵀ
    let h2 = linear(s1, theta2, b2, activation: .relu)  // H₂ = max(S₁ Θ₂ᵀ + b₂, 0)
    let s2 = s1 + h2  // S₂ = S₁ + H₂
    let v = mean(s2, axis: 1).reshaped(to: [batch, positions])  // V = (1/D) S₂ 1
    let z3 = linear(v, theta3, b3)  // Z₃ = V Θ₃ᵀ + b₃
    let (loss, y) = softmaxCrossEntropyWithProbabilities(z3, labels: labels)

    let dz3 = softmaxCrossEntropyPullback(1 / m, y, labels: labels)  // ∂ℒ/∂Z₃ = (Ŷ − Y) / m
    let dtheta3 = matmul(dz3, v, transposeA: true)  // ∂ℒ/∂Θ₃ = (∂ℒ/∂Z₃)ᵀ V
    let db3 = sum(dz3, axis: 0)  // ∂ℒ/∂b₃ = Σᵢ ∂ℒ/∂Z₃
    let dv = matmul(dz3, theta3)  // ∂ℒ/∂V = ∂ℒ/∂Z₃ Θ₃
    // ∂ℒ/∂S₂⁽ⁱ⁾ = (1/D) ∂ℒ/∂v⁽ⁱ⁾ 1ᵀ, where (∂ℒ/∂v⁽ⁱ⁾)ᵀ is row i of ∂ℒ/∂V
    let share = (dv / size).reshaped(to: [batch * positions, 1])
    let ds2 = broadcast(share, to: straight)
    let dz2 = reluPullback(ds2, h2)  // ∂ℒ/∂Z₂ = ∂ℒ/∂S₂ ∘ [H₂ > 0]
    let dtheta2 = matmul(dz2, s1, transposeA: true)  // ∂ℒ/∂Θ₂ = Σᵢ (∂ℒ/∂Z₂⁽ⁱ⁾)ᵀ S₁⁽ⁱ⁾
    let db2 = sum(dz2, axis: 0)  // ∂ℒ/∂b₂ = Σᵢ (∂ℒ/∂Z₂⁽ⁱ⁾)ᵀ 1
    let ds1 = ds2 + matmul(dz2, theta2)  // ∂ℒ/∂S₁ = ∂ℒ/∂S₂ + ∂ℒ/∂Z₂ Θ₂
    // ∂ℒ/∂H₁⁽ⁱ⁾ = (∂ℒ/∂S₁⁽ⁱ⁾)ᵀ
    let dh1 = ds1.reshaped(to: x.shape).transposed().reshaped(to: turned)
    let dz1 = reluPullback(dh1, h1)  // ∂ℒ/∂Z₁ = ∂ℒ/∂H₁ ∘ [H₁ > 0]
    let dtheta1 = matmul(dz1, xt, transposeA: true)  // ∂ℒ/∂Θ₁ = Σᵢ (∂ℒ/∂Z₁⁽ⁱ⁾)ᵀ X⁽ⁱ⁾ᵀ
    let db1 = sum(dz1, axis: 0)  // ∂ℒ/∂b₁ = Σᵢ (∂ℒ/∂Z₁⁽ⁱ⁾)ᵀ 1

    return Result(
      loss: loss, probabilities: y,
      gradients: Gradients(of: parameters, [dtheta1, db1, dtheta2, db2, dtheta3, db3]))
  }

  private static let loss = #"\mathcal{L}"#
  /// The six formulas that ``gradient(inputs:labels:)`` computes, in the order of the parameters.
  public static let formulas: [Formula] = [
    Formula(
      #"\Theta_1"#, #"\sum_{i=1}^{m} \left(∂{Z_1^{(i)}}\right)^\top \left(X^{(i)}\right)^\top"#,
      where:
        #"$∂{Z_1^{(i)}} = \left(∂{S_1^{(i)}}\right)^\top \circ [H_1^{(i)} > 0]$ and $∂{S_1} = ∂{S_2} + ∂{Z_2} \Theta_2$"#,
      loss: loss),
    Formula(
      "b_1", #"\sum_{i=1}^{m} \left(∂{Z_1^{(i)}}\right)^\top \mathbf{1}_D"#,
      where: #"$\mathbf{1}_D$ is a column of ones: the sums run over samples and features"#,
      loss: loss),
    Formula(
      #"\Theta_2"#, #"\sum_{i=1}^{m} \left(∂{Z_2^{(i)}}\right)^\top S_1^{(i)}"#,
      where:
        #"$∂{Z_2} = ∂{S_2} \circ [H_2 > 0]$ and $∂{S_2^{(i)}} = \frac{1}{D} ∂{v^{(i)}} \mathbf{1}^\top$, where $\left(∂{v^{(i)}}\right)^\top$ is row $i$ of $∂{Z_3} \Theta_3$"#,
      loss: loss),
    Formula(
      "b_2", #"\sum_{i=1}^{m} \left(∂{Z_2^{(i)}}\right)^\top \mathbf{1}_L"#,
      where: #"$\mathbf{1}_L$ is a column of ones: the sums run over samples and positions"#,
      loss: loss),
    Formula(
      #"\Theta_3"#, #"\left(∂{Z_3}\right)^\top V"#,
      where: #"$∂{Z_3} = (\hat Y - Y) / m$"#, loss: loss),
    Formula(
      "b_3", #"\left(∂{Z_3}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#, loss: loss),
  ]
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("mlp_mixer", group: .network) { sampler in
    [
      (1, 1, 1, 2), (3, 4, 3, 3), (1, 7, 1, 5), (2, 1, 8, 3), (2, 9, 2, 8), (1, 3, 7, 1),
      (3, 8, 5, 7), (5, 7, 9, 4), (2, 2, 16, 9), (1, 17, 3, 2), (4, 16, 17, 10),
    ].map { batch, positions, features, classes in
      let x = sampler.tensor([batch, positions, features], .uniform(-1, 1))
      let labels = sampler.labels(batch, below: classes)
      func layer(_ outputs: Int, _ inputs: Int, _ limit: Double, _ name: String) -> Parameter {
        sampler.parameter(
          [outputs, inputs], .uniform(-limit / Double(inputs), limit / Double(inputs)), name: name)
      }
      // The biases lie further from zero than the products reach: each unit is clearly on or clearly off.
      func biases(_ count: Int, _ size: Double, _ name: String) -> Parameter {
        Parameter(
          Tensor(
            (0..<count).map { $0 % 3 == 1 ? -size : size }, shape: [count], dtype: sampler.dtype),
          name: name)
      }
      let parameters = [
        layer(positions, positions, 1, "Θ1"), biases(positions, 2, "b1"),
        layer(features, features, 0.5, "Θ2"), biases(features, 4, "b2"),
        layer(classes, positions, 1, "Θ3"), sampler.parameter([classes], name: "b3"),
      ]
      let network = MLPMixer(parameters)
      return .init(
        "batch \(batch) L \(positions) D \(features) K \(classes)", parameters,
        byHand: { dy in
          network.gradient(inputs: x, labels: labels).gradients.values.map {
            $0.map { $0 * dy.item }
          }
        }
      ) { composedLoss(parameters.map(\.value), x, labels) }
    }
  }
}

/// ℒ of elementary operations, sample by sample.
private func composedLoss(_ p: [Tensor], _ x: Tensor, _ labels: IndexTensor) -> Tensor {
  func affine(_ x: Tensor, _ layer: Int) -> Tensor {
    matmul(x, p[2 * layer], transposeB: true)
      + broadcast(p[2 * layer + 1], to: [x.shape[0], p[2 * layer].shape[0]])
  }
  let rows = (0..<x.shape[0]).map { sample in
    let own = slice(x, axis: 0, from: sample, count: 1).reshaped(to: [x.shape[1], x.shape[2]])
    let s1 = own + relu(affine(own.transposed(), 0)).transposed()
    return mean(s1 + relu(affine(s1, 1)), axis: 1).reshaped(to: [1, x.shape[1]])
  }
  return softmaxCrossEntropy(affine(concatenate(rows), 2), labels: labels)
}
