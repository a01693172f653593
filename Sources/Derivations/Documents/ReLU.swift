import Tensors

private let (x, y, loss) = (symbol("X", "m", "d"), symbol("Y", "m", "d"), symbol("L"))
private let (i, j) = (At.i, Index("j", over: "d"))
private let (r, l) = (At.r, Index("l", over: "d"))
private let (dy, dx) = (derivative(loss, by: y), derivative(loss, by: x))
private let jacobian = derivative(y, by: x)

private let relu = Derivation(
  name: "relu", title: "The rectified linear unit",
  summary: "The Jacobian of $Y = \\max(X, 0)$, and the loss's gradient with respect to $X$.",
  sizes: [("m", 3, "rows of the batch"), ("d", 4, "features")],
  sources: ["PerceptronModules.swift"],
  blocks: [
    .heading("What is given"),
    .symbols([
      (x, "input; the samples are its rows"), (y, "output"),
      (loss, "the loss, any function of $Y$ that gives a number"),
      (dy, "the gradient of the loss with respect to the output, which comes from the layer above"),
    ]),
    .heading("Forward"),
    .text("Each element is kept where it is positive, and replaced by zero elsewhere:"),
    .define([y ≔ .positivePart(x)]),
    .assume([loss ≔ .sum(over: i, j, of: dy[i, j] * y[i, j])]),
    .heading("The Jacobian"),
    .text(
      #"""
      An output element depends on the input element at its own place and on no other. There the function
      is the identity, of slope 1, where $x_{ij} > 0$, and constant, of slope 0, where $x_{ij} < 0$. With
      Iverson's bracket $[\,\cdot\,]$, which is 1 where its condition holds and else 0, and Kronecker's
      $\delta$, which is 1 where its two indices are the same and else 0,
      """#),
    .derive(jacobian[i, j, r, l], .isPositive(x[i, j]) * .delta(i, r) * .delta(j, l)),
    .text(
      #"""
      At $x_{ij} = 0$ the function has a corner and no derivative. The code takes the slope to be 0 there;
      any number between 0 and 1 would be a subgradient.
      """#),
    .heading("The gradient of the loss"),
    .text(
      #"""
      The chain rule sums over all output elements. The two deltas leave one of them, so that the product
      with the Jacobian becomes a product element by element, and the Jacobian never has to be stored:
      """#),
    .derive(
      dx[r, l], .sum(over: i, j, of: dy[i, j] * jacobian[i, j, r, l]),
      dy[r, l] * .isPositive(x[r, l])),
    .text("for the whole batch at once"),
    .derive(
      dx, dy ∘ .isPositive(x), dy ∘ .isPositive(y),
      code: ["reluPullback(dy, kept(y, by: \"ReLUModule\"))"]),
    .text(
      #"""
      The last step is why the code keeps the output instead of the input: $Y$ is positive exactly where $X$
      is, and the next layer keeps $Y$ anyway.
      """#),
  ],
  point: { sampler in
    [
      (x, sampler.tensor([3, 4], .awayFromZero)), (dy, sampler.tensor([3, 4], .awayFromZero)),
    ]
  },
  code: { values in
    var module = ReLUModule()
    let output = module.forward(values[x])
    return [
      (y, output), (dx, module.backward(values[dy])),
      (jacobian, Derivation.jacobian([3, 4], by: [3, 4], module.backward)),
    ]
  })

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(relu) }
