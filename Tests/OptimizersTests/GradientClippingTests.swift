import Optimizers
import Tensors
import TestSupport
import Testing

struct GradientClippingTests {
  @Test(arguments: OptimizerReference.stored.clipping)
  func followsPyTorch(_ reference: OptimizerReference.Clipping) throws {
    let stored = OptimizerReference.stored
    let parameters = stored.shapes.map {
      Parameter(Tensor.zeros(Shape($0), dtype: reference.dtype))
    }
    let gradients = Gradients(
      of: parameters,
      zip(parameters, reference.inputs).map { Tensor($1, shape: $0.shape, dtype: $0.dtype) })
    let clipping: GradientClipping =
      reference.name == "clip-by-norm"
      ? .norm(reference.attributes[number: "maximumNorm"])
      : .value(reference.attributes[number: "maximumValue"])
    // PyTorch adds the squares and divides in the precision of the gradients.
    let tolerance = reference.dtype == .float64 ? 1e-15 : 3e-7
    if let norm = reference.norm {
      expectClose([gradients.norm], [norm], within: tolerance)
    }
    // From zero, a step of plain descent at rate 1 is the gradient as it was clipped.
    SGD(parameters, learningRate: 1).step(gradients, clipping.transform(for: gradients))
    for (parameter, expected) in zip(parameters, reference.outputs) {
      expectClose(parameter.value.doubles.map { -$0 }, expected, within: tolerance)
    }
  }

  @Test func theReferenceClipsInBothWays() {
    let names = Set(OptimizerReference.stored.clipping.map(\.name))
    #expect(names == ["clip-by-norm", "clip-by-value"])
  }

  /// One infinite element makes all of them NaN; finite ones whose squares leave the range of a float do not.
  @Test func whatIsSpoiltDoesNotPass() {
    let parameter = Parameter(.zeros([3]))
    let spoilt = Gradients(of: [parameter], [Tensor([1, .infinity, 2], shape: [3])])
    SGD([parameter], learningRate: 1).step(
      spoilt, GradientClipping.norm(1).transform(for: spoilt))
    #expect(parameter.value.floats.allSatisfy { $0.isNaN })
    parameter.value = .zeros([3])
    let large = Gradients(of: [parameter], [Tensor.full([3], 3e19)])
    #expect(abs(large.norm / 5.196152422706632e19 - 1) <= 1e-7)
    SGD([parameter], learningRate: 1).step(large, GradientClipping.norm(1).transform(for: large))
    #expect(parameter.value.doubles.allSatisfy { abs($0 + 0.5773502691896258) <= 1e-7 })
  }

  @Test func aNormBelowTheBoundChangesNothing() {
    let parameter = Parameter(.zeros([2]))
    let gradients = Gradients(of: [parameter], [Tensor([3, 4], shape: [2])])
    #expect(gradients.norm == 5)
    #expect(GradientClipping.norm(5.1).transform(for: gradients) == .none)
    #expect(GradientClipping.none.transform(for: gradients) == .none)
    #expect(GradientClipping.norm(2.5).transform(for: gradients).scale == 2.5 / (5 + 1e-6))
    #expect(GradientClipping.value(2).transform(for: gradients).limit == 2)
  }

  @Test func frozenParametersDoNotCount() {
    let parameters = [Parameter(.zeros([1])), Parameter(.zeros([1]))]
    #expect(Gradients(of: parameters, [nil, Tensor([-2], shape: [1])]).norm == 2)
    #expect(Gradients(of: parameters, [nil, nil]).norm == 0)
  }

  @Test func aSpoiltGradientSpoilsAll() {
    let parameters = [Parameter(.zeros([1])), Parameter(.zeros([1]))]
    let gradients = Gradients(
      of: parameters, [Tensor([Float.nan], shape: [1]), Tensor([3], shape: [1])])
    SGD(parameters, learningRate: 1).step(
      gradients, GradientClipping.norm(1).transform(for: gradients))
    #expect(parameters.allSatisfy { $0.value.item.isNaN })
  }

  @Test func stopsAtABoundOfZero() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let parameter = Parameter(.zeros([1]))
      _ = GradientClipping.norm(0).transform(for: Gradients(of: [parameter], [.ones([1])]))
    }
    expectStop(result, "GradientClipping.norm: the bound is 0.0; it has to be above 0")
  }
}
