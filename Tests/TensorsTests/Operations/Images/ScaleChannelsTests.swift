import TestSupport
import Testing

@testable import Tensors

@Suite struct ScaleChannelsTests {
  @Test(arguments: ReferenceCase.named("scale-channels"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in scaleChannels(inputs[0], inputs[1]) }
  }

  /// Products of small whole numbers are exact in every type, sums are rounded once.
  @Test(arguments: [[3, 5, 7, 17], [2, 40, 30, 64], [1, 1, 3]] as [Shape])
  func everyTypeGivesTheSame(shape: Shape) {
    let (batch, channels) = (shape[0], shape[shape.rank - 1])
    func run(_ dtype: DType) -> [[Double]] {
      let x = (0..<shape.count).map { Double($0 % 13 - 6) }
      let s = (0..<batch * channels).map { Double($0 % 5 - 2) }
      let inputs = [
        Tensor(x, shape: shape, dtype: dtype), Tensor(s, shape: [batch, channels], dtype: dtype),
      ]
      let dy = Tensor((0..<shape.count).map { Double($0 % 7 - 3) }, shape: shape, dtype: dtype)
      var value: Tensor?
      let gradients = valueWithGradient(at: inputs) { inputs in
        let y = scaleChannels(inputs[0], inputs[1])
        value = y.detached
        return sum((y * dy).converted(to: .float64))
      }.gradients
      return ([value] + gradients).map { $0?.doubles ?? [] }
    }
    let exact = run(.float64)
    #expect(run(.float32) == exact)
    let rounded = run(.bfloat16)
    #expect(rounded[0] == exact[0] && rounded[1] == exact[1])
    #expect(GradientCheck.relativeError(rounded[2], exact[2]) <= 0x1p-8)
  }

  @Test(arguments: [2, 4])
  func stopsWithWords(channels: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [channels] in _ = scaleChannels(.ones([3, 5, 5, 3]), .ones([2, channels])) }
    expectStop(
      result,
      "scaleChannels: input of shape [3, 5, 5, 3] float32 and factors of shape [2, \(channels)] float32; they "
        + "have to be [batch, …, channels] and [batch, channels] of one type")
  }
}
