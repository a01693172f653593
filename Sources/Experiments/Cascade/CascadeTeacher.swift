import Foundation
import Tensors

/// A network with random weights that makes numbers and a class from the same input; the class depends on the
/// numbers, so that who predicts the numbers knows something of the class.
///
/// y = U sin(W x), each number standardised;  class = argmax C (y + max(V x, 0)), each score with mean 0
struct CascadeTeacher {
  private static let hidden = 32
  private let inputs, outputs, classes: Int
  private let seed: UInt64
  private let w, u, v, c: Tensor

  init(_ configuration: CascadeConfiguration) {
    inputs = configuration.inputs
    outputs = configuration.outputs
    classes = configuration.classes
    seed = configuration.seed
    var random = Philox(seed: configuration.seed, stream: Self.stream)
    // The sine's arguments have a standard deviation of one and a half: it bends there, and seldom turns.
    w = Self.matrix(Self.hidden, inputs, 1.5, &random)
    u = Self.matrix(outputs, Self.hidden, 1, &random)
    v = Self.matrix(outputs, inputs, 1, &random)
    c = Self.matrix(classes, outputs, 1, &random)
  }

  /// Apart from the streams of weights and epochs, which count from zero.
  private static let stream: UInt64 = 0x74_6561_6368

  private static func matrix(
    _ rows: Int, _ columns: Int, _ gain: Double, _ random: inout Philox
  ) -> Tensor {
    let scale = gain / Double(columns).squareRoot()
    return Tensor(
      (0..<rows * columns).map { _ in scale * random.normal() }, shape: [rows, columns],
      dtype: .float64)
  }

  /// Samples of both parts.
  ///
  /// - Parameters:
  ///   - train: how many for training.
  ///   - test: how many for the test.
  ///   - noise: the standard deviation of what is added to numbers and scores.
  func samples(train: Int, test: Int, noise: Double) -> (train: CascadePart, test: CascadePart) {
    let count = train + test
    var random = Philox(seed: seed, stream: Self.stream + 1)
    func normal(_ columns: Int, _ scale: Double) -> Tensor {
      Tensor(
        (0..<count * columns).map { _ in scale * random.normal() }, shape: [count, columns],
        dtype: .float64)
    }
    let x = normal(inputs, 1)
    let numbers = matmul(sin(matmul(x, w, transposeB: true)), u, transposeB: true)
    let y = Standardization(of: slice(numbers, axis: 0, from: 0, count: train))(numbers)
      .converted(to: .float64)
    let scores = matmul(y + relu(matmul(x, v, transposeB: true)), c, transposeB: true)
    let means = mean(slice(scores, axis: 0, from: 0, count: train), axis: 0)
    let centred = scores - broadcast(means, to: scores.shape)
    let targets = y + normal(outputs, noise)
    let labels = argmax(centred + normal(classes, noise), axis: 1).values
    func part(_ first: Int, _ length: Int) -> CascadePart {
      func rows(_ all: Tensor) -> Tensor {
        slice(all, axis: 0, from: first, count: length).converted(to: .float32)
      }
      return CascadePart(
        inputs: rows(x), targets: rows(targets), labels: Array(labels[first..<(first + length)]))
    }
    return (part(0, train), part(train, test))
  }
}
