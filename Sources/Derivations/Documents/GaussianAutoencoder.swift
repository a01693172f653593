import Tensors

private let (x, noise) = (symbol("X", "m", "d"), symbol(#"\epsilon"#, "m", "k"))
private let encoder = (1...3).map { layer in
  (
    w: symbol("W_\(layer)", layer == 3 ? "2k" : "h", layer == 1 ? "d" : "h"),
    b: symbol("b_\(layer)", layer == 3 ? "2k" : "h")
  )
}
private let decoder = (1...3).map { layer in
  (
    w: symbol("V_\(layer)", layer == 3 ? "2d" : "h", layer == 1 ? "k" : "h"),
    b: symbol("c_\(layer)", layer == 3 ? "2d" : "h")
  )
}
private let layers = zip(
  encoder + decoder, ["encoder", "encoder", "encoder", "decoder", "decoder", "decoder"]
)
.flatMap { layer, network in
  [(layer.w, "weight of the \(network)"), (layer.b, "its bias")]
}
private let (a1, h1) = (symbol("A_1", "m", "h"), symbol("H_1", "m", "h"))
private let (a2, h2) = (symbol("A_2", "m", "h"), symbol("H_2", "m", "h"))
private let zeta = symbol(#"\zeta"#, "m", "2k")
private let (muZ, rhoZ, sigmaZ) = (
  symbol(#"\mu_z"#, "m", "k"), symbol(#"\rho_z"#, "m", "k"), symbol(#"\sigma_z"#, "m", "k")
)
private let z = symbol("Z", "m", "k")
private let (u1, g1) = (symbol("U_1", "m", "h"), symbol("G_1", "m", "h"))
private let (u2, g2) = (symbol("U_2", "m", "h"), symbol("G_2", "m", "h"))
private let xi = symbol(#"\xi"#, "m", "2d")
private let (muX, rhoX, sigmaX) = (
  symbol(#"\mu_x"#, "m", "d"), symbol(#"\rho_x"#, "m", "d"), symbol(#"\sigma_x"#, "m", "d")
)
private let (zPlus, zMinus) = (symbol("Z_+", "m", "k"), symbol("Z_-", "m", "k"))
private let (ratioPlus, ratioMinus) = (
  symbol(#"\Lambda_+"#, "m", "k"), symbol(#"\Lambda_-"#, "m", "k")
)
private let (e1, e2) = (symbol("E_1", "2k", "k"), symbol("E_2", "2k", "k"))
private let (f1, f2) = (symbol("F_1", "2d", "d"), symbol("F_2", "2d", "d"))
private let (reconstruction, divergence) = (symbol("R"), symbol("D"))
private let (loss, beta) = (symbol("L"), symbol(#"\beta"#))
private let (m, ones) = (Term.size("m"), Term.ones("m"))
private let (i, j, n) = (At.i, Index("j", over: "d"), Index("n", over: "k"))
private func d(_ variable: Term) -> Term { derivative(loss, by: variable) }

private func affine(_ x: Term, _ layer: (w: Term, b: Term)) -> Term {
  x * layer.w.transposed + ones * layer.b.transposed
}

private let deviation = (x[i, j] - muX[i, j]).power(2)
private let density =
  1 / (sigmaX[i, j] * .root(2 * .pi)) * .exp(-(deviation / (2 * sigmaX[i, j].power(2))))

/// ln q − ln p at a point, but for the constant that both have.
private func ratio(at z: Term) -> Term {
  -rhoZ - (z - muZ).power(2) / (2 * sigmaZ.power(2)) + z.power(2) / 2
}

private let autoencoder = Derivation(
  name: "vae", title: "The variational autoencoder",
  summary: "Reparametrisation, both terms of the loss, and the gradients of encoder and decoder.",
  sizes: [
    ("m", 4, "rows of the batch"), ("d", 3, "features"), ("h", 5, "hidden units of each layer"),
    ("k", 2, "latent dimensions"), ("2k", 4, "outputs of the encoder"),
    ("2d", 6, "outputs of the decoder"),
  ],
  sources: ["VariationalAutoencoder.swift"],
  blocks: [
    .heading("What is given"),
    .text(
      #"""
      The encoder $q(z \mid x)$ and the decoder $p(x \mid z)$ are perceptrons with two hidden layers. Each ends in
      twice as many outputs as it has variables: the left half is the mean of a normal distribution, the right half
      the logarithm of its standard deviation.
      """#),
    .symbols(
      [
        (x, "input; the samples are its rows"),
        (noise, "noise, drawn from the standard normal distribution"),
      ] + layers + [
        (a1, "what the first hidden units of the encoder add up"), (h1, "what they put out"),
        (a2, "what its second hidden units add up"), (h2, "what they put out"),
        (u1, "what the first hidden units of the decoder add up"), (g1, "what they put out"),
        (u2, "what its second hidden units add up"), (g2, "what they put out"),
        (zeta, "what the encoder puts out: $\\mu_z$ and $\\rho_z$ side by side"),
        (xi, "what the decoder puts out: $\\mu_x$ and $\\rho_x$ side by side"),
        (e1, "an identity over zeros: $\\zeta E_1$ is the left half of $\\zeta$"),
        (e2, "zeros over an identity: $\\zeta E_2$ is the right half of $\\zeta$"),
        (f1, "an identity over zeros: $\\xi F_1$ is the left half of $\\xi$"),
        (f2, "zeros over an identity: $\\xi F_2$ is the right half of $\\xi$"),
        (muZ, "mean of the latent variables"),
        (rhoZ, "logarithm of their standard deviation"), (sigmaZ, "their standard deviation"),
        (muX, "mean of the likelihood"),
        (rhoX, "logarithm of its standard deviation"), (sigmaX, "its standard deviation"),
        (z, "latent variables, a sample of $q(z \\mid x)$"),
        (zPlus, "one standard deviation above the mean"), (zMinus, "one below it"),
        (ratioPlus, "$\\ln q(z \\mid x) - \\ln p(z)$ at $Z_+$"), (ratioMinus, "the same at $Z_-$"),
        (
          reconstruction,
          "the negative log-likelihood of $X$ for this sample $Z$, averaged over the batch"
        ),
        (
          divergence,
          "the divergence of $q(z \\mid x)$ from the standard normal distribution, averaged over the batch"
        ),
        (beta, "weight of the divergence; 1 for the evidence lower bound"), (loss, "the loss"),
        (ones, "a column of ones: $\\mathbf{1}_m b_1^\\top$ is that bias in every row"),
      ]),
    .heading("What is minimised"),
    .text(
      #"""
      The likelihood $p(x)$ of a sample is the integral of $p(x \mid z)\, p(z)$ over $z$, with the standard normal
      distribution as $p(z)$, and has no closed form. But divided by any density $q(z \mid x)$ and multiplied with it,
      what is integrated makes a mean under $q$; and the logarithm of a mean is at least the mean of the logarithms,
      since the logarithm is concave (Jensen's inequality):
      """#),
    .show(
      #"""
      \ln p(x) = \ln \mathbb{E}_{q} \left[ \frac{p(x \mid z)\, p(z)}{q(z \mid x)} \right]
      \ge \mathbb{E}_{q} \left[ \ln \frac{p(x \mid z)\, p(z)}{q(z \mid x)} \right]
      """#),
    .text(
      #"""
      The logarithm on the right has three terms. The mean of $\ln q(z \mid x) - \ln p(z)$ is the divergence of $q$ from
      $p$, after Kullback and Leibler:
      """#),
    .show(
      #"""
      \mathbb{E}_{q} \left[ \ln \frac{p(x \mid z)\, p(z)}{q(z \mid x)} \right]
      = \mathbb{E}_{q} \left[ \ln p(x \mid z) \right]
      - D_{\mathrm{KL}}\left( q(z \mid x) \parallel p(z) \right)
      """#),
    .text(
      #"""
      This is the evidence lower bound; its negative is the loss. The first mean under $q$ is estimated by one $z$ for
      each sample, the second is computed.

      The coordinates are independent under $p(x \mid z)$, under $q(z \mid x)$ and under $p(z)$: each density is a
      product over its coordinates, and its logarithm a sum. That is why both terms of the loss are sums, $R$ over the
      features $j$ and $D$ over the latent variables $n$, of what is computed for one coordinate.
      """#),
    .heading("Forward: the encoder"),
    .define([
      a1 ≔ affine(x, encoder[0]), h1 ≔ .positivePart(a1),
      a2 ≔ affine(h1, encoder[1]), h2 ≔ .positivePart(a2),
      zeta ≔ affine(h2, encoder[2]),
      muZ ≔ zeta * e1, rhoZ ≔ zeta * e2, sigmaZ ≔ .exp(rhoZ),
    ]),
    .heading("Forward: the sample"),
    .text(
      #"""
      A sample of a normal distribution with mean $\mu_z$ and deviation $\sigma_z$ is wanted, and the gradient has
      to pass through it. *The crux*: do not draw $z$ itself, draw noise that knows no parameter, and compute $z$
      from it. Then $z$ has the wanted distribution, and it is an ordinary function of $\mu_z$ and $\sigma_z$:
      """#),
    .define([z ≔ muZ + sigmaZ ∘ noise]),
    .text(
      #"""
      The distribution of $\epsilon$ does not depend on any parameter, so the gradient of a mean over $\epsilon$ is the
      mean of the gradients: the one for the $\epsilon$ that was drawn is an unbiased estimate.
      """#),
    .heading("Forward: the decoder"),
    .define([
      u1 ≔ affine(z, decoder[0]), g1 ≔ .positivePart(u1),
      u2 ≔ affine(g1, decoder[1]), g2 ≔ .positivePart(u2),
      xi ≔ affine(g2, decoder[2]),
      muX ≔ xi * f1, rhoX ≔ xi * f2, sigmaX ≔ .exp(rhoX),
    ]),
    .heading("Forward: the loss"),
    .text(
      "The first term is minus the logarithm of the normal density. For feature $j$ of sample $i$ that is"
    ),
    .identity(
      -.ln(density),
      (1 / 2) * .ln(2 * .pi) + rhoX[i, j] + deviation / (2 * sigmaX[i, j].power(2)), for: i, j),
    .text("summed over the features and averaged over the batch"),
    .define([
      reconstruction
        ≔ (1 / m)
        * .sum(
          over: i, j,
          of: (1 / 2) * .ln(2 * .pi) + rhoX[i, j] + deviation / (2 * sigmaX[i, j].power(2)))
    ]),
    .text(
      #"""
      The second is the divergence, the mean of $\ln q(z \mid x) - \ln p(z)$ under $q$. In the difference of the two
      normal densities' logarithms the constant $\frac{1}{2} \ln 2\pi$ cancels, and what is left is quadratic in $z$.
      The mean of a quadratic function under a normal distribution of mean $\mu$ and deviation $\sigma$ is exactly the
      mean of its values at $\mu + \sigma$ and $\mu - \sigma$: at these two points, too, $z$ has the mean $\mu$ and
      $(z - \mu)^2$ the mean $\sigma^2$. The points, and the values there:
      """#),
    .define([
      zPlus ≔ muZ + sigmaZ, zMinus ≔ muZ - sigmaZ,
      ratioPlus ≔ ratio(at: zPlus), ratioMinus ≔ ratio(at: zMinus),
    ]),
    .text("So the divergence of variable $n$ of sample $i$ is"),
    .identity(
      (1 / 2) * (ratioPlus[i, n] + ratioMinus[i, n]),
      -rhoZ[i, n] - sigmaZ[i, n].power(2) / (2 * sigmaZ[i, n].power(2))
        + (1 / 4)
          * ((muZ[i, n] + sigmaZ[i, n]).power(2) + (muZ[i, n] - sigmaZ[i, n]).power(2)),
      -rhoZ[i, n] - 1 / 2 + (1 / 2) * (muZ[i, n].power(2) + sigmaZ[i, n].power(2)),
      for: i, n),
    .text("summed over the latent variables and averaged over the batch, and the loss is"),
    .define([
      divergence
        ≔ (1 / m)
        * .sum(
          over: i, n,
          of: -rhoZ[i, n] - 1 / 2
            + (1 / 2) * (muZ[i, n].power(2) + sigmaZ[i, n].power(2))),
      loss ≔ reconstruction + beta * divergence,
    ]),
    .text(
      #"""
      With $\beta = 1$ its mean over $\epsilon$ is the negative of the evidence lower bound, averaged over the batch.
      """#),
    .heading("The decoder's output"),
    .text("Only the first term of the loss knows the decoder. By the mean, the square gives"),
    .derive(
      d(muX)[i, j], (1 / m) * ((muX[i, j] - x[i, j]) / sigmaX[i, j].power(2))),
    .text(
      #"""
      By $\rho_x = \ln \sigma_x$: the deviation is $\sigma_x = e^{\rho_x}$, so that $\sigma_x^{-2} = e^{-2 \rho_x}$
      has the derivative $-2 \sigma_x^{-2}$, and
      """#),
    .derive(d(rhoX)[i, j], (1 / m) * (1 - deviation / sigmaX[i, j].power(2))),
    .text(
      #"""
      It is zero where $\sigma_x$ is the distance that the reconstruction is off. Both halves side by side, as the
      layer below sees them; the code calls such a pair, $\xi$ or $\zeta$, a `head`:
      """#),
    .derive(
      d(xi), d(muX) * f1.transposed + d(rhoX) * f2.transposed,
      code: ["let dxi = gaussianHeadNegativeLogLikelihoodPullback(1 / m, x, head: xi)"]),
    .heading("The decoder"),
    .text(
      "Three linear layers with rectifiers between them; each is as on the page of the linear layer."
    ),
    .derive(
      d(decoder[2].w), d(xi).transposed * g2,
      code: ["let dv3 = matmul(dxi, g2, transposeA: true)"]),
    .derive(d(decoder[2].b), d(xi).transposed * ones, code: ["let dc3 = sum(dxi, axis: 0)"]),
    .derive(
      d(u2), d(xi) * decoder[2].w ∘ .isPositive(u2), d(xi) * decoder[2].w ∘ .isPositive(g2),
      code: ["let du2 = reluPullback(matmul(dxi, v3), g2)"]),
    .derive(
      d(decoder[1].w), d(u2).transposed * g1,
      code: ["let dv2 = matmul(du2, g1, transposeA: true)"]),
    .derive(d(decoder[1].b), d(u2).transposed * ones, code: ["let dc2 = sum(du2, axis: 0)"]),
    .derive(
      d(u1), d(u2) * decoder[1].w ∘ .isPositive(g1),
      code: ["let du1 = reluPullback(matmul(du2, v2), g1)"]),
    .derive(
      d(decoder[0].w), d(u1).transposed * z,
      code: ["let dv1 = matmul(du1, z, transposeA: true)"]),
    .derive(d(decoder[0].b), d(u1).transposed * ones, code: ["let dc1 = sum(du1, axis: 0)"]),
    .heading("Through the sample"),
    .derive(d(z), d(u1) * decoder[0].w, code: ["let dz = matmul(du1, v1)"]),
    .text(
      #"""
      The sample's mean and deviation reach the loss on two paths: through the sample, and through the divergence.
      The sample moves with its mean one to one; the divergence is a square in it.
      """#),
    .derive(d(muZ), d(z) + beta / m * muZ),
    .text(
      #"""
      By $\rho_z = \ln \sigma_z$, the sample moves by $\sigma_z \circ \epsilon$: the noise, held fixed, tells the
      direction. The divergence gives $\sigma_z^2 - 1$, which is zero for the deviation of the standard normal
      distribution.
      """#),
    .derive(
      d(rhoZ)[i, n],
      d(z)[i, n] * sigmaZ[i, n] * noise[i, n] + beta / m * (sigmaZ[i, n].power(2) - 1)),
    .derive(d(rhoZ), d(z) ∘ sigmaZ ∘ noise + beta / m * (sigmaZ.power(2) - 1)),
    .derive(
      d(zeta), d(muZ) * e1.transposed + d(rhoZ) * e2.transposed,
      code: [
        "let dzeta =", "  reparameterizePullback(dz, head: zeta, noise: noise)",
        "  + gaussianHeadKLDivergencePullback(beta / m, head: zeta)",
      ]),
    .heading("The encoder"),
    .derive(
      d(encoder[2].w), d(zeta).transposed * h2,
      code: ["let dw3 = matmul(dzeta, h2, transposeA: true)"]),
    .derive(d(encoder[2].b), d(zeta).transposed * ones, code: ["let db3 = sum(dzeta, axis: 0)"]),
    .derive(
      d(a2), d(zeta) * encoder[2].w ∘ .isPositive(h2),
      code: ["let da2 = reluPullback(matmul(dzeta, w3), h2)"]),
    .derive(
      d(encoder[1].w), d(a2).transposed * h1,
      code: ["let dw2 = matmul(da2, h1, transposeA: true)"]),
    .derive(d(encoder[1].b), d(a2).transposed * ones, code: ["let db2 = sum(da2, axis: 0)"]),
    .derive(
      d(a1), d(a2) * encoder[1].w ∘ .isPositive(h1),
      code: ["let da1 = reluPullback(matmul(da2, w2), h1)"]),
    .derive(
      d(encoder[0].w), d(a1).transposed * x,
      code: ["let dw1 = matmul(da1, x, transposeA: true)"]),
    .derive(d(encoder[0].b), d(a1).transposed * ones, code: ["let db1 = sum(da1, axis: 0)"]),
  ],
  point: { sampler in
    func halves(_ count: Int, _ isRight: Bool) -> Tensor {
      let blocks = [
        Tensor.identity(count, dtype: .float64), .zeros([count, count], dtype: .float64),
      ]
      return concatenate(isRight ? blocks.reversed() : blocks)
    }
    let shapes: [Shape] = [[5, 3], [5, 5], [4, 5], [5, 2], [5, 5], [6, 5]]
    let layers = zip(encoder + decoder, shapes).flatMap { layer, shape in
      [
        (layer.w, sampler.tensor(shape, .uniform(-0.75, 0.75))),
        (layer.b, sampler.tensor([shape[0]], .uniform(-0.5, 0.5))),
      ]
    }
    return layers + [
      (x, sampler.tensor([4, 3])), (noise, sampler.tensor([4, 2])),
      (beta, Tensor(scalar: 1.5, dtype: .float64)),
      (e1, halves(2, false)), (e2, halves(2, true)), (f1, halves(3, false)),
      (f2, halves(3, true)),
    ]
  },
  code: { values in
    let parameters = (encoder + decoder).flatMap { [$0.w, $0.b] }
    let network = VariationalAutoencoder(parameters.map { Parameter(values[$0]) })
    let result = network.gradient(
      inputs: values[x], noise: values[noise], beta: values[beta].item)
    return parameters.gradients(result.gradients, of: loss) + [
      (loss, result.loss), (reconstruction, result.reconstruction),
      (divergence, result.divergence),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(autoencoder) }
