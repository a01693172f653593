import Layers
import Tensors
import Testing

@testable import Models

@Suite struct TaskCascadeTests {
  private func cascade(dropout: Double = 0.2) -> TaskCascade {
    var random = Philox(seed: 3)
    return TaskCascade(
      inputs: 4, hidden: 6, outputs: 3, classes: 5, dropout: dropout, random: &random)
  }

  @Test func namesAreThePathsOfTheLayers() {
    let parameters = parameters(of: cascade())
    #expect(
      parameters.map(\.name) == [
        "fc1_a.weight", "fc1_a.bias", "fc2_a.weight", "fc2_a.bias", "fc1_b.weight", "norm.bias",
        "fc2_b.weight", "fc2_b.bias",
      ])
    #expect(
      parameters.map(\.shape)
        == [[6, 4], [6], [3, 6], [3], [3, 4], [3], [5, 3], [5]] as [Shape])
    #expect(namedBuffers(of: cascade()).map(\.name) == ["norm.running_mean"])
  }

  /// In inference there is no mask, and the running mean stands for the batch's.
  @Test func doesWhatTheFormulasSay() {
    let model = cascade()
    convert(model, to: .float64)
    model.norm.runningMean.value = Tensor([0.5, -0.25, 0.125], shape: [3], dtype: .float64)
    let p = parameters(of: model).map(\.value)
    let x = Tensor((0..<8).map { Double($0) / 4 - 1 }, shape: [2, 4], dtype: .float64)
    func rows(_ row: Tensor) -> Tensor { broadcast(row, to: [2, row.count]) }
    let hidden = sin(matmul(x, p[0], transposeB: true) + rows(p[1]))
    let numbers = matmul(hidden, p[2], transposeB: true) + rows(p[3])
    let centred =
      matmul(x, p[4], transposeB: true) - rows(model.norm.runningMean.value) + rows(p[5])
    let logits = matmul(numbers + relu(centred), p[6], transposeB: true) + rows(p[7])
    let found = model.predictions(x, .inference)
    for (one, other) in [(found.numbers, numbers), (found.logits, logits)] {
      #expect(one.shape == other.shape)
      for (a, b) in zip(one.doubles, other.doubles) { #expect(abs(a - b) <= 1e-15) }
    }
    #expect(model(x, .inference).doubles == found.logits.doubles)
  }

  @Test func trainingDropsAndMovesTheRunningMean() {
    let model = cascade(dropout: 0.5)
    let x = Tensor((0..<80).map { Float($0 % 7) / 4 }, shape: [20, 4])
    let context = Context.training(seed: 1)
    let first = model.predictions(x, context).numbers.floats
    #expect(model.predictions(x, context).numbers.floats != first)
    context.begin(step: 0)
    #expect(model.predictions(x, context).numbers.floats == first)
    #expect(model.norm.runningMean.value.floats.contains { $0 != 0 })
  }
}
