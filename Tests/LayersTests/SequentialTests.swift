import Layers
import Tensors
import Testing

struct SequentialTests {
  private func scale(_ by: Float) -> Linear {
    Linear(weight: Parameter(Tensor([by], shape: [1, 1])))
  }

  @Test func callsItsLayersInOrder() {
    let x = Tensor([2], shape: [1, 1])
    // 2 · 3 = 6 and ReLU; then −1 · 6 = −6; in the other order the rectifier would leave 0.
    #expect(Sequential([scale(3), ReLU(), scale(-1)])(x, .inference).floats == [-6])
    #expect(Sequential([scale(-1), ReLU(), scale(3)])(x, .inference).floats == [0])
    #expect(Sequential([])(x, .inference).floats == [2])
  }

  @Test(arguments: [true, false])
  func isBuiltFromLayersWrittenBelowEachOther(_ isDeep: Bool) {
    let model = Sequential {
      scale(2)
      if isDeep {
        for factor in [3, 5] { scale(Float(factor)) }
      } else {
        Tanh()
      }
      if isDeep { ReLU() }
    }
    #expect(model.layers.count == (isDeep ? 4 : 2))
    #expect(isDeep == (model(Tensor([1], shape: [1, 1]), .inference).floats == [30]))
  }
}
