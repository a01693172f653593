// Learns to multiply two numbers between 0 and 1.

import Adjoint

var random = Philox(seed: 1)
let model = Sequential {
  Linear(2, 32, random: &random)
  Tanh()
  Linear(32, 1, random: &random)
}
let optimizer = Adam(parameters(of: model), learningRate: 0.01)

for step in 0..<2000 {
  let x = Tensor((0..<128).map { _ in random.uniformFloat() }, shape: [64, 2])
  let y = slice(x, axis: 1, from: 0, count: 1) * slice(x, axis: 1, from: 1, count: 1)
  let (loss, gradients) = valueWithGradient(of: optimizer.parameters) {
    meanSquaredError(model(x, .training(seed: 1, step: step)), y)
  }
  optimizer.step(gradients)
  if step % 500 == 0 { print("step \(step): loss \(loss.item)") }
}
print("0.6 × 0.7 ≈ \(model(Tensor([0.6, 0.7], shape: [1, 2]), .inference).item)")
