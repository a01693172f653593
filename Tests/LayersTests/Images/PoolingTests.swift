import Layers
import Tensors
import Testing

struct PoolingLayersTests {
  private let x = Tensor((0..<16).map { Float($0) }, shape: [1, 4, 4, 1])

  @Test func windowsMoveByTheirOwnSizeUnlessToldOtherwise() {
    #expect(MaxPool2d(window: 2)(x, .inference).floats == [5, 7, 13, 15])
    #expect(MaxPool2d(window: 3, stride: 2, padding: 1)(x, .inference).floats == [5, 7, 13, 15])
    #expect(MaxPool2d(window: 2, stride: 1, dilation: 2)(x, .inference).floats == [10, 11, 14, 15])
    #expect(AvgPool2d(window: 2)(x, .inference).floats == [2.5, 4.5, 10.5, 12.5])
    let corner = AvgPool2d(window: 2, stride: 4, padding: 1)
    #expect(corner(x, .inference).floats == [0, 0.75, 3, 3.75])
    let counted = AvgPool2d(window: 2, stride: 4, padding: 1, countsPadding: false)
    #expect(counted(x, .inference).floats == [0, 3, 12, 15])
  }

  @Test func sizesThatAreAskedFor() {
    #expect(AdaptiveAvgPool2d(2)(x, .inference).floats == [2.5, 4.5, 10.5, 12.5])
    #expect(AdaptiveMaxPool2d(Extent(1, 2))(x, .inference).floats == [13, 15])
    let pooled = GlobalAvgPool()(x, .inference)
    #expect(pooled.shape == [1, 1] && pooled.item == 7.5)
  }
}
