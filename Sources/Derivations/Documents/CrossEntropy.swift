import Tensors

private let (z, yHat, y) = (
  symbol("Z", "m", "K"), symbol(#"\hat Y"#, "m", "K"), symbol("Y", "m", "K")
)
private let (loss, m) = (symbol("L"), Term.size("m"))
private let (i, j, k) = (At.i, At.j, At.k)
private let (dYHat, dz) = (derivative(loss, by: yHat), derivative(loss, by: z))
private let jacobian = derivative(yHat, by: z)

private let crossEntropy = Derivation(
  name: "cross-entropy", title: "Cross-entropy after softmax",
  summary: #"From the loss through the softmax down to $(\hat Y - Y) / m$."#,
  sizes: [("m", 5, "rows of the batch"), ("K", 3, "classes")],
  sources: ["PerceptronModules.swift", "TwoLayerPerceptron.swift"],
  blocks: [
    .heading("What is given"),
    .symbols([
      (z, "scores (logits); the samples are its rows"),
      (yHat, "predicted probabilities"),
      (y, "the classes, one-hot: each row has a 1 at the sample's class and else zeros"),
      (loss, "the loss"),
    ]),
    .heading("Forward"),
    .define([
      yHat ≔ .softmax(z),
      loss ≔ -(1 / m) * .sum(over: i, k, of: y[i, k] * .ln(yHat[i, k])),
    ]),
    .text(
      #"""
      The inner sum has one term that is not zero: the logarithm of the probability of the right class. The
      loss is the mean, over the batch, of minus this logarithm: 0 where the right class has probability 1, and
      growing without bound as that falls to 0.
      """#),
    .heading("The gradient with respect to the probabilities"),
    .text(
      "Each probability stands in one term of the double sum, and $\\ln$ has the derivative $1/x$:"),
    .derive(
      dYHat[i, k], -(1 / m) * (y[i, k] / yHat[i, k]),
      code: [
        "let dp = (-1 / Double(m)) / p",
        "return t * broadcast(dp.reshaped(to: [m, 1]), to: t.shape)",
      ]),
    .text(
      #"""
      In the code, `t` is $Y$ and `p` are the probabilities of the right classes; elsewhere $y_{ik} = 0$ and
      the gradient is zero.
      """#),
    .heading("Through the softmax"),
    .text(
      #"""
      The probabilities of a sample depend on the scores of the same sample only. There the Jacobian is
      that of the softmax (its own page derives it):
      """#),
    .derive(jacobian[i, k, i, j], yHat[i, k] * (.delta(k, j) - yHat[i, j])),
    .text(
      #"""
      *The crux* is what happens when the two are multiplied: $\hat y_{ik}$ in the Jacobian cancels
      $\hat y_{ik}$ in the denominator, and nothing is left to divide by. Then the delta picks one term of
      the first sum, and in the second one $\hat y_{ij}$ does not depend on $k$ and comes out:
      """#),
    .derive(
      dz[i, j], .sum(over: k, of: dYHat[i, k] * jacobian[i, k, i, j]),
      -(1 / m) * .sum(over: k, of: y[i, k] * (.delta(k, j) - yHat[i, j])),
      -(1 / m) * (y[i, j] - yHat[i, j] * .sum(over: k, of: y[i, k])),
      (1 / m) * (yHat[i, j] - y[i, j])),
    .text("where the last step used that a one-hot row adds up to one:"),
    .identity(.sum(over: k, of: y[i, k]), 1, for: i),
    .text("For the whole batch at once, prediction minus truth:"),
    .derive(
      dz, (1 / m) * (yHat - y),
      code: ["let dz2 = softmaxCrossEntropyPullback(1 / m, y, labels: labels)"]),
    .text(
      #"""
      In that line of the two-layer perceptron `y` are the probabilities $\hat Y$, and the classes come as
      numbers instead of one-hot rows. Softmax and cross-entropy are computed together for a second reason:
      $\ln \hat y_{ik} = z_{ik} - \ln \sum_j e^{z_{ij}}$ needs no probability, so that the loss stays finite where
      $\hat y_{ik}$ is too small to be represented.
      """#),
    .text(
      "The gradient of each sample adds up to zero, since equal scores for all change nothing:"),
    .identity(.sum(over: j, of: dz[i, j]), 0, for: i),
  ],
  point: { sampler in
    [
      (z, sampler.tensor([5, 3])), (y, Derivation.oneHot(5, 3, from: &sampler)),
    ]
  },
  code: { values in
    let labels = values.labels(y)
    var module = CrossEntropyModule(classes: 3, dtype: .float64)
    let (value, probabilities) = softmaxCrossEntropyWithProbabilities(values[z], labels: labels)
    _ = module.forward(probabilities, labels: labels)
    return [
      (yHat, probabilities), (loss, value), (dYHat, module.backward()),
      (dz, softmaxCrossEntropyPullback(1.0 / 5, probabilities, labels: labels)),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(crossEntropy) }
