// Learns to multiply two numbers between 0 and 1.

import Adjoint

var random = Philox(seed: 1)
let model = Sequential {
  Linear(2, 32, random: &random)
  Tanh()
  Linear(32, 1, random: &random)
}
let optimizer = Adam(parameters(of: model), learningRate: 0.01)
let context = Context.training(seed: 1)

for step in 0..<2000 {
  let points = (0..<64).map { _ in
    (random.uniformFloat(), random.uniformFloat())
  }
  let x = Tensor(points.flatMap { [$0.0, $0.1] }, shape: [64, 2])
  let y = Tensor(points.map { $0.0 * $0.1 }, shape: [64, 1])
  context.begin(step: step)
  let (loss, gradients) = valueWithGradient(of: optimizer.parameters) {
    meanSquaredError(model(x, context), y)
  }
  optimizer.step(gradients)
  if step % 500 == 0 { print("step \(step): loss \(loss.item)") }
}
let product = model(Tensor([0.6, 0.7], shape: [1, 2]), .inference)
print("0.6 × 0.7 ≈ \(product.item)")
