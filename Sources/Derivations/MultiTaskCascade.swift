import Tensors

/// The multi-task cascade, its gradient written out by hand: task A predicts numbers, task B a class, and the
/// prediction of A goes into B.
///
/// For a batch of m rows, with the samples as the rows of X and Y_A and the classes as one-hot rows of Y_B:
///
///     Z₁A = X θ₁Aᵀ + 1 b₁Aᵀ                  [m, s]
///     X₁A = sin(Z₁A)                         [m, s]
///     XDP = X₁A ∘ M                          [m, s]     M is 0 with probability p, else 1/(1 − p)
///     ŶA  = XDP θ₂Aᵀ + 1 b₂Aᵀ                [m, a]
///     X₁B = X θ₁Bᵀ                           [m, a]
///     XBN = X₁B − 1 μᵀ + 1 b₁Bᵀ              [m, a]     μ is the mean of the rows of X₁B
///     X⊕  = ŶA + max(XBN, 0)                 [m, a]
///     Z₂B = X⊕ θ₂Bᵀ + 1 b₂Bᵀ                 [m, b]
///     ŶB  = softmax(Z₂B)                     [m, b]
///     L_A = (1/m) Σᵢ ½ ‖ŶAᵢ − Y_Aᵢ‖²
///     L_B = −(1/m) Σᵢ Σₖ Y_Bᵢₖ ln ŶBᵢₖ
///     L   = α L_A + β L_B
///
/// where α and β are 1 unless one task is to be learned without the other. No tape is involved: every line of
/// ``gradient(inputs:targets:labels:mask:)`` is one of the formulas beside it.
///
/// Mean-only batch normalisation: Salimans and Kingma, "Weight normalization", NeurIPS 2016; sine: Sitzmann et
/// al., "Implicit neural representations with periodic activation functions", NeurIPS 2020.
public struct MultiTaskCascade {
  /// θ₁A `[s, d]`, b₁A `[s]`, θ₂A `[a, s]`, b₂A `[a]`, θ₁B `[a, d]`, b₁B `[a]`, θ₂B `[b, a]`, b₂B `[b]`.
  public let parameters: [Parameter]
  /// α, what the loss of task A counts.
  public let weightA: Double
  /// β, what the loss of task B counts.
  public let weightB: Double

  /// - Parameters:
  ///   - parameters: θ₁A, b₁A, θ₂A, b₂A, θ₁B, b₁B, θ₂B and b₂B in this order; stops if their shapes do not fit
  ///     together.
  ///   - weightA: α.
  ///   - weightB: β.
  public init(_ parameters: [Parameter], weightA: Double = 1, weightB: Double = 1) {
    let shapes = parameters.map(\.shape)
    require(
      shapes.count == 8 && [0, 2, 4, 6].allSatisfy { shapes[$0].rank == 2 }
        && [0, 2, 4, 6].allSatisfy { shapes[$0 + 1] == [shapes[$0][0]] }
        && shapes[2][1] == shapes[0][0] && shapes[4] == [shapes[2][0], shapes[0][1]]
        && shapes[6][1] == shapes[4][0],
      "MultiTaskCascade: parameters of shapes \(shapes); they have to be [s, d], [s], [a, s], [a], "
        + "[a, d], [a], [b, a], [b]")
    self.parameters = parameters
    self.weightA = weightA
    self.weightB = weightB
  }

  /// What one pass forward and back gives.
  public struct Result {
    /// L, a scalar.
    public let loss: Tensor
    /// L_A, a scalar.
    public let lossA: Tensor
    /// L_B, a scalar.
    public let lossB: Tensor
    /// ŶA, `[batch, a]`.
    public let prediction: Tensor
    /// ŶB, `[batch, b]`.
    public let probabilities: Tensor
    /// μ, `[a]`, from which inference takes its running mean.
    public let mean: Tensor
    /// ∂L/∂θ₁A, ∂L/∂b₁A, ∂L/∂θ₂A, ∂L/∂b₂A, ∂L/∂θ₁B, ∂L/∂b₁B, ∂L/∂θ₂B, ∂L/∂b₂B.
    public let gradients: Gradients
  }

  /// The loss, its two parts, both predictions and the gradient of the loss.
  ///
  /// - Parameters:
  ///   - x: X, `[batch, d]`, the batch not empty.
  ///   - targets: Y_A, `[batch, a]`.
  ///   - labels: `[batch]`, each a class of task B; stops, naming the row, if one is not.
  ///   - mask: M, `[batch, s]`; nil for ones.
  public func gradient(
    inputs x: Tensor, targets: Tensor, labels: IndexTensor, mask: Tensor? = nil
  ) -> Result {
    let p = parameters.map(\.value)
    let (theta1a, b1a, theta2a, b2a) = (p[0], p[1], p[2], p[3])
    let (theta1b, b1b, theta2b, b2b) = (p[4], p[5], p[6], p[7])
    let m = Double(x.shape[0])

    let z1a = linear(x, theta1a, b1a)  // Z₁A = X θ₁Aᵀ + b₁A
    let x1a = sin(z1a)  // X₁A = sin(Z₁A)
    let xdp = masked(x1a, mask)  // XDP = X₁A ∘ M
    let ya = linear(xdp, theta2a, b2a)  // ŶA = XDP θ₂Aᵀ + b₂A
    let x1b = linear(x, theta1b)  // X₁B = X θ₁Bᵀ
    // max(XBN, 0), XBN = X₁B − μ + b₁B
    let (xbn, mean) = meanOnlyBatchNormalizationWithMean(x1b, b1b, activation: .relu)
    let xsum = ya + xbn  // X⊕ = ŶA + max(XBN, 0)
    let z2b = linear(xsum, theta2b, b2b)  // Z₂B = X⊕ θ₂Bᵀ + b₂B
    let error = ya - targets  // ŶA − Y_A
    let halfSquares = 0.5 / m * sumOfSquares(error)  // L_A = (1/m) Σᵢ ½ ‖ŶA − Y_A‖²
    let (lossB, yb) = softmaxCrossEntropyWithProbabilities(z2b, labels: labels)

    // ∂L/∂Z₂B = β (ŶB − Y_B) / m
    let dz2b = softmaxCrossEntropyPullback(weightB / m, yb, labels: labels)
    let dtheta2b = matmul(dz2b, xsum, transposeA: true)  // ∂L/∂θ₂B = (∂L/∂Z₂B)ᵀ X⊕
    let db2b = sum(dz2b, axis: 0)  // ∂L/∂b₂B = Σᵢ ∂L/∂Z₂B
    let dxsum = matmul(dz2b, theta2b)  // ∂L/∂X⊕ = ∂L/∂Z₂B θ₂B
    let dxbn = reluPullback(dxsum, xbn)  // ∂L/∂XBN = ∂L/∂X⊕ ∘ [XBN > 0]
    let db1b = sum(dxbn, axis: 0)  // ∂L/∂b₁B = Σᵢ ∂L/∂XBN
    // ∂L/∂X₁B = ∂L/∂XBN − (1/m) 1 (Σᵢ ∂L/∂XBN)ᵀ
    let dx1b = meanOnlyBatchNormalizationPullback(dxbn, biasGradient: db1b)
    let dtheta1b = matmul(dx1b, x, transposeA: true)  // ∂L/∂θ₁B = (∂L/∂X₁B)ᵀ X

    let dya = error * (weightA / m) + dxsum  // ∂L/∂ŶA = α (ŶA − Y_A) / m + ∂L/∂X⊕
    let dtheta2a = matmul(dya, xdp, transposeA: true)  // ∂L/∂θ₂A = (∂L/∂ŶA)ᵀ XDP
    let db2a = sum(dya, axis: 0)  // ∂L/∂b₂A = Σᵢ ∂L/∂ŶA
    let dxdp = matmul(dya, theta2a)  // ∂L/∂XDP = ∂L/∂ŶA θ₂A
    let dx1a = masked(dxdp, mask)  // ∂L/∂X₁A = ∂L/∂XDP ∘ M
    let dz1a = sinPullback(dx1a, z1a)  // ∂L/∂Z₁A = ∂L/∂X₁A ∘ cos(Z₁A)
    let dtheta1a = matmul(dz1a, x, transposeA: true)  // ∂L/∂θ₁A = (∂L/∂Z₁A)ᵀ X
    let db1a = sum(dz1a, axis: 0)  // ∂L/∂b₁A = Σᵢ ∂L/∂Z₁A

    let lossA = Tensor(scalar: halfSquares, dtype: x.dtype)
    return Result(
      // Rounded once, as the sum of what each task shows.
      loss: Tensor(scalar: weightA * lossA.item + weightB * lossB.item, dtype: x.dtype),
      lossA: lossA, lossB: lossB, prediction: ya, probabilities: yb, mean: mean,
      gradients: Gradients(
        of: parameters, [dtheta1a, db1a, dtheta2a, db2a, dtheta1b, db1b, dtheta2b, db2b]))
  }

  private func masked(_ x: Tensor, _ mask: Tensor?) -> Tensor { mask.map { x * $0 } ?? x }

  /// The eight formulas that ``gradient(inputs:targets:labels:mask:)`` computes, in the order of the parameters.
  public static let formulas: [Formula] = [
    Formula(
      #"\theta_{1A}"#, #"\left(∂{Z_{1A}}\right)^\top X"#,
      where: #"$∂{Z_{1A}} = \left(∂{\hat Y_A} \theta_{2A}\right) \circ M \circ \cos(Z_{1A})$"#),
    Formula(
      "b_{1A}", #"\left(∂{Z_{1A}}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      #"\theta_{2A}"#, #"\left(∂{\hat Y_A}\right)^\top X_{\text{DP}}"#,
      where:
        #"$∂{\hat Y_A} = \alpha (\hat Y_A - Y_A) / m + ∂{X_\oplus}$: its own error and its part in task B"#
    ),
    Formula(
      "b_{2A}", #"\left(∂{\hat Y_A}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      #"\theta_{1B}"#, #"\left(∂{X_{1B}}\right)^\top X"#,
      where:
        #"$∂{X_{1B}} = ∂{X_{\text{BN}}} - \frac{1}{m} \mathbf{1} \mathbf{1}^\top ∂{X_{\text{BN}}}$: the mean ties the samples together"#
    ),
    Formula(
      "b_{1B}", #"\left(∂{X_{\text{BN}}}\right)^\top \mathbf{1}_m"#,
      where: #"$∂{X_{\text{BN}}} = ∂{X_\oplus} \circ [X_{\text{BN}} > 0]$"#),
    Formula(
      #"\theta_{2B}"#, #"\left(∂{Z_{2B}}\right)^\top X_\oplus"#,
      where: #"$∂{Z_{2B}} = \beta (\hat Y_B - Y_B) / m$ and $∂{X_\oplus} = ∂{Z_{2B}} \theta_{2B}$"#),
    Formula(
      "b_{2B}", #"\left(∂{Z_{2B}}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
  ]
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("multi_task_cascade", group: .network) { sampler in
    [
      (1, 1, 1, 1, 2, 1.0, 1.0), (5, 4, 6, 3, 4, 1, 1), (1, 7, 3, 8, 5, 1, 1),
      (2, 8, 9, 2, 7, 0, 1), (3, 3, 7, 9, 8, 2, 0.5), (2, 5, 16, 7, 1, 1, 1),
      (4, 2, 5, 17, 3, 0.5, 1), (3, 17, 2, 4, 9, 1, 3), (7, 9, 17, 5, 3, 1, 0),
      (16, 15, 8, 9, 10, 0.5, 2),
    ]
    .map { batch, d, s, a, b, weightA, weightB in
      let x = sampler.tensor([batch, d], .uniform(-1, 1))
      let targets = sampler.tensor([batch, a], .uniform(-1, 1))
      let labels = sampler.labels(batch, below: b)
      let mask = Tensor(
        (0..<batch * s).map { _ in sampler.integer(below: 4) == 0 ? 0 : 1.25 }, shape: [batch, s],
        dtype: sampler.dtype)
      let limit = 1 / Double(d)
      let parameters = [
        sampler.parameter([s, d], .uniform(-1, 1), name: "θ1A"),
        sampler.parameter([s], .uniform(-1, 1), name: "b1A"),
        sampler.parameter([a, s], .uniform(-0.5, 0.5), name: "θ2A"),
        sampler.parameter([a], name: "b2A"),
        // The normalised units are within ±2, and the biases far from that on either side: each unit is
        // clearly on or clearly off.
        sampler.parameter([a, d], .uniform(-limit, limit), name: "θ1B"),
        Parameter(
          Tensor((0..<a).map { $0 % 3 == 1 ? -3 : 3 }, shape: [a], dtype: sampler.dtype),
          name: "b1B"),
        sampler.parameter([b, a], .uniform(-0.3, 0.3), name: "θ2B"),
        sampler.parameter([b], name: "b2B"),
      ]
      let network = MultiTaskCascade(parameters, weightA: weightA, weightB: weightB)
      return .init(
        "batch \(batch) \(d)-\(s)-\(a)-\(b) weights \(weightA) and \(weightB)", parameters,
        byHand: { dy in
          network.gradient(inputs: x, targets: targets, labels: labels, mask: mask).gradients
            .values.map { $0.map { $0 * dy.item } }
        }
      ) { composedLoss(network, x, targets, labels, mask) }
    }
  }
}

/// L of elementary operations.
private func composedLoss(
  _ network: MultiTaskCascade, _ x: Tensor, _ targets: Tensor, _ labels: IndexTensor, _ mask: Tensor
) -> Tensor {
  let p = network.parameters.map(\.value)
  func product(_ x: Tensor, _ layer: Int) -> Tensor { matmul(x, p[2 * layer], transposeB: true) }
  func affine(_ x: Tensor, _ layer: Int) -> Tensor {
    product(x, layer) + broadcast(p[2 * layer + 1], to: [x.shape[0], p[2 * layer].shape[0]])
  }
  let ya = affine(sin(affine(x, 0)) * mask, 1)
  let x1b = product(x, 2)
  let centred = x1b - broadcast(mean(x1b, axis: 0), to: x1b.shape)
  let z2b = affine(ya + relu(centred + broadcast(p[5], to: x1b.shape)), 3)
  let error = ya - targets
  return sum(error * error) * (network.weightA * 0.5 / Double(x.shape[0]))
    + softmaxCrossEntropy(z2b, labels: labels) * network.weightB
}
