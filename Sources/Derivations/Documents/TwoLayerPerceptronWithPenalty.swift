import Tensors

private let (x, y, yHat) = (
  symbol("X", "m", "d"), symbol("Y", "m", "K"), symbol(#"\hat Y"#, "m", "K")
)
private let (w1, b1) = (symbol("W_1", "h", "d"), symbol("b_1", "h"))
private let (w2, b2) = (symbol("W_2", "K", "h"), symbol("b_2", "K"))
private let (z1, h1, z2) = (
  symbol("Z_1", "m", "h"), symbol("H_1", "m", "h"), symbol("Z_2", "m", "K")
)
private let (crossEntropy, loss, lambda) = (symbol("J"), symbol("L"), symbol(#"\lambda"#))
private let (m, ones) = (Term.size("m"), Term.ones("m"))
private let (i, k, j) = (At.i, At.k, At.j)
private let (u, n) = (Index("u", over: "h"), Index("n", over: "d"))
private func d(_ variable: Term) -> Term { derivative(loss, by: variable) }

private let twoLayerPerceptron = Derivation(
  name: "two-layer-perceptron", title: "The two-layer perceptron with an L2 penalty",
  summary: "Forward pass and all four gradients of a classifier with one hidden layer.",
  sizes: [
    ("m", 5, "rows of the batch"), ("d", 4, "inputs"), ("h", 6, "hidden units"),
    ("K", 3, "classes"),
  ],
  sources: ["TwoLayerPerceptron.swift"],
  blocks: [
    .heading("What is given"),
    .symbols([
      (x, "input; the samples are its rows"),
      (y, "the classes, one-hot: each row has a 1 at the sample's class and else zeros"),
      (w1, "weight of the hidden layer, a parameter"), (b1, "its bias, a parameter"),
      (z1, "what the hidden units add up"), (h1, "what they put out"),
      (w2, "weight of the output layer, a parameter"), (b2, "its bias, a parameter"),
      (z2, "scores (logits)"), (yHat, "predicted probabilities"),
      (lambda, "strength of the penalty"), (crossEntropy, "mean cross-entropy"),
      (loss, "the loss"),
      (ones, "a column of ones: $\\mathbf{1}_m b^\\top$ is the bias in every row"),
    ]),
    .text(
      #"""
      Where layers are numbered from the input, as $a^{(1)}, z^{(2)}, a^{(2)}, z^{(3)}$, these are $X, Z_1, H_1, Z_2$
      here; the number of samples, often $N$, is $m$.
      """#),
    .heading("Forward"),
    .define([
      z1 ≔ x * w1.transposed + ones * b1.transposed,
      h1 ≔ .positivePart(z1),
      z2 ≔ h1 * w2.transposed + ones * b2.transposed,
      yHat ≔ .softmax(z2),
      crossEntropy ≔ -(1 / m) * .sum(over: i, k, of: y[i, k] * .ln(yHat[i, k])),
      loss ≔ crossEntropy + lambda * (.squaredNorm(w1) + .squaredNorm(w2)),
    ]),
    .text(
      #"""
      Softmax works on each row. The penalty, the sum of the squares of all weights, pulls them towards zero;
      biases go free, as they only shift.
      """#),
    .heading("The scores"),
    .text(
      #"""
      Backpropagation starts at the loss and walks back. The penalty does not depend on the scores, so their
      gradient is that of softmax and cross-entropy (which has a page of its own): prediction minus truth, over
      the number of samples.
      """#),
    .derive(
      d(z2)[i, j], -(1 / m) * .sum(over: k, of: y[i, k] * (.delta(k, j) - yHat[i, j])),
      (1 / m) * (yHat[i, j] - y[i, j])),
    .derive(
      d(z2), (1 / m) * (yHat - y),
      code: ["let dz2 = softmaxCrossEntropyPullback(1 / m, y, labels: labels)"]),
    .text("(In the code, `y` are the probabilities $\\hat Y$; the classes come as numbers.)"),
    .heading("The output layer"),
    .text(
      #"""
      A weight $w_{2,ku}$ carries hidden unit $u$ to class $k$ in every sample, which makes a sum over the batch;
      besides, it stands in the penalty, whose derivative is $2 \lambda$ times the weight:
      """#),
    .derive(
      d(w2)[k, u],
      .sum(over: i, of: d(z2)[i, k] * h1[i, u]) + 2 * lambda * w2[k, u]),
    .derive(
      d(w2), d(z2).transposed * h1 + 2 * lambda * w2,
      code: [
        "var dw2 = matmul(dz2, h1, transposeA: true)",
        "if penalty > 0 { dw2 = addScaled(dw2, w2, 2 * penalty) }",
      ]),
    .text("Without a penalty the first term alone is left:"),
    .derive(derivative(crossEntropy, by: w2), (1 / m) * (yHat - y).transposed * h1),
    .text("The bias is added once in each sample:"),
    .derive(d(b2)[k], .sum(over: i, of: d(z2)[i, k])),
    .derive(d(b2), d(z2).transposed * ones, code: ["let db2 = sum(dz2, axis: 0)"]),
    .heading("The hidden units"),
    .text("A hidden unit feeds all classes of its own sample:"),
    .derive(d(h1)[i, u], .sum(over: k, of: d(z2)[i, k] * w2[k, u])),
    .derive(d(h1), d(z2) * w2, code: ["let dh1 = matmul(dz2, w2)"]),
    .text(
      "The rectifier passes the gradient on where it was open, and stops it where it was shut:"),
    .derive(
      d(z1), d(h1) ∘ .isPositive(z1), d(h1) ∘ .isPositive(h1),
      code: ["let dz1 = reluPullback(dh1, h1)"]),
    .heading("The hidden layer"),
    .text("It is a linear layer with a penalty like the other one; only its input is the data:"),
    .derive(
      d(w1)[u, n],
      .sum(over: i, of: d(z1)[i, u] * x[i, n]) + 2 * lambda * w1[u, n]),
    .derive(
      d(w1), d(z1).transposed * x + 2 * lambda * w1,
      code: [
        "var dw1 = matmul(dz1, x, transposeA: true)",
        "if penalty > 0 { dw1 = addScaled(dw1, w1, 2 * penalty) }",
      ]),
    .derive(d(b1), d(z1).transposed * ones, code: ["let db1 = sum(dz1, axis: 0)"]),
    .text(
      #"""
      Put together, in parameters and in what the forward pass has computed:
      """#),
    .derive(
      d(w1),
      ((1 / m) * (yHat - y) * w2 ∘ .isPositive(z1)).transposed * x + 2 * lambda * w1),
    .text("and without a penalty"),
    .derive(
      derivative(crossEntropy, by: w1),
      ((1 / m) * (yHat - y) * w2 ∘ .isPositive(z1)).transposed * x),
  ],
  point: { sampler in
    [
      (x, sampler.tensor([5, 4])), (y, Derivation.oneHot(5, 3, from: &sampler)),
      (w1, sampler.tensor([6, 4])), (b1, sampler.tensor([6])),
      (w2, sampler.tensor([3, 6])), (b2, sampler.tensor([3])),
      (lambda, Tensor(scalar: 0.0625, dtype: .float64)),
    ]
  },
  code: { values in
    let parameters = [w1, b1, w2, b2]
    let network = TwoLayerPerceptron(
      parameters.map { Parameter(values[$0]) }, penalty: values[lambda].item)
    let result = network.gradient(inputs: values[x], labels: values.labels(y))
    return parameters.gradients(result.gradients, of: loss) + [
      (loss, result.loss), (crossEntropy, result.crossEntropy), (yHat, result.probabilities),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(twoLayerPerceptron) }
