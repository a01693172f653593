import Tensors

private let (x, y, loss) = (symbol("x", "K"), symbol("y", "K"), symbol("L"))
private let (sum, ones) = (symbol("s"), Term.ones("K"))
private let (rows, outputs) = (symbol("X", "m", "K"), symbol("Y", "m", "K"))
private let (i, j, k) = (Index("i", over: "K"), At.j, At.k)
private let row = Index("r", over: "m")
private let jacobian = derivative(y, by: x)
private let (dy, dx) = (derivative(loss, by: y), derivative(loss, by: x))
private let batchLoss = symbol("L_m")
private let (dRows, dOutputs) = (
  derivative(batchLoss, by: rows), derivative(batchLoss, by: outputs)
)

private let softmax = Derivation(
  name: "softmax", title: "Softmax and its Jacobian",
  summary:
    "From the quotient rule to $\\operatorname{diag}(y) - y y^\\top$, and to the product that code computes.",
  sizes: [("K", 4, "classes"), ("m", 3, "rows of the batch")],
  sources: ["PerceptronModules.swift"],
  blocks: [
    .heading("What is given"),
    .symbols([
      (x, "scores of one sample, any real numbers (logits)"),
      (sum, "the sum of their exponentials"),
      (y, "probabilities of that sample"),
      (loss, "the loss, any function of $y$ that gives a number"),
      (rows, "the scores of a batch, one sample in each row"),
      (outputs, "the probabilities of a batch"),
      (batchLoss, "the loss of a batch"),
    ]),
    .heading("Forward"),
    .text(
      "Exponentials make every score positive; dividing by their sum makes them add up to one."),
    .define([sum ≔ .sum(over: k, of: .e(x[k])), y[i] ≔ .e(x[i]) / sum]),
    .assume([
      loss ≔ .sum(over: i, of: dy[i] * y[i]),
      outputs ≔ .softmax(rows),
      batchLoss ≔ .sum(over: row, k, of: dOutputs[row, k] * outputs[row, k]),
    ]),
    .identity(.sum(over: k, of: y[k]), 1),
    .text(
      #"""
      The same number taken from every score changes nothing, since $e^{-c}$ cancels in the quotient. The
      code takes the largest score, so that no exponential overflows.
      """#),
    .heading("The Jacobian"),
    .text(
      #"""
      Every probability depends on every score: on its own through numerator and sum, on the others
      through the sum alone. The sum contains each score once, so its derivative is
      """#),
    .derive(derivative(sum, by: x)[j], .e(x[j])),
    .text(
      #"""
      The derivative of the numerator $e^{x_i}$ by $x_j$ is $\delta_{ij}\, e^{x_i}$, where Kronecker's
      $\delta_{ij}$ is 1 for $i = j$ and else 0. *This is the crux*: with the delta, one application of the
      quotient rule covers both cases at once.
      """#),
    .derive(
      jacobian[i, j],
      (.delta(i, j) * .e(x[i]) * sum - .e(x[i]) * .e(x[j])) / sum.power(2),
      .e(x[i]) / sum * (.delta(i, j) - .e(x[j]) / sum),
      y[i] * (.delta(i, j) - y[j])),
    .text(
      #"""
      Read as two cases: $\frac{\partial y_i}{\partial x_i} = y_i (1 - y_i)$ on the diagonal, and
      $\frac{\partial y_i}{\partial x_j} = -y_i y_j$ beside it. A score raises its own probability and lowers
      all others. As a matrix, which is symmetric:
      """#),
    .derive(jacobian, .diagonal(y) - y * y.transposed),
    .text(
      #"""
      The code never forms this matrix; its number was read off by handing the code one unit vector after the
      other.
      """#),
    .text(
      #"""
      Its rows add up to zero, as they must, because adding the same number to all scores changes nothing:
      """#),
    .identity(.sum(over: j, of: jacobian[i, j]), 0, for: i),
    .heading("The gradient of a loss"),
    .text(
      #"""
      The chain rule multiplies the gradient that comes from above with the transposed Jacobian. Multiplying
      out, the matrix of $K^2$ elements is never needed: one inner product and one product element by
      element do.
      """#),
    .derive(
      dx, jacobian.transposed * dy, .diagonal(y) * dy - y * (y.transposed * dy),
      y ∘ (dy - ones * (y.transposed * dy)),
      code: ["softmaxPullback(dy, kept(y, by: \"SoftmaxModule\"), axis: 1)"]),
    .text(
      #"""
      $\mathbf{1}_K$ is a column of ones. The difference takes the number $y^\top \frac{\partial L}{\partial y}$, which
      is the mean of the gradient under the probabilities $y$, from every element: only what differs from that mean can
      move the probabilities.
      """#),
    .heading("A whole batch"),
    .text(
      #"""
      The samples are the rows of $X$ and do not mix. The inner product of each row is a row sum, and a row
      sum is a product with the column of ones; the second one copies it into all columns:
      """#),
    .derive(
      dRows, outputs ∘ (dOutputs - (dOutputs ∘ outputs) * ones * ones.transposed),
      code: ["softmaxPullback(dy, kept(y, by: \"SoftmaxModule\"), axis: 1)"]),
  ],
  point: { sampler in
    [
      (x, sampler.tensor([4])), (dy, sampler.tensor([4], .awayFromZero)),
      (rows, sampler.tensor([3, 4])), (dOutputs, sampler.tensor([3, 4], .awayFromZero)),
    ]
  },
  code: { values in
    var (single, batch) = (SoftmaxModule(), SoftmaxModule())
    let output = single.forward(values[x].reshaped(to: [1, 4]))
    func backward(_ dy: Tensor) -> Tensor {
      single.backward(dy.reshaped(to: [1, 4])).reshaped(to: [4])
    }
    return [
      (y, output.reshaped(to: [4])), (dx, backward(values[dy])),
      (jacobian, Derivation.jacobian([4], by: [4], backward)),
      (outputs, batch.forward(values[rows])), (dRows, batch.backward(values[dOutputs])),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(softmax) }
