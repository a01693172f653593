import Optimizers
import Training

/// A configuration that says how long to train, and at which rate to begin.
protocol TimedConfiguration: ExperimentConfiguration {
  /// Passes over the training data, where ``steps`` is 0.
  var epochs: Int { get }
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps: Int { get }
  /// The learning rate that the schedule starts from.
  var learningRate: Double { get }
}

extension TimedConfiguration {
  /// The plan that it comes to.
  func plan(
    _ schedule: Schedule = .constant, unit: TrainingPlan.Unit = .epoch, keepBest: BestEpoch? = nil,
    tracking: TrackingOptions = .none
  ) -> TrainingPlan {
    TrainingPlan(
      epochs: epochs, stepLimit: steps > 0 ? steps : nil, learningRate: learningRate,
      schedule: schedule, scheduleUnit: unit, keepBest: keepBest, tracking: tracking)
  }

  /// Steps in all, where an epoch has so many.
  func totalSteps(stepsPerEpoch: Int) -> Int { plan().totalSteps(stepsPerEpoch: stepsPerEpoch) }
}

/// A configuration whose learning rate falls by a factor after every so many epochs.
protocol SteppedConfiguration: TimedConfiguration {
  /// What the rate is multiplied by.
  var decayFactor: Double { get }
  /// Epochs from one multiplication to the next.
  var decayEvery: Int { get }
}

extension SteppedConfiguration {
  /// The schedule of the rate.
  var schedule: Schedule { .step(size: decayEvery, factor: decayFactor) }
}
