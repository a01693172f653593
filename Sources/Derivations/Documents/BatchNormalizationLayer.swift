import Tensors

private let (x, xHat, y) = (
  symbol("X", "m", "d"), symbol(#"\hat X"#, "m", "d"), symbol("Y", "m", "d")
)
private let (mu, v, s) = (symbol(#"\mu"#, "d"), symbol("v", "d"), symbol("s", "d"))
private let (gamma, beta) = (symbol(#"\gamma"#, "d"), symbol(#"\beta"#, "d"))
private let (epsilon, loss) = (symbol(#"\epsilon"#), symbol("L"))
private let (m, ones) = (Term.size("m"), Term.ones("m"))
private let (i, j, l) = (At.i, Index("j", over: "d"), Index("l", over: "d"))
private let r = At.r
private let dy = derivative(loss, by: y)
private let (dGamma, dBeta) = (derivative(loss, by: gamma), derivative(loss, by: beta))
private let (dxHat, dv, dmu, dx) = (
  derivative(loss, by: xHat), derivative(loss, by: v), derivative(loss, by: mu),
  derivative(loss, by: x)
)
private let (yByGamma, yByBeta) = (derivative(y, by: gamma), derivative(y, by: beta))
private let centred = x - ones * mu.transposed

private let batchNormalization = Derivation(
  name: "batch-normalization", title: "Batch normalisation",
  summary:
    "The gradients with respect to $\\gamma$, $\\beta$ and, all the way through mean and variance, the input.",
  sizes: [("m", 4, "rows of the batch"), ("d", 3, "features")],
  sources: ["BatchNormalization.swift"],
  trainsInstead:
    "what trains is the fused operation, which `adjoint check batch_normalization_fused` holds "
    + "against them",
  blocks: [
    .heading("What is given"),
    .symbols([
      (x, "input; the samples are its rows, the features its columns"),
      (mu, "mean of each feature over the batch"),
      (v, "variance of each feature over the batch"),
      (s, "$1 / \\sqrt{v + \\epsilon}$, about one over the standard deviation"),
      (
        xHat,
        "normalised input: each column has mean 0 and variance $v_j / (v_j + \\epsilon)$, 1 but for $\\epsilon$"
      ),
      (gamma, "scale, a parameter"), (beta, "shift, a parameter"), (y, "output"),
      (epsilon, "a small constant that keeps the root away from zero"),
      (ones, "a column of ones: $\\mathbf{1}_m \\mu^\\top$ has $\\mu$ in every row"),
      (loss, "the loss, any function of $Y$ that gives a number"),
      (dy, "the gradient of the loss with respect to the output, which comes from the layer above"),
    ]),
    .heading("Forward"),
    .text("Features do not mix; every line works on each column by itself. Element by element,"),
    .define([
      mu[j] ≔ (1 / m) * .sum(over: i, of: x[i, j]),
      v[j] ≔ (1 / m) * .sum(over: i, of: (x[i, j] - mu[j]).power(2)),
      s[j] ≔ 1 / .root(v[j] + epsilon),
      xHat[i, j] ≔ (x[i, j] - mu[j]) * s[j],
      y[i, j] ≔ gamma[j] * xHat[i, j] + beta[j],
    ]),
    .assume([loss ≔ .sum(over: i, j, of: dy[i, j] * y[i, j])]),
    .text(
      #"""
      and for the whole batch at once, where a diagonal matrix on the right multiplies each column by its own
      number:
      """#),
    .identity(mu, (1 / m) * x.transposed * ones),
    .identity(v, (1 / m) * (centred ∘ centred).transposed * ones),
    .identity(xHat, centred * .diagonal(s)),
    .identity(y, xHat * .diagonal(gamma) + ones * beta.transposed),
    .heading("The parameters"),
    .text("The output is linear in $\\gamma$ and in $\\beta$, and a feature knows only its own:"),
    .derive(yByGamma[i, j, l], .delta(j, l) * xHat[i, j]),
    .derive(yByBeta[i, j, l], .delta(j, l)),
    .text(
      #"""
      All samples share the parameters, so the chain rule sums over the batch; the sum over the features has
      one term:
      """#),
    .derive(
      dGamma[l], .sum(over: i, j, of: dy[i, j] * yByGamma[i, j, l]),
      .sum(over: i, of: dy[i, l] * xHat[i, l])),
    .derive(
      dGamma, (dy ∘ xHat).transposed * ones, code: ["let dscale = sum(dy * xHat, axis: 0)"]),
    .derive(
      dBeta[l], .sum(over: i, j, of: dy[i, j] * yByBeta[i, j, l]), .sum(over: i, of: dy[i, l])),
    .derive(dBeta, dy.transposed * ones, code: ["let dshift = sum(dy, axis: 0)"]),
    .heading("Three paths to the input"),
    .text(
      #"""
      *This is the crux.* An input $x_{ij}$ reaches the loss on three paths: directly, through $\hat x_{ij}$ of
      its own sample; through the mean $\mu_j$, and through the variance $v_j$, which both reach the $\hat x_{rj}$
      of all samples. The gradient is the sum over the paths. So three gradients are needed first: with
      respect to $\hat X$, with respect to $v$ where $\mu$ and $X$ stay as they are, and with respect to $\mu$
      where $X$ stays as it is. The first is that of the last line of the forward pass:
      """#),
    .derive(dxHat[i, j], dy[i, j] * gamma[j]),
    .derive(
      dxHat, dy * .diagonal(gamma),
      code: ["let dxHat = dy * broadcast(scale.value, to: dy.shape)"]),
    .text(
      #"""
      The variance stands in $s_j = (v_j + \epsilon)^{-1/2}$, whose derivative is $-\frac{1}{2} s_j^3$, and every
      sample has it:
      """#),
    .derive(derivative(s, by: v)[j, l], .delta(j, l) * (-(1 / 2) * s[j].power(3))),
    .derive(
      dv[j], .sum(over: i, of: dxHat[i, j] * (x[i, j] - mu[j]) * (-(1 / 2) * s[j].power(3))),
      -(1 / 2) * s[j].power(2) * .sum(over: i, of: dxHat[i, j] * xHat[i, j])),
    .text(
      #"""
      The mean stands in each $\hat x_{ij}$, and in the variance. But the second part vanishes, because
      deviations from the mean add up to zero:
      """#),
    .identity(.sum(over: i, of: x[i, j] - mu[j]), 0, for: j),
    .derive(
      dmu[j],
      .sum(over: i, of: dxHat[i, j] * (-s[j]))
        + dv[j] * (-(2 / m) * .sum(over: i, of: x[i, j] - mu[j])),
      -s[j] * .sum(over: i, of: dxHat[i, j])),
    .heading("The input"),
    .text(
      #"""
      Now the three paths are added: $\frac{\partial \hat x_{ij}}{\partial x_{ij}} = s_j$,
      $\frac{\partial v_j}{\partial x_{ij}} = \frac{2}{m} (x_{ij} - \mu_j)$ and
      $\frac{\partial \mu_j}{\partial x_{ij}} = \frac{1}{m}$, the first with mean and variance held fixed, the
      second with the mean held fixed, since those paths are counted on their own.
      """#),
    .derive(
      dx[i, j],
      dxHat[i, j] * s[j] + dv[j] * ((2 / m) * (x[i, j] - mu[j])) + dmu[j] * (1 / m),
      dxHat[i, j] * s[j]
        - (1 / m) * s[j] * xHat[i, j] * .sum(over: r, of: dxHat[r, j] * xHat[r, j])
        - (1 / m) * s[j] * .sum(over: r, of: dxHat[r, j]),
      s[j]
        * (dxHat[i, j] - (1 / m) * .sum(over: r, of: dxHat[r, j])
          - (1 / m) * xHat[i, j] * .sum(over: r, of: dxHat[r, j] * xHat[r, j]))),
    .text(
      #"""
      In the second line $(x_{ij} - \mu_j)\, s_j$ has become $\hat x_{ij}$. For the whole batch at once:
      """#),
    .derive(
      dx,
      (dxHat - (1 / m) * ones * ones.transposed * dxHat
        - (1 / m) * xHat * .diagonal((xHat ∘ dxHat).transposed * ones)) * .diagonal(s),
      code: [
        "let means = broadcast(mean(dxHat, axis: 0), to: dy.shape)",
        "let along = xHat * broadcast(mean(dxHat * xHat, axis: 0), to: dy.shape)",
        "let dx = (dxHat - means - along) * broadcast(s, to: dy.shape)",
      ]),
    .text(
      #"""
      What the formula says: from the gradient of each column its mean is taken away, and its part along
      $\hat x$. Shifting a feature or stretching it changes nothing in the output, and so the gradient has no
      part in these two directions:
      """#),
    .identity(.sum(over: i, of: dx[i, j]), 0, for: j),
    .text("(along $\\hat x$ that is exact only for $\\epsilon = 0$)."),
  ],
  point: { sampler in
    [
      (x, sampler.tensor([4, 3])), (gamma, sampler.tensor([3], .awayFromZero)),
      (beta, sampler.tensor([3])), (epsilon, Tensor(scalar: 0.125, dtype: .float64)),
      (dy, sampler.tensor([4, 3], .awayFromZero)),
    ]
  },
  code: { values in
    var module = BatchNormalizationModule(
      scale: Parameter(values[gamma]), shift: Parameter(values[beta]),
      epsilon: values[epsilon].item)
    let output = module.forward(values[x])
    let (input, scale, shift) = module.backward(values[dy])
    return [
      (y, output), (dx, input), (dGamma, scale), (dBeta, shift),
      (yByGamma, Derivation.jacobian([4, 3], by: [3]) { module.backward($0).scale }),
      (yByBeta, Derivation.jacobian([4, 3], by: [3]) { module.backward($0).shift }),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(batchNormalization) }
