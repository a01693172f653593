import Checkpoints
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@testable import Training

private struct Holder: Layer {
  let weight: Parameter
  let mean: Buffer

  init(_ value: Double, _ dtype: DType = .float64) {
    weight = Parameter(.full([3], value, dtype: dtype))
    mean = Buffer(.full([3], value, dtype: dtype))
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor { x }
}

@Suite struct WeightAverageTests {
  /// Weights and buffers alike, with timm's warm-up, against PyTorch's `lerp_`.
  @Test(arguments: DType.full)
  func followsTheReference(dtype: DType) {
    func values(_ step: Int) -> Tensor {
      Tensor((0..<3).map { sin(0.3 * Double(step) + Double($0)) }, shape: [3], dtype: dtype)
    }
    let model = Holder(0, dtype)
    (model.weight.value, model.mean.value) = (values(0), values(0))
    let average = WeightAverage(of: model, decay: 0.9)
    let tolerance = dtype == .float64 ? 1e-14 : 2e-6
    for (index, expected) in WeightAverageReference.averages.enumerated() {
      #expect(abs(average.decay(after: index) - WeightAverageReference.decays[index]) < 1e-15)
      (model.weight.value, model.mean.value) = (values(index + 1), values(index + 1))
      average.update()
      let (weight, mean) = average.withAverage { (model.weight.value, model.mean.value) }
      #expect(weight.doubles == mean.doubles)
      for (value, right) in zip(weight.doubles, expected) {
        #expect(abs(value - right) <= tolerance)
      }
      #expect(model.weight.value.doubles == values(index + 1).doubles)
    }
    #expect(average.updates == 60)
    #expect(average.decay(after: 60) == 0.9)
  }

  /// The mean of two counts is none.
  @Test func countsOfBatchesAreCopied() {
    let model = BatchNorm(2)
    let average = WeightAverage(of: model, decay: 0.9, warmsUp: false)
    for _ in 0..<3 {
      _ = model(
        Tensor((0..<8).map(Double.init), shape: [4, 2], dtype: .float32), .training(seed: 0))
      average.update()
    }
    func state() -> [String: Tensor] { stateDictionary(of: model) }
    let (own, averaged) = (state(), average.withAverage(state))
    #expect(own["num_batches_tracked"]?.doubles == [3])
    #expect(averaged["num_batches_tracked"]?.doubles == [3])
    #expect(own["running_mean"]?.doubles != averaged["running_mean"]?.doubles)
  }

  @Test func withoutWarmupTheStartStaysForLong() {
    let model = Holder(1)
    let average = WeightAverage(of: model, decay: 0.75, warmsUp: false)
    model.weight.value = .zeros([3], dtype: .float64)
    average.update()
    #expect(average.withAverage { model.weight.value.doubles } == [0.75, 0.75, 0.75])
  }

  /// Saved and loaded, it goes on as if it had never stopped.
  @Test func goesOn() {
    let (model, other) = (Holder(1), Holder(1))
    let whole = WeightAverage(of: model, decay: 0.9)
    var saved = Tensor.zeros([3])
    var stopped = whole
    for step in 1...8 {
      model.weight.value = .full([3], Double(step), dtype: .float64)
      other.weight.value = model.weight.value
      whole.update()
      if step == 5 {
        saved = whole.withAverage { model.weight.value }
        stopped = WeightAverage(of: other, decay: 0.9, updates: whole.updates)
        stopped.withAverage { other.weight.value = saved }
      } else if step > 5 {
        stopped.update()
      }
    }
    #expect(stopped.updates == 8)
    #expect(
      stopped.withAverage { other.weight.value.doubles }
        == whole.withAverage { model.weight.value.doubles })
  }

  /// A value that someone else holds is not written to.
  @Test func leavesHeldValuesAlone() {
    let model = Holder(1)
    let average = WeightAverage(of: model, decay: 0.5, warmsUp: false)
    let held = average.withAverage { model.weight.value }
    model.weight.value = .full([3], 3, dtype: .float64)
    average.update()
    #expect(held.doubles == [1, 1, 1])
    #expect(average.withAverage { model.weight.value.doubles } == [2, 2, 2])
  }

  @Test func takesTheModelsPlaceAlsoWhereSomethingIsThrown() {
    struct Stop: Error {}
    let model = Holder(1)
    let average = WeightAverage(of: model, decay: 0.5)
    model.weight.value = .zeros([3], dtype: .float64)
    #expect(throws: Stop.self) { try average.withAverage { throw Stop() } }
    #expect(model.weight.value.doubles == [0, 0, 0])
  }

  @Test func stopsAtADecayOutOfRange() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = WeightAverage(of: Holder(1), decay: 1) }
    expectStop(result, "WeightAverage: decay is 1.0; it has to be in 0 ..< 1")
  }
}

/// Runs that keep an average.
@Suite struct AveragedRunTests {
  private func plan(keepsBest: Bool) -> TrainingPlan {
    TrainingPlan(
      epochs: 4, learningRate: 0.05, schedule: .exponential(factor: 1.1), scheduleUnit: .step,
      keepBest: keepsBest ? BestEpoch("test_loss") : nil)
  }

  /// Training takes no notice of it; what is measured are the averaged weights, and the run ends with them.
  @Test func theAverageIsMeasuredAndKept() throws {
    let folder = try TemporaryFolder()
    let (plain, averaged) = (SmallTask(), SmallTask(averageDecay: 0.9))
    let plan = plan(keepsBest: false)
    let plainOutcome = try makeTrainer(plain, plan, in: folder.run("plain")).train()
    let run = try folder.run("averaged")
    let outcome = try makeTrainer(averaged, plan, in: run).train()
    #expect(outcome.history.losses == plainOutcome.history.losses)
    #expect(bits(averaged.optimizer.state) == bits(plain.optimizer.state))
    #expect(outcome.metrics != plainOutcome.metrics)
    #expect(bits(averaged.modelState) != bits(plain.modelState))
    #expect(outcome.history.epochs.last?.metrics["test_loss"] == outcome.metrics["test_loss"])
    let loaded = SmallTask()
    #expect(try Trainer.loadNewest(in: run, into: loaded) == 24)
    #expect(bits(loaded.modelState) == bits(averaged.modelState))
    #expect(try loaded.finalMetrics() == outcome.metrics)
  }

  /// Before the first step, within the first epoch, at ends of epochs and between.
  @Test(arguments: [0, 3, 6, 13, 18], [false, true])
  func stoppedAndResumedIsTheSameBitForBit(steps: Int, keepsBest: Bool) throws {
    let folder = try TemporaryFolder()
    let (wholeRun, partRun) = (try folder.run("whole"), try folder.run("part"))
    let plan = plan(keepsBest: keepsBest)
    let whole = SmallTask(averageDecay: 0.8)
    let wholeOutcome = try makeTrainer(whole, plan, in: wholeRun).train()
    let first = SmallTask(averageDecay: 0.8)
    if steps == 0 { first.stop.raise() }
    first.onStep = { if $0 + 1 == steps { first.stop.raise() } }
    #expect(try makeTrainer(first, plan, in: partRun).train().wasInterrupted)
    let second = SmallTask(averageDecay: 0.8)
    let outcome = try makeTrainer(second, plan, in: partRun, resume: true).train()
    #expect(outcome.history == wholeOutcome.history)
    #expect(outcome.metrics == wholeOutcome.metrics)
    #expect(bits(second.modelState) == bits(whole.modelState))
    for file in ["model.safetensors", "optimizer.safetensors", "state.json"] {
      let name = "checkpoints/\(Checkpoint.name(step: 24))/\(file)"
      #expect(
        try Data(contentsOf: wholeRun.folder.appendingPathComponent(name))
          == Data(contentsOf: partRun.folder.appendingPathComponent(name)))
    }
  }

  @Test(arguments: [false, true])
  func aCheckpointOfTheOtherKind(hasAverage: Bool) throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask(averageDecay: hasAverage ? 0.9 : nil)
    _ = try makeTrainer(task, plan(keepsBest: false), in: run).train()
    let place = "\(run.checkpoints.path)/\(Checkpoint.name(step: 24))"
    expectError(
      .badData,
      hasAverage
        ? "\(place): was written with an average of the weights, and the run now keeps none"
        : "\(place): was written without an average of the weights, and the run now keeps one"
    ) {
      let other = SmallTask(averageDecay: hasAverage ? nil : 0.9)
      _ = try makeTrainer(other, plan(keepsBest: false), in: run, resume: true)
    }
  }
}
