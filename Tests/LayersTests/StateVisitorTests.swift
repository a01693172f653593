import Tensors
import TestSupport
import Testing

@testable import Layers

struct StateVisitorTests {
  @Test func namesGoThroughTuplesOptionalsAndNestedArrays() {
    struct Odd: Layer {
      let pair: (Linear, [Linear])
      let grid: [[Parameter]]
      let absent: Linear?
      let present: Linear??
      let numbers = [Int](repeating: 1, count: 1_000_000)
      func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
    }
    func linear() -> Linear { Linear(weight: Parameter(.zeros([1, 1]))) }
    let odd = Odd(
      pair: (linear(), [linear(), linear()]),
      grid: [[Parameter(.zeros([1]))], [Parameter(.zeros([2])), Parameter(.zeros([3]))]],
      absent: nil, present: linear())
    #expect(
      namedParameters(of: odd).map(\.name) == [
        "pair.0.weight", "pair.1.0.weight", "pair.1.1.weight", "grid.0.0", "grid.1.0", "grid.1.1",
        "present.weight",
      ])
  }

  @Test(arguments: [
    ("runningMean", "running_mean"), ("conv1", "conv1"), ("outProj", "out_proj"),
    ("downsample1x1", "downsample1x1"), ("layer1", "layer1"), ("inputRGBImage", "input_rgb_image"),
    ("fc_1", "fc_1"), (".0", "0"), ("numBatchesTracked", "num_batches_tracked"),
  ])
  func wordsAreJoinedAsPyTorchJoinsThem(_ label: String, _ name: String) {
    #expect(snakeCase(label) == name)
  }

  /// Whoever keeps layers in a class that is none would train without them.
  @Test func stopsAtAClassThatIsNoLayer() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      class Base: @unchecked Sendable {
        let blocks = [MeanOnlyBatchNorm(2)]
      }
      final class Encoder: Base, @unchecked Sendable {}
      struct Model: Layer {
        let myEncoder = Encoder()
        func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
      }
      _ = namedParameters(of: Model())
    }
    expectStop(
      result,
      "my_encoder.blocks belongs to Encoder, a class that is not a Layer, and would neither be trained nor saved: "
        + "make it conform to Layer")
  }

  /// Wherever it is among what the object holds.
  @Test(arguments: [
    "optional", "second", "pair", "named", "in_a_value",
  ]) func findsWhatAClassThatIsNoLayerHolds(where name: String) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [name] in
      struct Heads: Sendable { let norm = MeanOnlyBatchNorm(2) }
      final class Encoder: @unchecked Sendable {
        var optional: MeanOnlyBatchNorm?
        var second: [any Layer] = [ReLU()]
        var pair: (Int, MeanOnlyBatchNorm?) = (1, nil)
        var named: [String: MeanOnlyBatchNorm] = [:]
        var inAValue: Heads?

        init(_ name: String) {
          switch name {
          case "optional": optional = MeanOnlyBatchNorm(2)
          case "second": second.append(MeanOnlyBatchNorm(2))
          case "pair": pair.1 = MeanOnlyBatchNorm(2)
          case "named": named["norm"] = MeanOnlyBatchNorm(2)
          default: inAValue = Heads()
          }
        }
      }
      _ = namedParameters(of: [Encoder(name)])
    }
    expectStop(
      result,
      "0.\(name) belongs to Encoder, a class that is not a Layer, and would neither be trained nor saved: "
        + "make it conform to Layer")
  }

  /// Layers without parameters, and the way back to the model, do no harm.
  @Test func aClassThatIsNoLayerMayHoldWhatIsNotTrained() {
    final class Notes: @unchecked Sendable {
      let softmax = [Softmax()]
      let numbers = [1.0, 2]
      weak var owner: Model?
    }
    final class Model: Layer, @unchecked Sendable {
      let notes = Notes()
      let weight = Parameter(.ones([1]))
      func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
    }
    let model = Model()
    model.notes.owner = model
    #expect(namedParameters(of: model).map(\.name) == ["weight"])
  }

  @Test func stopsAtTwoOfOneName() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      struct Model: Layer {
        let aB = Parameter(.ones([1]))
        let a_b = Parameter(.ones([1]))
        func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
      }
      _ = stateDictionary(of: Model())
    }
    expectStop(
      result,
      "a_b is the name of two parameters or buffers: names of properties have to differ in snake case too"
    )
  }

  @Test func stopsAtParametersInADictionary() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      struct Wrong: Layer {
        let heads = ["a": Parameter(.ones([1]))]
        func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
      }
      _ = namedParameters(of: Wrong())
    }
    expectStop(
      result,
      "heads is a dictionary or set with parameters in it, which have no order: keep them in an "
        + "array or in properties")
  }
}
