import Datasets
import Layers
import Optimizers
import Tensors
import Testing
import Training

@testable import Experiments

@Suite struct ImageLayoutTests {
  /// Takes what it is given through to a linear layer, and says of which shape it was.
  private struct Probe: Layer {
    let linear: Linear
    let seen: Seen

    func forward(_ x: Tensor, _ context: Context) -> Tensor {
      seen.shapes.append(x.shape.lengths)
      return linear(x.reshaped(to: [x.shape[0], x.shape.count / x.shape[0]]), context)
    }
  }

  private final class Seen: @unchecked Sendable {
    var shapes: [[Int]] = []
  }

  private static func set(_ count: Int) throws -> ClassificationSet {
    try ClassificationSet(
      pixels: (0..<count * 24).map { UInt8(truncatingIfNeeded: $0 &* 7919 >> 2) }, height: 4,
      width: 2,
      channels: 3, labels: (0..<count).map { Int32($0 % 3) }, classNames: ["a", "b", "c"],
      description: "drawn")
  }

  private static func task(
    _ layout: InputLayout, augment: String = "none", smoothing: Double = 0,
    seen: Seen = Seen()
  ) throws -> ImageClassificationTask<Probe> {
    var random = Philox(seed: 1)
    let model = Probe(linear: Linear(24, 3, random: &random), seen: seen)
    let step = ClassificationStep(
      model, optimizer: SGD(parameters(of: model), learningRate: 0.1), labelSmoothing: smoothing,
      seed: 0)
    let augmentation = Augmentation(try AugmentationRecipe(parsing: augment), seed: 3)
    return ImageClassificationTask(
      model: model, step: step,
      parts: .init(train: try set(20), validation: nil, test: try set(130)), layout: layout,
      augmentation: augmentation, batchSize: 6, seed: 2, dtype: .float32)
  }

  /// A network of images gets images, in training and in evaluation, and the same numbers as one of rows.
  @Test func rowsAndImages() throws {
    let (rowShapes, imageShapes) = (Seen(), Seen())
    let rows = try Self.task(.rows, augment: "standard,mixup1", seen: rowShapes)
    let images = try Self.task(.images, augment: "standard,mixup1", seen: imageShapes)
    for number in 0..<4 {
      #expect(try rows.step(number, checkFinite: false) == images.step(number, checkFinite: false))
    }
    #expect(try rows.epochMetrics()["test_accuracy"] == images.epochMetrics()["test_accuracy"])
    #expect(rowShapes.shapes == [[6, 24], [6, 24], [6, 24], [2, 24], [130, 24]])
    #expect(
      imageShapes.shapes == [
        [6, 4, 2, 3], [6, 4, 2, 3], [6, 4, 2, 3], [2, 4, 2, 3], [100, 4, 2, 3], [30, 4, 2, 3],
      ])
    #expect(images.secondsWaited! > 0 && rows.secondsWaited! > 0)
  }

  /// Mixed images and smoothed labels change what is learnt, and a step that is sought is the same again.
  @Test func softTargetsAreLearnt() throws {
    func losses(_ task: ImageClassificationTask<Probe>) throws -> [Double] {
      try (0..<4).map { try task.step($0, checkFinite: false).loss }
    }
    let plain = try losses(Self.task(.images))
    #expect(try losses(Self.task(.images)) == plain)
    #expect(try losses(Self.task(.images, augment: "cutmix1")) != plain)
    #expect(try losses(Self.task(.images, smoothing: 0.1)) != plain)

    let whole = try Self.task(.images, augment: "flip,mixup1,cutmix1", smoothing: 0.1)
    let resumed = try Self.task(.images, augment: "flip,mixup1,cutmix1", smoothing: 0.1)
    for number in 0..<5 { _ = try whole.step(number, checkFinite: false) }
    try resumed.load(modelState: whole.modelState)
    try resumed.seek(epoch: 1, batch: 1)
    #expect(try resumed.step(5, checkFinite: false) == whole.step(5, checkFinite: false))
  }
}
