import Layers
import Tensors
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
}
