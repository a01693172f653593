import Foundation
import Tensors
import TestSupport
import Training

@testable import Experiments

/// A trial that ends as it is told to.
final class ScriptedTrial: RunningTrial {
  private let script: () -> TrialOutcome?
  private(set) var isStopped = false

  init(_ script: @escaping () -> TrialOutcome?) { self.script = script }

  func outcome() -> TrialOutcome? { isStopped ? .interrupted : script() }
  func stop() { isStopped = true }
}

/// Starts scripted trials of `mnist-mlp` on a few drawn digits, and notes what was asked for.
final class Script {
  var jobs: [String] = []
  /// How a trial ends; by default the better the nearer `hidden` is to 20, and the longer it trains.
  var outcome: (TrialJob) -> TrialOutcome = { job in
    let hidden = job.changes.first { $0.key == "hidden" }.flatMap { Double($0.value) } ?? 0
    let length = job.pause.map { "\($0)".filter(\.isNumber) }.flatMap(Double.init) ?? 9
    var steps = Int(length) * 10
    if case .steps(let pause)? = job.pause { steps = pause }
    let accuracy = 1 - abs(hidden - 20) / 100 - 0.1 / length
    return .finished(
      metrics: ["validation_accuracy": accuracy, "test_accuracy": 1 - accuracy],
      steps: steps, seconds: length / 4)
  }
  /// Called before a trial starts.
  var onLaunch: (Int) throws -> Void = { _ in }

  static let small = ["drawn_train=40", "drawn_test=10", "validation=10"]

  func options(
    _ progress: SweepProgress = SweepProgress(.silent),
    isInterrupted: @escaping () -> Bool = { false }
  ) -> Sweep.Options {
    var options = Sweep.Options()
    options.progress = progress
    options.isInterrupted = isInterrupted
    options.launch = { [self] job in
      try onLaunch(jobs.count)
      let pause = job.pause.map { "\($0)" } ?? "end"
      jobs.append("\(job.trial) \(pause)")
      let outcome = outcome(job)
      return ScriptedTrial { outcome }
    }
    return options
  }

  static func request(
    _ space: [String], _ method: SweepMethod? = nil, trials: Int? = nil,
    metric: String = "validation_accuracy", epochs: Int? = 9
  ) throws -> SweepRequest {
    try SweepRequest(
      experiment: "mnist-mlp", space: small + space, method: method, trials: trials,
      metric: metric, threads: 1, epochs: epochs)
  }
}

extension TemporaryFolder {
  func text(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: file(name)), as: UTF8.self)
  }
}
