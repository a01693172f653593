import EventLog
import Figures
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// What a run's event files hold, in the order in which TensorBoard reads them.
private struct Tracked {
  /// The steps of each tag.
  var steps: [String: [Int]] = [:]
  var scalars: [String: [Float]] = [:]
  /// The number of values in each histogram.
  var counts: [String: [Double]] = [:]
  /// From which steps on a session takes the place of what was said before.
  var sessions: [Int] = []

  init(_ run: RunDirectory) throws {
    let names = try FileManager.default.contentsOfDirectory(atPath: run.folder.path)
    for name in names.filter({ $0.hasPrefix("events.") }).sorted() {
      var reader = try EventLogReader(file: run.folder.appendingPathComponent(name))
      for event in try reader.events() {
        for content in event.contents {
          switch content {
          case .fileVersion: break
          case .sessionStart: sessions.append(event.step)
          case .scalar(let tag, let value):
            scalars[tag, default: []].append(value)
            steps[tag, default: []].append(event.step)
          case .histogram(let tag, _, _, let counts):
            self.counts[tag, default: []].append(counts.reduce(0, +))
            steps[tag, default: []].append(event.step)
          case .image(let tag, _, _, _), .text(let tag, _):
            steps[tag, default: []].append(event.step)
          }
        }
      }
    }
  }
}

@Suite struct TrackingTests {
  private static let plan = TrainingPlan(epochs: 2, learningRate: 0.1)
  private static let names = ["0.weight", "0.bias", "2.weight", "2.bias"]

  private func train(
    _ task: SmallTask, _ tracking: TrackingOptions, in run: RunDirectory, resume: Bool = false
  ) throws -> Trainer.Outcome {
    try makeTrainer(task, Self.plan, in: run, resume: resume) { $0.tracking = tracking }.train()
  }

  @Test func everythingAtTheEndOfEachEpoch() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask()
    let pixel = PixelImage(width: 1, height: 1, channels: 1, pixels: [7])
    var seen: [Int] = []
    task.onSummaries = { epoch, gradients in
      seen.append(epoch)
      // Before the first step there are none; then there is one for each parameter.
      #expect(gradients?.values.count == (epoch == 0 ? nil : 4))
      return [
        .scalar("own/number", 2), .histogram("own/values", [1, 2]), .image("own/image", pixel),
        .text("own/text", "words"),
      ]
    }
    let outcome = try train(task, .everything, in: run)
    #expect(seen == [0, 1, 2] && outcome.steps == 12)
    #expect(!task.keepsGradients && task.gradients == nil)
    let tracked = try Tracked(run)
    for name in Self.names {
      #expect(tracked.steps["weights/\(name)"] == [6, 12])
      #expect(tracked.steps["gradients/\(name)"] == [6, 12])
    }
    #expect(tracked.counts["gradients/0.weight"] == [40, 40])
    #expect(tracked.counts["weights/2.bias"] == [3, 3])
    for kind in ["weight", "gradient"] {
      for tag in ["norm/\(kind)", "\(kind)_norm/0", "\(kind)_norm/2"] {
        #expect(tracked.steps[tag] == [6, 12], "\(tag)")
      }
    }
    for tag in ["number", "values", "image", "text"] {
      #expect(tracked.steps["own/\(tag)"] == [0, 6, 12])
    }
    // The last note is of the weights that the run ended with.
    let squares = task.optimizer.parameters.map { sumOfSquares($0.value) }
    let norm = Float(squares.reduce(0, +).squareRoot())
    #expect(tracked.scalars["norm/weight"]?.last == norm)
    #expect(tracked.scalars["weight_norm/2"]?.last == Float((squares[2] + squares[3]).squareRoot()))
    let speeds = try #require(tracked.scalars["speed/samples_per_second"])
    #expect(speeds.count == 2 && speeds.allSatisfy { $0 > 0 })
    #expect(tracked.scalars["speed/waiting_share"] == nil)
  }

  @Test func everySoManySteps() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask()
    task.onSummaries = { _, _ in
      Issue.record("summaries were not asked for")
      return []
    }
    _ = try train(task, TrackingOptions(norms: true, interval: 5), in: run)
    let tracked = try Tracked(run)
    #expect(tracked.steps["norm/gradient"] == [5, 10])
    #expect(tracked.counts.isEmpty)
    #expect(task.gradients == nil)
  }

  @Test func nothingByDefault() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    _ = try makeTrainer(SmallTask(), Self.plan, in: run).train()
    let tags = Set(try Tracked(run).steps.keys)
    #expect(
      tags == [
        "step/loss", "step/learning_rate", "epoch/train_loss", "epoch/train_accuracy",
        "epoch/test_loss", "epoch/test_accuracy", "speed/samples_per_second", "final/test_loss",
        "final/test_accuracy",
      ])
  }

  /// The share of an epoch's time, not of the run's; never above all of it.
  @Test func shareOfWaiting() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let task = SmallTask()
    task.secondsWaited = 100
    task.onStep = { if $0 == 8 { task.secondsWaited = 200 } }
    _ = try train(task, .none, in: run)
    #expect(try Tracked(run).scalars["speed/waiting_share"] == [0, 1])
  }

  @Test func changesNothingThatIsTrained() throws {
    let folder = try TemporaryFolder()
    let (plain, noted) = (try folder.run("plain"), try folder.run("noted"))
    let (first, second) = (SmallTask(.adam), SmallTask(.adam))
    _ = try train(first, .none, in: plain)
    _ = try train(
      second, TrackingOptions(norms: true, histograms: true, interval: 1), in: noted)
    #expect(bits(first.modelState) == bits(second.modelState))
    #expect(try text(of: plain.metrics) == text(of: noted.metrics))
  }

  /// A run that is gone on with after its end says what it came to in the place of what it said before.
  @Test func theEndIsSaidOnce() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    for isAgain in [false, true] { _ = try train(SmallTask(), .none, in: run, resume: isAgain) }
    let tracked = try Tracked(run)
    #expect(tracked.sessions.last == 13 && tracked.steps["step/loss"] == Array(1...12))
    #expect(tracked.steps["final/test_loss"] == [13, 13])
  }

  /// A run that begins again takes the place of what was said of step 0 too; one that goes on after an epoch keeps
  /// what was said up to its end.
  @Test(arguments: [(100.0, 0), (0, 7)])
  func whatIsSaidAnewAfterAKill(secondsBetweenCheckpoints: Double, session: Int) throws {
    struct Killed: Error {}
    let folder = try TemporaryFolder()
    let run = try folder.run()
    for isFirst in [true, false] {
      let task = SmallTask()
      task.onStep = { if isFirst && $0 == 8 { throw Killed() } }
      let trainer = try makeTrainer(task, Self.plan, in: run, resume: !isFirst) {
        $0.secondsBetweenCheckpoints = secondsBetweenCheckpoints
      }
      if isFirst {
        #expect(throws: Killed.self) { try trainer.train() }
      } else {
        _ = try trainer.train()
      }
    }
    #expect(try Tracked(run).sessions == [session])
  }

  /// Killed within the second epoch, without a checkpoint since the first step: everything is trained again, and
  /// TensorBoard shows each step once.
  @Test(
    .enabled(if: TensorBoard.python != nil, "needs a Python with tensorboard"),
    arguments: [0.0, 100]
  )
  func eachStepOnceAfterAKill(secondsBetweenCheckpoints: Double) throws {
    struct Killed: Error {}
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let summaries: (Int, Gradients?) -> [RunSummary] = { epoch, _ in
      [.scalar("own/epoch", Double(epoch)), .histogram("own/values", [0, 1])]
    }
    for isFirst in [true, false] {
      let task = SmallTask()
      task.onSummaries = summaries
      task.onStep = { if isFirst && $0 == 8 { throw Killed() } }
      let trainer = try makeTrainer(task, Self.plan, in: run, resume: !isFirst) {
        $0.tracking = TrackingOptions(norms: true, histograms: true, summaries: true, interval: 1)
        $0.secondsBetweenCheckpoints = secondsBetweenCheckpoints
      }
      if isFirst {
        #expect(throws: Killed.self) { try trainer.train() }
      } else {
        _ = try trainer.train()
      }
    }
    let seen = try TensorBoard.read(run.folder)
    let all = (1...12).map(Double.init)
    for tag in ["step/loss", "norm/weight", "gradient_norm/2"] {
      #expect(try #require(seen.scalars[tag]).map { $0[0] } == all, "\(tag)")
    }
    #expect(try #require(seen.histograms["weights/0.bias"]).map { $0[0] } == all)
    #expect(seen.scalars["own/epoch"] == [[0, 0], [6, 1], [12, 2]])
    #expect(try #require(seen.histograms["own/values"]).map { $0[0] } == [0, 6, 12])
  }

  // MARK: - Norms

  @Test func normsOfLayersAndOfAll() {
    let parameters = [("a.weight", [3.0]), ("a.bias", [4]), ("", [12])].map {
      Parameter(Tensor($0.1, shape: [1], dtype: .float64), name: $0.0)
    }
    parameters[2].isFrozen = true
    // In another order, and none for the frozen one.
    let gradients = Gradients(
      of: [parameters[1], parameters[0], parameters[2]],
      [.full([1], 8, dtype: .float64), .full([1], 6, dtype: .float64), nil])
    let found = WeightSummaries.summaries(
      of: parameters, gradients, TrackingOptions(norms: true, histograms: true))
    #expect(
      found == [
        .scalar("norm/weight", 13), .scalar("weight_norm/a", 5), .scalar("weight_norm/2", 12),
        .scalar("norm/gradient", 10), .scalar("gradient_norm/a", 10),
        .histogram("weights/a.weight", [3]), .histogram("gradients/a.weight", [6]),
        .histogram("weights/a.bias", [4]), .histogram("gradients/a.bias", [8]),
        .histogram("weights/2", [12]),
      ])
    let without = WeightSummaries.summaries(of: parameters, nil, TrackingOptions(norms: true))
    #expect(without == Array(found[0..<3]))
  }

  // MARK: - Options

  @Test func optionsInWords() throws {
    #expect(try TrackingOptions("nothing") == .none)
    #expect(try TrackingOptions("everything") == .everything)
    #expect(
      try TrackingOptions("norms,images", interval: 3)
        == TrackingOptions(norms: true, summaries: true, interval: 3))
    for words in ["", "norms,", "norm", "norms,nothing"] {
      expectError(
        .usage,
        "expected norms, histograms or images with commas between, or everything, or nothing; found "
          + "\"\(words)\""
      ) { _ = try TrackingOptions(words) }
    }
  }

  @Test func stopsAtAnIntervalBelowOne() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = TrackingOptions(interval: 0) }
    expectStop(result, "TrackingOptions: interval is 0; it has to be at least 1 step")
  }
}
