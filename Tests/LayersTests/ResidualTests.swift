import Layers
import Tensors
import TestSupport
import Testing

struct ResidualTests {
  @Test func addsTheInput() {
    let x = Tensor([1, -2, 3], shape: [3])
    #expect(Residual(ReLU())(x, .inference).floats == [2, -2, 6])
  }

  @Test func passesTheContextOn() {
    let x = Tensor.ones([64])
    let y = Residual(Dropout(0.5))(x, .training(seed: 1)).floats
    #expect(Set(y) == [1, 3])
  }

  /// A number would go with every element.
  @Test func stopsAtAnotherShape() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      struct Total: Layer {
        func forward(_ x: Tensor, _ context: Context) -> Tensor { sum(x) }
      }
      _ = Residual(Total())(.ones([2, 3]), .inference)
    }
    expectStop(
      result,
      "in layer Residual<Total>: input of shape [2, 3] and [] from the layer beside it; they have to be the same"
    )
  }
}
