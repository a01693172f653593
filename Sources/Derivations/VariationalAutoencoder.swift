import Tensors

/// The variational autoencoder of perceptrons with a Gaussian likelihood, its gradient written out by hand.
///
/// For a batch of m rows and given noise ε, with ζ = [μz, ln σz] and ξ = [μx, ln σx] as the two halves of
/// a row:
///
///     A₁ = X W₁ᵀ + 1 b₁ᵀ,   H₁ = max(A₁, 0)     [m, hidden]
///     A₂ = H₁ W₂ᵀ + 1 b₂ᵀ,  H₂ = max(A₂, 0)     [m, hidden]
///     ζ  = H₂ W₃ᵀ + 1 b₃ᵀ             [m, 2 latent]
///     Z  = μz + σz ∘ ε                [m, latent]
///     U₁ = Z V₁ᵀ + 1 c₁ᵀ,   G₁ = max(U₁, 0)     [m, hidden]
///     U₂ = G₁ V₂ᵀ + 1 c₂ᵀ,  G₂ = max(U₂, 0)     [m, hidden]
///     ξ  = G₂ V₃ᵀ + 1 c₃ᵀ             [m, 2 features]
///     R  = (1/m) Σᵢ Σⱼ ½ ln 2π + ln σx + (X − μx)² / (2 σx²)
///     D  = (1/m) Σᵢ Σₖ −ln σz − ½ + ½ (μz² + σz²)
///     L  = R + β D
///
/// Kingma and Welling, "Auto-encoding variational Bayes", ICLR 2014; β is that of Higgins and others,
/// "beta-VAE", ICLR 2017.  No tape is involved: every line of ``gradient(inputs:noise:beta:)`` is one of
/// the formulas beside it.
public struct VariationalAutoencoder {
  /// W₁ b₁ W₂ b₂ W₃ b₃ of the encoder, then V₁ c₁ V₂ c₂ V₃ c₃ of the decoder; a weight is `[outputs, inputs]`.
  public let parameters: [Parameter]

  /// - Parameter parameters: the twelve, in this order; stops if their shapes do not fit together.
  public init(_ parameters: [Parameter]) {
    let shapes = parameters.map(\.shape)
    require(
      VariationalAutoencoder.fit(shapes),
      "VariationalAutoencoder: parameters of shapes \(shapes); they have to be those of three linear "
        + "layers features → 2 latent and of three layers latent → 2 features, weight and bias in turn"
    )
    self.parameters = parameters
  }

  private static func fit(_ shapes: [Shape]) -> Bool {
    guard shapes.count == 12 else { return false }
    let weights = stride(from: 0, to: 12, by: 2).map { shapes[$0] }
    guard weights.allSatisfy({ $0.rank == 2 }) else { return false }
    let hasBiases = weights.indices.allSatisfy { shapes[2 * $0 + 1] == [weights[$0][0]] }
    let isChained = [1, 2, 4, 5].allSatisfy { weights[$0][1] == weights[$0 - 1][0] }
    return hasBiases && isChained && weights[2][0] == 2 * weights[3][1]
      && weights[5][0] == 2 * weights[0][1]
  }

  /// What one pass forward and back gives.
  public struct Result {
    /// L, a scalar.
    public let loss: Tensor
    /// R, a scalar: the negative log-likelihood.
    public let reconstruction: Tensor
    /// D, a scalar: the divergence from the standard normal distribution.
    public let divergence: Tensor
    /// The gradients of L in the parameters' order.
    public let gradients: Gradients
  }

  /// The loss, its two terms, and its gradient.
  ///
  /// - Parameters:
  ///   - x: X, `[batch, features]`, the batch not empty.
  ///   - noise: ε, `[batch, latent]`.
  ///   - beta: β, what the divergence counts.
  public func gradient(inputs x: Tensor, noise: Tensor, beta: Double = 1) -> Result {
    let p = parameters.map(\.value)
    let (w1, b1, w2, b2, w3, b3) = (p[0], p[1], p[2], p[3], p[4], p[5])
    let (v1, c1, v2, c2, v3, c3) = (p[6], p[7], p[8], p[9], p[10], p[11])

    let h1 = linear(x, w1, b1, activation: .relu)  // H₁ = max(X W₁ᵀ + b₁, 0)
    let h2 = linear(h1, w2, b2, activation: .relu)  // H₂ = max(H₁ W₂ᵀ + b₂, 0)
    let zeta = linear(h2, w3, b3)  // ζ = H₂ W₃ᵀ + b₃
    let z = reparameterize(zeta, noise: noise)  // Z = μz + σz ∘ ε
    let g1 = linear(z, v1, c1, activation: .relu)  // G₁ = max(Z V₁ᵀ + c₁, 0)
    let g2 = linear(g1, v2, c2, activation: .relu)  // G₂ = max(G₁ V₂ᵀ + c₂, 0)
    let xi = linear(g2, v3, c3)  // ξ = G₂ V₃ᵀ + c₃
    let r = gaussianHeadNegativeLogLikelihood(x, head: xi)
    let d = gaussianHeadKLDivergence(zeta)
    let loss = r + d * beta  // L = R + β D

    let m = Double(x.shape[0])
    // ∂L/∂ξ = [(μx − X)/σx², 1 − (X − μx)²/σx²] / m
    let dxi = gaussianHeadNegativeLogLikelihoodPullback(1 / m, x, head: xi)
    let dv3 = matmul(dxi, g2, transposeA: true)  // ∂L/∂V₃ = (∂L/∂ξ)ᵀ G₂
    let dc3 = sum(dxi, axis: 0)  // ∂L/∂c₃ = Σᵢ ∂L/∂ξ
    let du2 = reluPullback(matmul(dxi, v3), g2)  // ∂L/∂U₂ = (∂L/∂ξ V₃) ∘ [G₂ > 0]
    let dv2 = matmul(du2, g1, transposeA: true)  // ∂L/∂V₂ = (∂L/∂U₂)ᵀ G₁
    let dc2 = sum(du2, axis: 0)  // ∂L/∂c₂ = Σᵢ ∂L/∂U₂
    let du1 = reluPullback(matmul(du2, v2), g1)  // ∂L/∂U₁ = (∂L/∂U₂ V₂) ∘ [G₁ > 0]
    let dv1 = matmul(du1, z, transposeA: true)  // ∂L/∂V₁ = (∂L/∂U₁)ᵀ Z
    let dc1 = sum(du1, axis: 0)  // ∂L/∂c₁ = Σᵢ ∂L/∂U₁
    let dz = matmul(du1, v1)  // ∂L/∂Z = ∂L/∂U₁ V₁

    // ∂L/∂ζ = [∂L/∂Z, ∂L/∂Z ∘ σz ∘ ε] + β [μz, σz² − 1] / m
    let dzeta =
      reparameterizePullback(dz, head: zeta, noise: noise)
      + gaussianHeadKLDivergencePullback(beta / m, head: zeta)
    let dw3 = matmul(dzeta, h2, transposeA: true)  // ∂L/∂W₃ = (∂L/∂ζ)ᵀ H₂
    let db3 = sum(dzeta, axis: 0)  // ∂L/∂b₃ = Σᵢ ∂L/∂ζ
    let da2 = reluPullback(matmul(dzeta, w3), h2)  // ∂L/∂A₂ = (∂L/∂ζ W₃) ∘ [H₂ > 0]
    let dw2 = matmul(da2, h1, transposeA: true)  // ∂L/∂W₂ = (∂L/∂A₂)ᵀ H₁
    let db2 = sum(da2, axis: 0)  // ∂L/∂b₂ = Σᵢ ∂L/∂A₂
    let da1 = reluPullback(matmul(da2, w2), h1)  // ∂L/∂A₁ = (∂L/∂A₂ W₂) ∘ [H₁ > 0]
    let dw1 = matmul(da1, x, transposeA: true)  // ∂L/∂W₁ = (∂L/∂A₁)ᵀ X
    let db1 = sum(da1, axis: 0)  // ∂L/∂b₁ = Σᵢ ∂L/∂A₁

    return Result(
      loss: loss, reconstruction: r, divergence: d,
      gradients: Gradients(
        of: parameters,
        [dw1, db1, dw2, db2, dw3, db3, dv1, dc1, dv2, dc2, dv3, dc3]))
  }

  /// The twelve formulas that ``gradient(inputs:noise:beta:)`` computes, in the order of the parameters.
  public static let formulas: [Formula] = [
    Formula(
      "W_1", #"\left(∂{A_1}\right)^\top X"#,
      where: #"$∂{A_1} = \left(∂{A_2} W_2\right) \circ [H_1 > 0]$"#),
    Formula(
      "b_1", #"\left(∂{A_1}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      "W_2", #"\left(∂{A_2}\right)^\top H_1"#,
      where: #"$∂{A_2} = \left(∂{\zeta} W_3\right) \circ [H_2 > 0]$"#),
    Formula(
      "b_2", #"\left(∂{A_2}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      "W_3", #"\left(∂{\zeta}\right)^\top H_2"#,
      where:
        #"$∂{\zeta} = [∂{Z}, ∂{Z} \circ \sigma_z \circ \epsilon] + \beta [\mu_z, \sigma_z^2 - 1] / m$ with $∂{Z} = ∂{U_1} V_1$"#
    ),
    Formula(
      "b_3", #"\left(∂{\zeta}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      "V_1", #"\left(∂{U_1}\right)^\top Z"#,
      where: #"$∂{U_1} = \left(∂{U_2} V_2\right) \circ [G_1 > 0]$"#),
    Formula(
      "c_1", #"\left(∂{U_1}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      "V_2", #"\left(∂{U_2}\right)^\top G_1"#,
      where: #"$∂{U_2} = \left(∂{\xi} V_3\right) \circ [G_2 > 0]$"#),
    Formula(
      "c_2", #"\left(∂{U_2}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
    Formula(
      "V_3", #"\left(∂{\xi}\right)^\top G_2"#,
      where:
        #"$∂{\xi} = \left[\frac{\mu_x - X}{\sigma_x^2}, 1 - \frac{(X - \mu_x)^2}{\sigma_x^2}\right] / m$"#
    ),
    Formula(
      "c_3", #"\left(∂{\xi}\right)^\top \mathbf{1}_m"#,
      where: #"$\mathbf{1}_m$ is a column of ones: the product sums over the batch"#),
  ]
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("variational_autoencoder", group: .network) { sampler in
    [
      (1, 1, 2, 1, 1.0), (5, 2, 8, 2, 1), (1, 7, 2, 1, 1), (3, 8, 3, 2, 0.5), (2, 3, 7, 1, 2),
      (7, 3, 9, 5, 4), (4, 9, 6, 2, 0.5), (3, 2, 3, 7, 1), (2, 1, 2, 8, 1), (1, 2, 2, 9, 0.3),
    ].map { batch, features, hidden, latent, beta in
      let x = sampler.tensor([batch, features], .uniform(-1, 1))
      let noise = sampler.tensor([batch, latent], .uniform(-1, 1))
      let widths = [features, hidden, hidden, 2 * latent, latent, hidden, hidden, 2 * features]
      var parameters: [Parameter] = []
      for (layer, name) in zip([0, 1, 2, 4, 5, 6], ["W1", "W2", "W3", "V1", "V2", "V3"]) {
        let (inputs, outputs) = (widths[layer], widths[layer + 1])
        let limit = 1 / Double(inputs)
        parameters.append(
          sampler.parameter([outputs, inputs], .uniform(-limit, limit), name: name))
        // Hidden units that are clearly on or clearly off, whatever comes in: no kink is near.
        let biases = (0..<outputs).map { layer % 4 == 2 ? 0.1 : $0 % 3 == 1 ? -5 : 2.5 }
        parameters.append(
          Parameter(
            Tensor(biases.map { Double(Float($0)) }, shape: [outputs], dtype: sampler.dtype),
            name: name.replacing("W", with: "b").replacing("V", with: "c")))
      }
      let network = VariationalAutoencoder(parameters)
      return .init(
        "batch \(batch) \(features)-\(hidden)-\(hidden)-\(latent) β \(beta)", parameters,
        byHand: { dy in
          network.gradient(inputs: x, noise: noise, beta: beta).gradients.values.map {
            $0.map { $0 * dy.item }
          }
        }
      ) { composedLoss(parameters.map(\.value), x, noise, beta) }
    }
  }
}

/// L of elementary operations, the halves of the heads cut out.
private func composedLoss(_ p: [Tensor], _ x: Tensor, _ noise: Tensor, _ beta: Double) -> Tensor {
  func affine(_ x: Tensor, _ layer: Int) -> Tensor {
    matmul(x, p[2 * layer], transposeB: true)
      + broadcast(p[2 * layer + 1], to: [x.shape[0], p[2 * layer].shape[0]])
  }
  func halves(_ head: Tensor) -> (mean: Tensor, logarithm: Tensor) {
    let n = head.shape[1] / 2
    return (slice(head, axis: 1, from: 0, count: n), slice(head, axis: 1, from: n, count: n))
  }
  let m = Double(x.shape[0])
  let z = halves(affine(relu(affine(relu(affine(x, 0)), 1)), 2))
  let sample = z.mean + exp(z.logarithm) * noise
  let y = halves(affine(relu(affine(relu(affine(sample, 3)), 4)), 5))
  let distance = (x - y.mean) * (x - y.mean) / (exp(y.logarithm * 2) * 2)
  let reconstruction = sum(y.logarithm + distance + 0.918_938_533_204_672_7)
  let divergence = sum((z.mean * z.mean + exp(z.logarithm * 2) - 1) * 0.5 - z.logarithm)
  return (reconstruction + divergence * beta) / m
}
