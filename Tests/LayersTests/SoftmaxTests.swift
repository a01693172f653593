import Foundation
import Layers
import Tensors
import Testing

struct SoftmaxTests {
  private let x = Tensor([0, log(3), log(2), log(8)], shape: [2, 2], dtype: .float64)

  static let expected: [(Int, [Double])] = [
    (-1, [0.25, 0.75, 0.2, 0.8]), (0, [1.0 / 3, 3.0 / 11, 2.0 / 3, 8.0 / 11]),
  ]

  @Test(arguments: expected)
  func goesAlongItsAxis(_ axis: Int, _ expected: [Double]) {
    for (value, expected) in zip(Softmax(axis: axis)(x, .inference).doubles, expected) {
      #expect(abs(value - expected) <= 1e-15)
    }
    for (value, expected) in zip(LogSoftmax(axis: axis)(x, .inference).doubles, expected) {
      #expect(abs(value - log(expected)) <= 1e-15)
    }
    #expect(Softmax().axis == -1 && LogSoftmax().axis == -1)
  }
}
