import Tensors

// One sample: columns.
private let (x0, t) = (symbol("x^{(0)}", "d"), symbol("t", "K"))
private let (a1, x1) = (symbol(#"\tilde x^{(1)}"#, "h"), symbol("x^{(1)}", "h"))
private let (a2, x2) = (symbol(#"\tilde x^{(2)}"#, "K"), symbol("x^{(2)}", "K"))
private let (w1, b1) = (symbol("W^{(1)}", "h", "d"), symbol("b^{(1)}", "h"))
private let (w2, b2) = (symbol("W^{(2)}", "K", "h"), symbol("b^{(2)}", "K"))
private let loss = symbol("L")
private func d(_ variable: Term) -> Term { derivative(loss, by: variable) }

// A batch: rows.
private let (rows, classes) = (symbol("X^{(0)}", "m", "d"), symbol("T", "m", "K"))
private let (rowsA1, rows1) = (symbol(#"\tilde X^{(1)}"#, "m", "h"), symbol("X^{(1)}", "m", "h"))
private let (rowsA2, rows2) = (symbol(#"\tilde X^{(2)}"#, "m", "K"), symbol("X^{(2)}", "m", "K"))
private let batchLoss = symbol(#"\bar L"#)
private func dBatch(_ variable: Term) -> Term { derivative(batchLoss, by: variable) }

private let (m, ones, onesK) = (Term.size("m"), Term.ones("m"), Term.ones("K"))
private let (i, j, k, r) = (Index("i", over: "K"), At.j, At.k, Index("r", over: "m"))
private let (u, v, n) = (
  Index("u", over: "h"), Index("v", over: "h"), Index("n", over: "d")
)

private let modules = Derivation(
  name: "perceptron-modules", title: "The perceptron from its modules",
  summary: "Linear, rectifier, softmax and cross-entropy: first for one sample, then for a batch.",
  sizes: [
    ("d", 4, "inputs"), ("h", 5, "hidden units"), ("K", 3, "classes"),
    ("m", 4, "rows of the batch"),
  ],
  sources: ["PerceptronModules.swift"],
  blocks: [
    .heading("What is given"),
    .text(
      #"""
      A perceptron of $N = 2$ layers; with more, those before the last repeat the first. $\tilde x^{(l)}$ is what
      layer $l$ adds up, $x^{(l)}$ what it puts out. For one sample all of these are columns, and so are their
      gradients.
      """#),
    .symbols([
      (x0, "input"), (t, "the class, one-hot"),
      (w1, "weight of the first layer, a parameter"), (b1, "its bias, a parameter"),
      (w2, "weight of the last layer, a parameter"), (b2, "its bias, a parameter"),
      (a1, "what the first layer adds up"), (x1, "what it puts out"),
      (a2, "what the last layer adds up"), (x2, "what it puts out: probabilities"),
      (loss, "the loss of the sample"),
    ]),
    .heading("One sample: forward"),
    .define([
      a1 ≔ w1 * x0 + b1,
      x1 ≔ .positivePart(a1),
      a2 ≔ w2 * x1 + b2,
      x2[i] ≔ .e(a2[i]) / .sum(over: j, of: .e(a2[j])),
      loss ≔ -.sum(over: i, of: t[i] * .ln(x2[i])),
    ]),
    .heading("One sample: each module by itself"),
    .text(
      #"""
      Cross-entropy, by the probabilities it is given. A probability so small that it is rounded to zero makes the loss
      infinite, and the quotient too; the page on cross-entropy has the form of both modules in one, in which it
      cancels before it is computed.
      """#),
    .derive(d(x2)[i], -(t[i] / x2[i])),
    .text(
      "Softmax; Kronecker's $\\delta_{ij}$ is 1 for $i = j$ and else 0 (the softmax page has the steps):"
    ),
    .derive(
      derivative(x2, by: a2)[i, j], x2[i] * (.delta(i, j) - x2[j])),
    .derive(derivative(x2, by: a2), .diagonal(x2) - x2 * x2.transposed),
    .text("The rectifier works on each element, so that its Jacobian is diagonal:"),
    .derive(derivative(x1, by: a1)[u, v], .isPositive(a1[u]) * .delta(u, v)),
    .derive(derivative(x1, by: a1), .diagonal(.isPositive(a1))),
    .text(
      #"""
      The linear module, by its input, its weight and its bias. The derivative by the weight has three axes:
      output, and row and column of the weight.
      """#),
    .derive(derivative(a2, by: x1)[k, u], w2[k, u]),
    .derive(derivative(a2, by: w2)[k, j, u], .delta(k, j) * x1[u]),
    .derive(derivative(a2, by: b2)[k, j], .delta(k, j)),
    .heading("One sample: backward"),
    .text(
      #"""
      Each module turns the gradient by its output into that by its input, by the product with its transposed
      Jacobian. Softmax after cross-entropy: the probability in the denominator cancels, and $\sum_i t_i = 1$.
      """#),
    .derive(
      d(a2), derivative(x2, by: a2).transposed * d(x2),
      (.diagonal(x2) - x2 * x2.transposed) * d(x2), x2 - t),
    .text(
      "The linear module: the deltas leave one output, and the product of column and row is a matrix."
    ),
    .derive(
      d(w2)[k, u], .sum(over: j, of: d(a2)[j] * derivative(a2, by: w2)[j, k, u]),
      d(a2)[k] * x1[u]),
    .text(
      #"""
      The code takes the sample as a batch of one row. What is a column here is a row there, so that its products
      appear transposed and its sums over the batch have one term. Every module calls its own input `x` and the
      gradient by its own output `dy`; the rectifier and softmax keep their output, `y`.
      """#),
    .derive(d(w2), d(a2) * x1.transposed, code: ["let dw = matmul(dy, x, transposeA: true)"]),
    .derive(
      d(b2), derivative(a2, by: b2).transposed * d(a2), d(a2),
      code: ["let db = sum(dy, axis: 0)"]),
    .derive(
      d(x1), derivative(a2, by: x1).transposed * d(a2), w2.transposed * d(a2),
      code: ["matmul(dy, weight.value)"]),
    .text("The rectifier: a diagonal matrix times a column is a product element by element."),
    .derive(
      d(a1), derivative(x1, by: a1).transposed * d(x1), d(x1) ∘ .isPositive(a1),
      code: ["reluPullback(dy, kept(y, by: \"ReLUModule\"))"]),
    .text("And the linear module below it, as above:"),
    .derive(d(w1), d(a1) * x0.transposed, code: ["let dw = matmul(dy, x, transposeA: true)"]),
    .derive(d(b1), d(a1), code: ["let db = sum(dy, axis: 0)"]),
    .heading("A batch"),
    .text(
      #"""
      Now the samples are the rows of matrices, as in the code, and the loss is the mean over them. A row is a column
      laid flat, so every product above appears transposed.
      """#),
    .symbols([
      (rows, "input; the samples are its rows"), (classes, "the classes, one-hot rows"),
      (rowsA1, "what the first layer adds up"), (rows1, "what it puts out"),
      (rowsA2, "what the last layer adds up"), (rows2, "what it puts out"),
      (batchLoss, "the mean of the losses"),
      (ones, "a column of $m$ ones; $\\mathbf{1}_K$ has $K$ of them"),
    ]),
    .define([
      rowsA1 ≔ rows * w1.transposed + ones * b1.transposed,
      rows1 ≔ .positivePart(rowsA1),
      rowsA2 ≔ rows1 * w2.transposed + ones * b2.transposed,
      rows2 ≔ .softmax(rowsA2),
      batchLoss ≔ -(1 / m) * .sum(over: r, k, of: classes[r, k] * .ln(rows2[r, k])),
    ]),
    .text(
      #"""
      *Three things change.* The mean brings the factor $1/m$, once, at the loss; everything else carries it along.
      Samples do not mix, so what holds for a column holds for each row by itself. And a parameter serves all
      samples, so its gradient is a sum over the batch, which the product over the batch axis takes.
      """#),
    .derive(
      dBatch(rows2), -(1 / m) * (classes / rows2),
      code: [
        "let dp = (-1 / Double(m)) / p",
        "return t * broadcast(dp.reshaped(to: [m, 1]), to: t.shape)",
      ]),
    .derive(
      dBatch(rowsA2),
      rows2 ∘ (dBatch(rows2) - (dBatch(rows2) ∘ rows2) * onesK * onesK.transposed),
      (1 / m) * (rows2 - classes),
      code: ["softmaxPullback(dy, kept(y, by: \"SoftmaxModule\"), axis: 1)"]),
    .derive(
      dBatch(w2), dBatch(rowsA2).transposed * rows1,
      code: ["let dw = matmul(dy, x, transposeA: true)"]),
    .derive(dBatch(b2), dBatch(rowsA2).transposed * ones, code: ["let db = sum(dy, axis: 0)"]),
    .derive(dBatch(rows1), dBatch(rowsA2) * w2, code: ["matmul(dy, weight.value)"]),
    .derive(
      dBatch(rowsA1), dBatch(rows1) ∘ .isPositive(rowsA1),
      dBatch(rows1) ∘ .isPositive(rows1),
      code: ["reluPullback(dy, kept(y, by: \"ReLUModule\"))"]),
    .derive(
      dBatch(w1), dBatch(rowsA1).transposed * rows,
      code: ["let dw = matmul(dy, x, transposeA: true)"]),
    .derive(dBatch(b1), dBatch(rowsA1).transposed * ones, code: ["let db = sum(dy, axis: 0)"]),
    .text(
      #"""
      Row $r$ of $\frac{\partial \bar L}{\partial \tilde X^{(1)}}$ is $\frac{1}{m}$ times the gradient of the loss of
      sample $r$. So the sum below, which the product over the batch axis takes, is the mean of the single samples'
      gradients:
      """#),
    .derive(
      dBatch(w1)[u, n], .sum(over: r, of: dBatch(rowsA1)[r, u] * rows[r, n])),
  ],
  point: { sampler in
    [
      (x0, sampler.tensor([4], .uniform(-1, 1))),
      (t, Tensor([0, 1, 0], shape: [3], dtype: .float64)),
      (w1, sampler.tensor([5, 4], .uniform(-1, 1))), (b1, sampler.tensor([5])),
      (w2, sampler.tensor([3, 5], .uniform(-0.25, 0.25))),
      (b2, sampler.tensor([3], .uniform(-0.25, 0.25))),
      (rows, sampler.tensor([4, 4], .uniform(-1, 1))),
      (classes, Derivation.oneHot(4, 3, from: &sampler)),
    ]
  },
  code: { values in
    let batch = backward(values, rows, values.labels(classes))
    let single = backward(values, x0, IndexTensor([1]))
    let variables = [w1, b1, w2, b2]
    return zip(variables, single.gradients).map { (d($0), $1) }
      + zip(variables, batch.gradients).map { (dBatch($0), $1) }
      + zip([x2, a2, x1, a1], single.cotangents).map {
        (d($0), $1.reshaped(to: [$1.count]))
      }
      + zip([rows2, rowsA2, rows1, rowsA1], batch.cotangents).map { (dBatch($0), $1) }
      + [(loss, single.loss), (batchLoss, batch.loss)]
  })

/// The modules one after the other, forward and back, with all that passes between them.
private func backward(
  _ values: Derivation.Values, _ input: Term, _ labels: IndexTensor
) -> (loss: Tensor, gradients: [Tensor], cotangents: [Tensor]) {
  func linear(_ weight: Term, _ bias: Term) -> LinearModule {
    LinearModule(weight: Parameter(values[weight]), bias: Parameter(values[bias]))
  }
  var (first, last) = (linear(w1, b1), linear(w2, b2))
  var (relu, softmax) = (ReLUModule(), SoftmaxModule())
  var crossEntropy = CrossEntropyModule(classes: 3, dtype: .float64)
  let hidden = relu.forward(first.forward(values[input].reshaped(to: [labels.count, 4])))
  let probabilities = softmax.forward(last.forward(hidden))
  let loss = crossEntropy.forward(probabilities, labels: labels)

  let dProbabilities = crossEntropy.backward()
  let dScores = softmax.backward(dProbabilities)
  let dHidden = last.backward(dScores)
  let dSums = relu.backward(dHidden)
  let (output, input) = (last.gradients(dScores), first.gradients(dSums))
  return (
    loss, [input.weight, input.bias, output.weight, output.bias],
    [dProbabilities, dScores, dHidden, dSums]
  )
}

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(modules) }
