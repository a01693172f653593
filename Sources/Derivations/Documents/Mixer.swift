import Tensors

private let (x, y) = (symbol("X", "m", "L", "D"), symbol("Y", "m", "K"))
private let (theta1, b1) = (symbol(#"\Theta_1"#, "L", "L"), symbol("b_1", "L"))
private let (theta2, b2) = (symbol(#"\Theta_2"#, "D", "D"), symbol("b_2", "D"))
private let (theta3, b3) = (symbol(#"\Theta_3"#, "K", "L"), symbol("b_3", "K"))
private let parameters = [theta1, b1, theta2, b2, theta3, b3]

private let (z1, h1) = (symbol("Z_1", "m", "D", "L"), symbol("H_1", "m", "D", "L"))
private let (s1, s2) = (symbol("S_1", "m", "L", "D"), symbol("S_2", "m", "L", "D"))
private let (z2, h2) = (symbol("Z_2", "m", "L", "D"), symbol("H_2", "m", "L", "D"))
private let (v, z3, yHat) = (
  symbol("V", "m", "L"), symbol("Z_3", "m", "K"), symbol(#"\hat Y"#, "m", "K")
)
private let loss = symbol(#"\mathcal{L}"#)
private let (m, size) = (Term.size("m"), Term.size("D"))
private let (onesM, onesL, onesD) = (Term.ones("m"), Term.ones("L"), Term.ones("D"))
private let (i, j, k) = (At.i, At.j, At.k)
private let (l, p) = (Index("l", over: "L"), Index("p", over: "L"))
private let (f, g) = (Index("f", over: "D"), Index("g", over: "D"))
private func d(_ variable: Term) -> Term { derivative(loss, by: variable) }

private let mixer = Derivation(
  name: "mixer", title: "The simplified MLP-Mixer",
  summary: "Forward pass, all six gradients, and the algorithm that trains with them.",
  sizes: [
    ("m", 3, "samples of the batch"), ("L", 4, "positions, such as the patches of an image"),
    ("D", 3, "features of each position"), ("K", 3, "classes"),
  ],
  sources: ["MLPMixer.swift"],
  blocks: [
    .heading("What is given"),
    .text(
      #"""
      A sample is a matrix of positions and features. One layer mixes the positions, the next one the features; both
      are added to what came in. An upper index in brackets is the number of the sample.
      """#),
    .symbols([
      (x, "input: $X^{(i)}$ is sample $i$, a matrix of $L \\times D$"),
      (y, "the classes, one-hot rows"),
      (theta1, "weight that mixes positions (FC-1)"), (b1, "its bias"),
      (theta2, "weight that mixes features (FC-2)"), (b2, "its bias"),
      (theta3, "weight of the classifier (FC-3)"), (b3, "its bias"),
      (z1, "what FC-1 adds up; its rows are features"), (h1, "what FC-1 puts out"),
      (s1, "input of FC-2"), (z2, "what FC-2 adds up; its rows are positions"),
      (h2, "what FC-2 puts out"), (s2, "what is averaged"),
      (v, "means over the features; row $i$ is that of sample $i$, as a column $v^{(i)}$"),
      (z3, "scores (logits)"),
      (yHat, "predicted probabilities"), (loss, "the loss"),
      (onesD, "a column of $D$ ones; likewise $\\mathbf{1}_L$ and $\\mathbf{1}_m$"),
    ]),
    .heading("Forward"),
    .text(
      #"""
      FC-1 works on the transpose, where each row is one feature at all positions; its output is transposed back. The
      mean over the features is a product with a column of ones:
      """#),
    .define([
      z1[i] ≔ x[i].transposed * theta1.transposed + onesD * b1.transposed,
      h1[i] ≔ .positivePart(z1[i]),
      s1[i] ≔ x[i] + h1[i].transposed,
      z2[i] ≔ s1[i] * theta2.transposed + onesL * b2.transposed,
      h2[i] ≔ .positivePart(z2[i]),
      s2[i] ≔ s1[i] + h2[i],
      v[i] ≔ (1 / size) * s2[i] * onesD,
    ]),
    .text(
      #"""
      From here on a sample is a row, and the batch a matrix: row $i$ of $V$ is the column $v^{(i)}$, laid flat.
      """#),
    .define([
      z3 ≔ v * theta3.transposed + onesM * b3.transposed,
      yHat ≔ .softmax(z3),
      loss ≔ -(1 / m) * .sum(over: i, k, of: y[i, k] * .ln(yHat[i, k])),
    ]),
    .text(
      #"""
      In the code `y` are the probabilities $\hat Y$, and the classes come as numbers instead of one-hot rows. The
      matrices of all samples lie one below the other: `s1` and `h2` have $mL$ rows of $D$ features, a shape that is
      called `straight`; `h1` and `xt`, which holds all $(X^{(i)})^\top$, have $mD$ rows of $L$ positions, a shape
      called `turned`. `batch`, `positions` and `size` are $m$, $L$ and $D$.
      """#),
    .heading("FC-3"),
    .text(
      "Cross-entropy after softmax gives prediction minus truth (the page on cross-entropy has the steps):"
    ),
    .derive(
      d(z3)[i, j], -(1 / m) * .sum(over: k, of: y[i, k] * (.delta(k, j) - yHat[i, j])),
      (1 / m) * (yHat[i, j] - y[i, j])),
    .derive(
      d(z3), (1 / m) * (yHat - y),
      code: ["let dz3 = softmaxCrossEntropyPullback(1 / m, y, labels: labels)"]),
    .text(
      "It is an ordinary linear layer, whose product over the batch axis sums over the samples:"),
    .derive(d(theta3)[k, l], .sum(over: i, of: d(z3)[i, k] * v[i, l])),
    .derive(
      d(theta3), d(z3).transposed * v, code: ["let dtheta3 = matmul(dz3, v, transposeA: true)"]),
    .derive(d(b3), d(z3).transposed * onesM, code: ["let db3 = sum(dz3, axis: 0)"]),
    .derive(d(v), d(z3) * theta3, code: ["let dv = matmul(dz3, theta3)"]),
    .heading("The mean"),
    .text(
      #"""
      Every feature of a position has the same share in the mean, so each gets the same gradient. For a sample by
      itself, row $i$ of $\frac{\partial \mathcal{L}}{\partial V}$ is
      $\left( \frac{\partial \mathcal{L}}{\partial v^{(i)}} \right)^\top$, as row $i$ of $V$ is $v^{(i)}$ laid flat:
      """#),
    .derive(d(s2)[i, l, f], (1 / size) * d(v)[i, l]),
    .derive(
      d(s2)[i], (1 / size) * d(v)[i] * onesD.transposed,
      code: [
        "let share = (dv / size).reshaped(to: [batch * positions, 1])",
        "let ds2 = broadcast(share, to: straight)",
      ]),
    .heading("FC-2"),
    .text(
      #"""
      $S_2$ is a sum. Its gradient goes to $H_2$ as it is, and through the rectifier where that was open:
      """#),
    .derive(
      d(z2)[i], d(s2)[i] ∘ .isPositive(z2[i]), d(s2)[i] ∘ .isPositive(h2[i]),
      code: ["let dz2 = reluPullback(ds2, h2)"]),
    .text(
      #"""
      The weight serves all positions of all samples: the matrix product sums over the positions, $\sum$ over the
      samples. Stacked, the positions of all samples are rows of one matrix, and a single product does both.
      """#),
    .derive(
      d(theta2)[f, g], .sum(over: i, l, of: d(z2)[i, l, f] * s1[i, l, g])),
    .derive(
      d(theta2), .sum(over: i, of: d(z2)[i].transposed * s1[i]),
      code: ["let dtheta2 = matmul(dz2, s1, transposeA: true)"]),
    .derive(
      d(b2), .sum(over: i, of: d(z2)[i].transposed * onesL), code: ["let db2 = sum(dz2, axis: 0)"]),
    .text(
      #"""
      $S_1$ reaches the loss on two paths, around FC-2 and through it. *This is the crux of a residual connection*:
      the gradients of both paths add up, and the first one arrives as it was.
      """#),
    .derive(d(s1)[i], d(s2)[i] + d(z2)[i] * theta2, code: ["let ds1 = ds2 + matmul(dz2, theta2)"]),
    .heading("FC-1"),
    .text(
      #"""
      $H_1$ was added transposed, so its gradient is the transpose of that of $S_1$; then the rectifier:
      """#),
    .derive(
      d(h1)[i], d(s1)[i].transposed,
      code: ["let dh1 = ds1.reshaped(to: x.shape).transposed().reshaped(to: turned)"]),
    .derive(
      d(z1)[i], d(h1)[i] ∘ .isPositive(z1[i]), d(s1)[i].transposed ∘ .isPositive(h1[i]),
      code: ["let dz1 = reluPullback(dh1, h1)"]),
    .text(
      "The input of FC-1 was the transpose of $X^{(i)}$; each of its $D$ rows is one use of the weight:"
    ),
    .derive(
      d(theta1)[l, p], .sum(over: i, f, of: d(z1)[i, f, l] * x[i, p, f])),
    .derive(
      d(theta1), .sum(over: i, of: d(z1)[i].transposed * x[i].transposed),
      code: ["let dtheta1 = matmul(dz1, xt, transposeA: true)"]),
    .derive(
      d(b1), .sum(over: i, of: d(z1)[i].transposed * onesD), code: ["let db1 = sum(dz1, axis: 0)"]),
    .heading("Stochastic gradient descent"),
    .steps([
      "*Input*: samples with their classes, learning rate $\\eta$, size $m$ of a batch, number of epochs",
      "draw $\\Theta_1, \\Theta_2, \\Theta_3$ at random; set $b_1, b_2, b_3$ to zero",
      "*for* each epoch",
      "  shuffle the samples",
      "  *for* each batch $(X, Y)$ of $m$ samples, in this order",
      "    forward: compute $Z_1, H_1, S_1, Z_2, H_2, S_2, V, Z_3, \\hat Y$ and $\\mathcal{L}$",
      "    backward: compute the six gradients above, from FC-3 to FC-1",
      "    *for* $l = 1, 2, 3$",
      "      $\\Theta_l \\leftarrow \\Theta_l - \\eta \\frac{\\partial \\mathcal{L}}{\\partial \\Theta_l}$",
      "      $b_l \\leftarrow b_l - \\eta \\frac{\\partial \\mathcal{L}}{\\partial b_l}$",
    ]),
    .text(
      #"""
      All gradients are taken at the old parameters: the updates wait until the last of them is computed.
      """#),
  ],
  point: { sampler in
    let shapes: [Shape] = [[4, 4], [4], [3, 3], [3], [3, 4], [3]]
    return zip(parameters, shapes).map { ($0, sampler.tensor($1, .uniform(-1, 1))) } + [
      (x, sampler.tensor([3, 4, 3])), (y, Derivation.oneHot(3, 3, from: &sampler)),
    ]
  },
  code: { values in
    let network = MLPMixer(parameters.map { Parameter(values[$0]) })
    let result = network.gradient(inputs: values[x], labels: values.labels(y))
    return parameters.gradients(result.gradients, of: loss) + [
      (loss, result.loss), (yHat, result.probabilities),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(mixer) }
