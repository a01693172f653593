import Tensors

private let (x, w, b) = (symbol("X", "m", "d"), symbol("W", "h", "d"), symbol("b", "h"))
private let (z, loss, ones) = (symbol("Z", "m", "h"), symbol("L"), Term.ones("m"))
private let (i, r) = (At.i, At.r)
private let (j, l) = (Index("j", over: "h"), Index("l", over: "h"))
private let (k, n) = (Index("k", over: "d"), Index("n", over: "d"))
private let dz = derivative(loss, by: z)
private let (dx, dw, db) = (
  derivative(loss, by: x), derivative(loss, by: w), derivative(loss, by: b)
)
private let (zByX, zByW, zByB) = (derivative(z, by: x), derivative(z, by: w), derivative(z, by: b))

private let linearLayer = Derivation(
  name: "linear", title: "The linear layer",
  summary:
    "The gradients of $Z = X W^\\top + \\mathbf{1}_m b^\\top$ with respect to input, weight and bias.",
  sizes: [("m", 3, "rows of the batch"), ("d", 4, "inputs"), ("h", 2, "outputs")],
  sources: ["PerceptronModules.swift"],
  blocks: [
    .heading("What is given"),
    .symbols([
      (x, "input; the samples are its rows"), (w, "weight, one row for each output"),
      (b, "bias"), (z, "output"),
      (ones, "a column of ones: $\\mathbf{1}_m b^\\top$ is the bias in every row"),
      (loss, "the loss, any function of $Z$ that gives a number"),
      (dz, "the gradient of the loss with respect to the output, which comes from the layer above"),
    ]),
    .heading("Forward"),
    .define([z ≔ x * w.transposed + ones * b.transposed]),
    .text("and element by element"),
    .identity(z[i, j], .sum(over: k, of: x[i, k] * w[j, k]) + b[j], for: i, j),
    .assume([loss ≔ .sum(over: i, j, of: dz[i, j] * z[i, j])]),
    .heading("The weight"),
    .text(
      #"""
      The weight $w_{ln}$ stands in output $l$ of every sample, multiplied by input $n$ of that sample; the
      other outputs do not know it:
      """#),
    .derive(zByW[i, j, l, n], .delta(j, l) * x[i, n]),
    .text(
      #"""
      The chain rule sums over all elements of $Z$. The delta leaves $j = l$, and the sum over the samples
      stays: it is a matrix product whose inner axis is the batch.
      """#),
    .derive(
      dw[l, n], .sum(over: i, j, of: dz[i, j] * zByW[i, j, l, n]),
      .sum(over: i, of: dz[i, l] * x[i, n])),
    .derive(dw, dz.transposed * x, code: ["let dw = matmul(dy, x, transposeA: true)"]),
    .heading("The bias"),
    .text(
      "The bias is added to every sample's output once, so its gradient is the sum over the batch:"),
    .derive(zByB[i, j, l], .delta(j, l)),
    .derive(
      db[l], .sum(over: i, j, of: dz[i, j] * zByB[i, j, l]), .sum(over: i, of: dz[i, l])),
    .derive(db, dz.transposed * ones, code: ["let db = sum(dy, axis: 0)"]),
    .heading("The input"),
    .text(
      #"""
      An input reaches all outputs of its own sample, and no other sample. The sum over the samples
      disappears, the one over the outputs stays:
      """#),
    .derive(zByX[i, j, r, n], .delta(i, r) * w[j, n]),
    .derive(
      dx[r, n], .sum(over: i, j, of: dz[i, j] * zByX[i, j, r, n]),
      .sum(over: j, of: dz[r, j] * w[j, n])),
    .derive(dx, dz * w, code: ["matmul(dy, weight.value)"]),
    .text(
      #"""
      A check that costs nothing: a gradient has the shape of what it belongs to, and of the ways to multiply
      these matrices only one gives that shape, unless lengths coincide. So test with different ones, as here
      $m = 3$, $d = 4$, $h = 2$.
      """#),
  ],
  point: { sampler in
    [
      (x, sampler.tensor([3, 4])), (w, sampler.tensor([2, 4])), (b, sampler.tensor([2])),
      (dz, sampler.tensor([3, 2], .awayFromZero)),
    ]
  },
  code: { values in
    var module = LinearModule(weight: Parameter(values[w]), bias: Parameter(values[b]))
    let output = module.forward(values[x])
    let gradients = module.gradients(values[dz])
    return [
      (z, output), (dw, gradients.weight), (db, gradients.bias),
      (dx, module.backward(values[dz])),
      (zByW, Derivation.jacobian([3, 2], by: [2, 4]) { module.gradients($0).weight }),
      (zByB, Derivation.jacobian([3, 2], by: [2]) { module.gradients($0).bias }),
      (zByX, Derivation.jacobian([3, 2], by: [3, 4], module.backward)),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(linearLayer) }
