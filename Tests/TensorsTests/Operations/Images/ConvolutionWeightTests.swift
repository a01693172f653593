import Foundation
import Testing

@testable import Tensors

/// The forms in which a convolution's weight is worked on.
struct ConvolutionWeightTests {
  /// A weight that is no tape's is packed once, for images of any size; one that is on a tape, in each pass.
  @Test func constantWeightsArePackedOnce() async {
    await #expect(processExitsWith: .success) {
      let weight = Parameter(.ones([32, 3, 3, 32]), stateLayout: .window)
      func reorders(_ images: Int, _ body: (Tensor) -> Void) -> Int {
        let before = convolutionWeightReorders
        body(.ones([images, 8, 8, 32]))
        return convolutionWeightReorders - before
      }
      let geometry = ConvolutionGeometry(stride: 2, padding: 1)
      func apply(_ x: Tensor) { _ = convolution(x, weight.value, nil, geometry) }
      func saliency(_ x: Tensor) {
        _ = valueWithGradient(at: [x]) { inputs in
          sum(convolution(inputs[0], weight.value, nil, geometry))
        }
      }
      func train(_ x: Tensor) {
        _ = valueWithGradient(of: [weight]) {
          sum(convolution(x, weight.value, nil, geometry))
        }
      }
      let once = reorders(2, apply)
      #expect(once == 1 || !["AVX2", "AVX3"].contains(Threads.vectorTarget))
      #expect(reorders(2, apply) == 0)
      #expect(reorders(2, saliency) == once)
      #expect(reorders(2, saliency) == 0)
      #expect(reorders(2, train) >= once)
      #expect(reorders(2, train) >= once)
      // To be trained it gave them up.
      #expect(reorders(2, apply) == once)
      #expect(reorders(2, apply) == 0)
      let step = Tensor.ones(weight.shape)
      weight.update { OptimizerStep.sgd(&$0, step, .none, rate: 0.1, decay: 0) }
      #expect(reorders(2, apply) == once)
    }
  }

  /// A weight's kept forms give the bits that the weight gives: in either direction, in both types, where oneDNN packs it,
  /// where it is the matrix of the whole map or transformed for tiles, and after it has changed.
  @Test(arguments: [(2, 1), (8, 1), (8, 2)], [DType.float32, .bfloat16])
  func constantWeightsChangeNothing(lengths: (side: Int, stride: Int), dtype: DType) {
    let side = lengths.side
    let geometry = ConvolutionGeometry(stride: Extent(lengths.stride), padding: 1)
    var random = Philox(seed: 3)
    func drawn(_ shape: Shape) -> Tensor {
      Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
    }
    let x = drawn([9, side, side, 64]).converted(to: dtype)
    let weight = Parameter(drawn([48, 3, 3, 64]), stateLayout: .window)
    let bias = drawn([48])
    func outcome(_ weight: Tensor) -> [[Double]] {
      let (y, gradients) = valueWithGradient(at: [x]) { inputs in
        let y = convolution(inputs[0], weight, bias, geometry)
        return sum((y * y).converted(to: .float32))
      }
      return [y.doubles, gradients[0]?.doubles ?? []]
    }
    /// On a tape of its own it is no constant, and nothing of it is kept.
    func onTape() -> [[Double]] {
      var found: [[Double]] = []
      _ = valueWithGradient(of: [weight]) {
        found = outcome(weight.value)
        return sum(weight.value)
      }
      return found
    }
    for _ in 0..<2 {
      let expected = onTape()
      #expect(outcome(weight.value) == expected)
      #expect(outcome(weight.value) == expected)
      let step = drawn(weight.shape)
      weight.update { OptimizerStep.sgd(&$0, step, .none, rate: 0.5, decay: 0) }
    }
  }

  /// Threads that ask for more forms than are kept do not take one another's away while it is read.
  @Test func manyThreadsMayApplyOneWeight() {
    var random = Philox(seed: 4)
    func drawn(_ shape: Shape) -> Tensor {
      Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
    }
    let weight = drawn([48, 3, 3, 64])
    let images = [2, 8].flatMap { side -> [Tensor] in
      let x = drawn([9, side, side, 64])
      return [x, x.converted(to: .bfloat16)]
    }
    @Sendable func apply(_ x: Tensor) -> [Double] {
      convolution(x, weight, nil, .init(padding: 1)).doubles
    }
    let before = Threads.count
    Threads.use(1)
    defer { Threads.use(before) }
    let expected = images.map(apply)
    DispatchQueue.concurrentPerform(iterations: 80) { index in
      #expect(apply(images[index % images.count]) == expected[index % images.count])
    }
  }
}
