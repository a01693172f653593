import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct BatchNormalizationTests {
  private func module() -> BatchNormalizationModule {
    let scale = Tensor(grid(1, 3, 0, 5, 2, 7, 4), shape: [3], dtype: .float64)
    let shift = Tensor(grid(1, 3, 0, 3, 1, 5, 2), shape: [3], dtype: .float64)
    return BatchNormalizationModule(
      scale: Parameter(scale), shift: Parameter(shift), epsilon: 1.0 / 1024)
  }

  /// PyTorch's numbers to some ten units in the last place: the means are summed in another order.
  @Test func isPyTorchs() {
    var module = module()
    let y = module.forward(Tensor(grid(5, 3, 5, 3, 1, 13, 4), shape: [5, 3], dtype: .float64))
    let dy = Tensor(grid(5, 3, 3, 5, 2, 11, 8), shape: [5, 3], dtype: .float64)
    let (input, scale, shift) = module.backward(dy)
    expect(y.doubles, near: BatchNormalizationReference.output, within: 5e-15)
    expect(input.doubles, near: BatchNormalizationReference.input, within: 5e-15)
    expect(scale.doubles, near: BatchNormalizationReference.scale, within: 5e-15)
    expect(shift.doubles, near: BatchNormalizationReference.shift, within: 5e-15)
  }

  @Test func dropoutMultipliesByItsMask() {
    let module = DropoutModule(mask: Tensor([0, 2, 2, 0], shape: [2, 2]))
    let x = Tensor([1, -2, 3, 4], shape: [2, 2])
    #expect(module.forward(x).floats == [0, -4, 6, 0])
    #expect(module.backward(x).floats == [0, -4, 6, 0])
  }

  @Test func stopsIfShapesDoNotFit() async {
    let constructed = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      _ = BatchNormalizationModule(scale: Parameter(.ones([3])), shift: Parameter(.ones([2])))
    }
    expectStop(
      constructed,
      "BatchNormalizationModule: scale of shape [3] and shift of shape [2]; they have to be [features] "
        + "both")
    let forward = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var module = BatchNormalizationModule(
        scale: Parameter(.ones([3])), shift: Parameter(.zeros([3])))
      _ = module.forward(.ones([4, 2]))
    }
    expectStop(
      forward,
      "BatchNormalizationModule.forward: input of shape [4, 2]; it has to be [batch, 3], the batch not "
        + "empty")
    let single = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      var module = BatchNormalizationModule(
        scale: Parameter(.ones([3])), shift: Parameter(.zeros([3])))
      _ = module.forward(.ones([1, 3]))
    }
    expectStop(
      single,
      "BatchNormalizationModule.forward: input of shape [1, 3] has one value for each feature, whose variance "
        + "is 0; training needs a larger batch")
    let backward = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let module = BatchNormalizationModule(
        scale: Parameter(.ones([3])), shift: Parameter(.zeros([3])))
      _ = module.backward(.ones([4, 3]))
    }
    expectStop(backward, "BatchNormalizationModule.backward: there was no forward pass")
    let epsilon = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = BatchNormalizationModule(
        scale: Parameter(.ones([3])), shift: Parameter(.zeros([3])), epsilon: 0)
    }
    expectStop(
      epsilon, "BatchNormalizationModule: epsilon is 0.0; it has to be a positive number")
  }

  /// The module by hand, the composition on the tape, and the fused operation: values and gradients are the same
  /// to the last digits.
  @Test(arguments: [(DType.float64, 1e-13), (.float32, 3e-6)])
  func threeWaysAgree(dtype: DType, tolerance: Double) throws {
    var sampler = Sampler(seed: 4, dtype: dtype)
    let x = sampler.tensor([37, 19])
    let (scale, shift) = (sampler.tensor([19]), sampler.tensor([19]))
    let dy = sampler.tensor([37, 19])
    func onTape(_ body: (Tensor, Tensor, Tensor) -> Tensor) -> [Tensor?] {
      var value: Tensor?
      let gradients = valueWithGradient(at: [x, scale, shift]) { inputs in
        let y = body(inputs[0], inputs[1], inputs[2])
        value = y.detached
        return sum(y * dy)
      }.gradients
      return [value] + gradients
    }
    var module = BatchNormalizationModule(scale: Parameter(scale), shift: Parameter(shift))
    let y = module.forward(x)
    let (dx, dscale, dshift) = module.backward(dy)
    let byHand = [y, dx, dscale, dshift]
    for way in [
      onTape { composedBatchNormalization($0, $1, $2) },
      onTape { batchNormalization($0, $1, $2).output },
    ] {
      for (found, right) in zip(way, byHand) {
        let found = try #require(found)
        #expect(found.shape == right.shape)
        #expect(GradientCheck.relativeError(found.doubles, right.doubles) <= tolerance)
      }
    }
  }
}
