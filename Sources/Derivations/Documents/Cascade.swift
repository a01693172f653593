import Tensors

private let (x, uniform, mask) = (
  symbol("X", "m", "d"), symbol("R", "m", "s"), symbol("M", "m", "s")
)
private let (yA, yB) = (symbol("Y_A", "m", "a"), symbol("Y_B", "m", "b"))
private let (theta1A, b1A) = (symbol(#"\theta_{1A}"#, "s", "d"), symbol("b_{1A}", "s"))
private let (theta2A, b2A) = (symbol(#"\theta_{2A}"#, "a", "s"), symbol("b_{2A}", "a"))
private let (theta1B, b1B) = (symbol(#"\theta_{1B}"#, "a", "d"), symbol("b_{1B}", "a"))
private let (theta2B, b2B) = (symbol(#"\theta_{2B}"#, "b", "a"), symbol("b_{2B}", "b"))
private let parameters = [theta1A, b1A, theta2A, b2A, theta1B, b1B, theta2B, b2B]

private let (z1A, x1A) = (symbol("Z_{1A}", "m", "s"), symbol("X_{1A}", "m", "s"))
private let (xDP, predictedA) = (
  symbol(#"X_{\text{DP}}"#, "m", "s"), symbol(#"\hat Y_A"#, "m", "a")
)
private let (x1B, mu) = (symbol("X_{1B}", "m", "a"), symbol(#"\mu"#, "a"))
private let (xBN, xReLU) = (
  symbol(#"X_{\text{BN}}"#, "m", "a"), symbol(#"X_{\text{BN}*}"#, "m", "a")
)
private let (xSum, z2B) = (symbol(#"X_\oplus"#, "m", "a"), symbol("Z_{2B}", "m", "b"))
private let predictedB = symbol(#"\hat Y_B"#, "m", "b")
private let (lossA, lossB, loss) = (symbol("L_A"), symbol("L_B"), symbol("L"))

private let (m, ones, p) = (Term.size("m"), Term.ones("m"), symbol("p"))
private let (i, r) = (At.i, At.r)
private let (j, l, n) = (Index("j", over: "a"), Index("l", over: "s"), Index("n", over: "a"))
private let (k, c) = (Index("k", over: "b"), Index("c", over: "b"))
private func d(_ variable: Term) -> Term { derivative(loss, by: variable) }

private let cascade = Derivation(
  name: "cascade", title: "The multi-task cascade",
  summary: "Forward pass of every layer, and the gradients of all eight parameters.",
  sizes: [
    ("m", 5, "rows of the batch"), ("d", 4, "inputs"),
    ("s", 6, "hidden units of task A"),
    ("a", 3, "outputs of task A, and as many hidden units of task B"),
    ("b", 4, "classes of task B"),
  ],
  sources: ["MultiTaskCascade.swift"],
  blocks: [
    .heading("What is given"),
    .text(
      #"""
      Task A predicts numbers, task B a class, from the same input; the prediction of A goes into B. The samples are
      the rows of all matrices.
      """#),
    .symbols([
      (x, "input"), (yA, "what task A has to predict"), (yB, "the classes of task B, one-hot"),
      (theta1A, "weight of layer 1A"), (b1A, "its bias"),
      (theta2A, "weight of layer 2A"), (b2A, "its bias"),
      (theta1B, "weight of layer 1B"), (b1B, "its bias, added after the normalisation"),
      (theta2B, "weight of layer 2B"), (b2B, "its bias"),
      (p, "probability that a hidden unit of task A is dropped"),
      (uniform, "independent random numbers, uniform between 0 and 1, drawn anew in each step"),
      (
        mask, "dropout mask: 0 with probability $p$, else $1/(1 - p)$; a constant once $R$ is drawn"
      ),
      (z1A, "what layer 1A adds up"), (x1A, "its sine"), (xDP, "what dropout leaves of that"),
      (predictedA, "prediction of task A"),
      (x1B, "what layer 1B adds up"), (mu, "its mean over the batch"),
      (xBN, "normalised, with the bias"), (xReLU, "what the rectifier leaves of that"),
      (xSum, "input of layer 2B"), (z2B, "scores (logits) of task B"),
      (predictedB, "predicted probabilities of task B"),
      (lossA, "half the squared error, averaged over the batch"),
      (lossB, "mean cross-entropy"), (loss, "the loss"),
      (ones, "a column of ones: $\\mathbf{1}_m b_{1A}^\\top$ is that bias in every row"),
    ]),
    .heading("Forward: task A"),
    .text("Layer 1A with the sine, dropout, layer 2A:"),
    .define([
      z1A ≔ x * theta1A.transposed + ones * b1A.transposed,
      x1A ≔ .sin(z1A),
      mask ≔ .isAtLeast(uniform, p) / (1 - p),
      xDP ≔ x1A ∘ mask,
      predictedA ≔ xDP * theta2A.transposed + ones * b2A.transposed,
    ]),
    .heading("Forward: task B"),
    .text(
      #"""
      Layer 1B without a bias, normalisation by the mean alone, bias, rectifier; then the prediction of task A is
      added, and layer 2B with softmax makes probabilities:
      """#),
    .define([
      x1B ≔ x * theta1B.transposed,
      mu ≔ (1 / m) * x1B.transposed * ones,
      xBN ≔ x1B - ones * mu.transposed + ones * b1B.transposed,
      xReLU ≔ .positivePart(xBN),
      xSum ≔ predictedA + xReLU,
      z2B ≔ xSum * theta2B.transposed + ones * b2B.transposed,
      predictedB ≔ .softmax(z2B),
    ]),
    .heading("Forward: the loss"),
    .define([
      lossA ≔ 1 / (2 * m) * .squaredNorm(predictedA - yA),
      lossB ≔ -(1 / m) * .sum(over: i, k, of: yB[i, k] * .ln(predictedB[i, k])),
      loss ≔ lossA + lossB,
    ]),
    .text(
      #"""
      In the code each of the two has a weight, so that one task can be learned without the other; both are 1 here.
      There `yb` are the probabilities $\hat Y_B$, the classes come as numbers instead of one-hot rows, `error` is
      $\hat Y_A - Y_A$, `xsum` is $X_\oplus$, and `xbn` is what the rectifier leaves, $X_{\text{BN}*}$.

      Backpropagation walks from the loss to the input. Task B comes first, because its gradient is needed in task A.
      """#),
    .heading("Layer 2B"),
    .text(
      "Cross-entropy after softmax gives prediction minus truth (the page on cross-entropy has the steps):"
    ),
    .derive(
      d(z2B)[i, c], -(1 / m) * .sum(over: k, of: yB[i, k] * (.delta(k, c) - predictedB[i, c])),
      (1 / m) * (predictedB[i, c] - yB[i, c])),
    .derive(
      d(z2B), (1 / m) * (predictedB - yB),
      code: ["let dz2b = softmaxCrossEntropyPullback(weightB / m, yb, labels: labels)"]),
    .text(
      #"""
      All four linear layers are $Z = X W^\top + \mathbf{1} b^\top$ (1B without $b$) with names of their own, and the
      page on the linear layer derives, step by step,
      $\frac{\partial L}{\partial W} = \left( \frac{\partial L}{\partial Z} \right)^\top X$,
      $\frac{\partial L}{\partial b} = \left( \frac{\partial L}{\partial Z} \right)^\top \mathbf{1}$ and
      $\frac{\partial L}{\partial X} = \frac{\partial L}{\partial Z} W$. A weight serves all samples, so that its
      gradient sums over the batch, and so does the bias's. Here $X_\oplus$ goes in and $Z_{2B}$ comes out:
      """#),
    .derive(d(theta2B)[c, j], .sum(over: i, of: d(z2B)[i, c] * xSum[i, j])),
    .derive(
      d(theta2B), d(z2B).transposed * xSum,
      code: ["let dtheta2b = matmul(dz2b, xsum, transposeA: true)"]),
    .derive(d(b2B), d(z2B).transposed * ones, code: ["let db2b = sum(dz2b, axis: 0)"]),
    .derive(d(xSum), d(z2B) * theta2B, code: ["let dxsum = matmul(dz2b, theta2b)"]),
    .heading("The sum and the rectifier"),
    .text(
      #"""
      A sum hands its gradient to both of its terms as it is. On the side of task B the rectifier passes it on where
      it was open:
      """#),
    .derive(d(xReLU), d(xSum)),
    .derive(
      d(xBN), d(xReLU) ∘ .isPositive(xBN), d(xSum) ∘ .isPositive(xReLU),
      code: ["let dxbn = reluPullback(dxsum, xbn)"]),
    .heading("The normalisation"),
    .text("The bias is added to every row:"),
    .derive(d(b1B), d(xBN).transposed * ones, code: ["let db1b = sum(dxbn, axis: 0)"]),
    .text(
      #"""
      *The crux of task B*: the mean ties the samples together. $x_{1B}$ of sample $r$ reaches the normalised value
      of its own sample with slope 1, and that of every sample $i$ through the mean with slope $-1/m$:
      """#),
    .derive(
      derivative(xBN, by: x1B)[i, j, r, n], .delta(j, n) * (.delta(i, r) - 1 / m)),
    .derive(
      d(x1B)[r, n], .sum(over: i, j, of: d(xBN)[i, j] * derivative(xBN, by: x1B)[i, j, r, n]),
      d(xBN)[r, n] - (1 / m) * .sum(over: i, of: d(xBN)[i, n])),
    .text("The gradient loses its mean over the batch, just as the value did:"),
    .derive(
      d(x1B), d(xBN) - (1 / m) * ones * ones.transposed * d(xBN),
      code: ["let dx1b = meanOnlyBatchNormalizationPullback(dxbn, biasGradient: db1b)"]),
    .heading("Layer 1B"),
    .text("A linear layer from $X$ to $X_{1B}$, without a bias:"),
    .derive(
      d(theta1B), d(x1B).transposed * x, code: ["let dtheta1b = matmul(dx1b, x, transposeA: true)"]),
    .heading("Layer 2A"),
    .text(
      #"""
      *The crux of the cascade*: the prediction of task A reaches the loss on two paths, through its own error and
      through task B. Both gradients add up:
      """#),
    .derive(
      d(predictedA)[i, j],
      (1 / m) * (predictedA[i, j] - yA[i, j]) + d(xSum)[i, j]),
    .derive(
      d(predictedA), (1 / m) * (predictedA - yA) + d(xSum),
      (1 / m) * (predictedA - yA + (predictedB - yB) * theta2B),
      code: ["let dya = error * (weightA / m) + dxsum"]),
    .text(#"Behind that lies a linear layer again, from $X_{\text{DP}}$ to $\hat Y_A$:"#),
    .derive(
      d(theta2A), d(predictedA).transposed * xDP,
      code: ["let dtheta2a = matmul(dya, xdp, transposeA: true)"]),
    .derive(d(b2A), d(predictedA).transposed * ones, code: ["let db2a = sum(dya, axis: 0)"]),
    .derive(d(xDP), d(predictedA) * theta2A, code: ["let dxdp = matmul(dya, theta2a)"]),
    .heading("Dropout and the sine"),
    .text("What was dropped gets no gradient; what was kept gets it scaled as its value was:"),
    .derive(d(x1A), d(xDP) ∘ mask, code: ["let dx1a = masked(dxdp, mask)"]),
    .text("The sine has the slope of the cosine, element by element:"),
    .derive(derivative(x1A, by: z1A)[i, l, i, l], .cos(z1A[i, l])),
    .derive(d(z1A), d(x1A) ∘ .cos(z1A), code: ["let dz1a = sinPullback(dx1a, z1a)"]),
    .heading("Layer 1A"),
    .text("And the linear layer from $X$ to $Z_{1A}$:"),
    .derive(
      d(theta1A), d(z1A).transposed * x, code: ["let dtheta1a = matmul(dz1a, x, transposeA: true)"]),
    .derive(d(b1A), d(z1A).transposed * ones, code: ["let db1a = sum(dz1a, axis: 0)"]),
  ],
  point: { sampler in
    let random = sampler.tensor([5, 6], .uniform(0, 1))
    let shapes: [Shape] = [[6, 4], [6], [3, 6], [3], [3, 4], [3], [4, 3], [4]]
    return zip(parameters, shapes).map { ($0, sampler.tensor($1, .uniform(-1, 1))) } + [
      (x, sampler.tensor([5, 4])), (yA, sampler.tensor([5, 3])),
      (yB, Derivation.oneHot(5, 4, from: &sampler)),
      (uniform, random), (p, Tensor(scalar: 0.375, dtype: .float64)),
    ]
  },
  code: { values in
    let network = MultiTaskCascade(parameters.map { Parameter(values[$0]) })
    let result = network.gradient(
      inputs: values[x], targets: values[yA], labels: values.labels(yB),
      mask: values.dropoutMask(uniform, below: p))
    return parameters.gradients(result.gradients, of: loss) + [
      (loss, result.loss), (lossA, result.lossA), (lossB, result.lossB), (mu, result.mean),
      (predictedA, result.prediction), (predictedB, result.probabilities),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(cascade) }
