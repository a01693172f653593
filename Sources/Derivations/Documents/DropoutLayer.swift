import Tensors

private let (x, y, mask) = (symbol("X", "m", "d"), symbol("Y", "m", "d"), symbol("M", "m", "d"))
private let (uniform, p, loss) = (symbol("R", "m", "d"), symbol("p"), symbol("L"))
private let (i, j) = (At.i, Index("j", over: "d"))
private let (r, l) = (At.r, Index("l", over: "d"))
private let (dy, dx) = (derivative(loss, by: y), derivative(loss, by: x))
private let jacobian = derivative(y, by: x)

private let dropoutLayer = Derivation(
  name: "dropout", title: "Dropout",
  summary: "The gradient of a layer that drops some of its inputs at random.",
  sizes: [("m", 3, "rows of the batch"), ("d", 4, "features")],
  sources: ["Dropout.swift"],
  trainsInstead:
    "what trains draws the mask and multiplies in one pass, which `adjoint check dropout_module` "
    + "holds against them",
  blocks: [
    .heading("What is given"),
    .symbols([
      (x, "input; the samples are its rows"),
      (p, "the probability that an element is dropped"),
      (uniform, "independent random numbers, uniform between 0 and 1, drawn anew in each step"),
      (mask, "the mask"), (y, "output"),
      (loss, "the loss, any function of $Y$ that gives a number"),
      (dy, "the gradient of the loss with respect to the output, which comes from the layer above"),
    ]),
    .heading("Forward"),
    .text(
      #"""
      The mask is zero where the random number is below $p$. What is kept is divided by $1 - p$, so that the
      mean of the output over all masks is the input, and nothing has to be changed when the trained network
      is used:
      """#),
    .define([
      mask ≔ .isAtLeast(uniform, p) / (1 - p),
      y ≔ x ∘ mask,
    ]),
    .assume([loss ≔ .sum(over: i, j, of: dy[i, j] * y[i, j])]),
    .heading("The Jacobian"),
    .text(
      #"""
      The random numbers do not depend on the input: once they are drawn, *the mask is a constant*, and the
      layer multiplies each element by a number. So its Jacobian is diagonal, with the mask on the diagonal:
      """#),
    .derive(jacobian[i, j, r, l], mask[i, j] * .delta(i, r) * .delta(j, l)),
    .heading("The gradient of the loss"),
    .text("The chain rule sums over all outputs, and the deltas leave one of them:"),
    .derive(
      dx[r, l], .sum(over: i, j, of: dy[i, j] * jacobian[i, j, r, l]), dy[r, l] * mask[r, l]),
    .derive(dx, dy ∘ mask, code: ["dy * mask"]),
    .text(
      #"""
      What was dropped did not contribute to the loss in this step and gets no gradient; what was kept gets
      its gradient scaled as its value was. The same mask has to be used forward and back.
      """#),
  ],
  point: { sampler in
    [
      (x, sampler.tensor([3, 4])), (p, Tensor(scalar: 0.375, dtype: .float64)),
      (uniform, sampler.tensor([3, 4], .uniform(0, 1))),
      (dy, sampler.tensor([3, 4], .awayFromZero)),
    ]
  },
  code: { values in
    let module = DropoutModule(mask: values.dropoutMask(uniform, below: p))
    return [
      (y, module.forward(values[x])), (dx, module.backward(values[dy])),
      (jacobian, Derivation.jacobian([3, 4], by: [3, 4], module.backward)),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(dropoutLayer) }
