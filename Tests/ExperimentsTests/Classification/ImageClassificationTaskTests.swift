import Datasets
import Foundation
import Layers
import Optimizers
import Tensors
import TestSupport
import Testing

@testable import Experiments
@testable import Training

/// A task of images with the AUC and an average of the weights, through the loop.
@Suite struct ImageClassificationTaskTests {
  /// Images of 2 × 2 pixels, one of which is brighter in each class, in noise.
  private func set(_ count: Int, seed: UInt64) throws -> ClassificationSet {
    var random = Philox(seed: seed)
    let order: [Int32] = random.permutation(count * 4)
    let labels = (0..<count).map { Int32($0 % 3) }
    let pixels = order.enumerated().map { place, noise in
      UInt8(60 + (place % 4 == Int(labels[place / 4]) ? 40 : 0) + Int(noise) % 90)
    }
    return try ClassificationSet(
      pixels: pixels, height: 2, width: 2, channels: 1, labels: labels,
      classNames: ["a", "b", "c"], description: "spots")
  }

  private func task(measuresArea: Bool = true) throws -> ImageClassificationTask<Linear> {
    var random = Philox(seed: 1)
    let model = Linear(4, 3, random: &random)
    let parts = ImageClassificationParts(
      train: try set(60, seed: 2), validation: try set(30, seed: 3), test: try set(30, seed: 4))
    return ImageClassificationTask(
      model: model,
      step: ClassificationStep(
        model, optimizer: SGD(Layers.parameters(of: model), learningRate: 1), seed: 1),
      parts: parts, batchSize: 10, testUse: .atEnd, measuresArea: measuresArea,
      averageDecay: 0.5, seed: 1, dtype: .float32)
  }

  @Test func areasAreMeasuredAndTheBestEpochIsKeptByThem() throws {
    let folder = try TemporaryFolder()
    let run = try RunDirectory(creating: folder.file("run"))
    let task = try task()
    let plan = TrainingPlan(
      epochs: 5, learningRate: 1,
      keepBest: BestEpoch("validation_auc", isHigherBetter: true))
    let outcome = try Trainer(
      task, plan: plan, run: run, resume: false, progress: ProgressDisplay(.silent)
    ).train()
    #expect(
      outcome.history.metricNames == [
        "train_accuracy", "train_loss", "validation_accuracy", "validation_auc",
        "validation_loss",
      ])
    let areas = outcome.history.epochs.compactMap { $0.metrics["validation_auc"] }
    #expect(areas.count == 5 && areas.allSatisfy { $0 > 0.5 && $0 <= 1 })
    #expect(outcome.metrics["validation_auc"] == areas.max())
    for name in ["train_auc", "test_auc"] { #expect(try #require(outcome.metrics[name]) > 0.5) }
    // What was measured is what the probabilities give.
    let result = task.evaluate(task.parts.test)
    #expect(outcome.metrics["test_auc"] == result.areaUnderROC().mean)
    #expect(result.scores?.count == 90)
  }

  @Test func noScoresAreKeptUnlessAskedFor() throws {
    let task = try task(measuresArea: false)
    #expect(task.evaluate(task.parts.test).scores == nil)
    #expect(
      try task.finalMetrics().keys.sorted() == [
        "test_accuracy", "test_loss", "train_accuracy", "train_loss", "validation_accuracy",
        "validation_loss",
      ])
  }
}
