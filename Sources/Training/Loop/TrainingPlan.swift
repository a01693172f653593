import Optimizers

/// How long and at which rates a run trains.
public struct TrainingPlan: Sendable, Equatable {
  /// What a schedule's index counts.
  public enum Unit: String, Sendable, Codable {
    /// Epochs, from 0.
    case epoch
    /// Steps, from 0.
    case step
  }

  /// Epochs to train, at least one, unless a number of steps is given.
  public var epochs: Int
  /// Steps to train, whatever the epochs; nil to go by the epochs.
  public var stepLimit: Int?
  /// The learning rate that the schedule starts from.
  public var learningRate: Double
  /// How it changes.
  public var schedule: Schedule
  /// What the schedule counts.
  public var scheduleUnit: Unit

  /// A plan.
  public init(
    epochs: Int, stepLimit: Int? = nil, learningRate: Double, schedule: Schedule = .constant,
    scheduleUnit: Unit = .epoch
  ) {
    self.epochs = epochs
    self.stepLimit = stepLimit
    self.learningRate = learningRate
    self.schedule = schedule
    self.scheduleUnit = scheduleUnit
  }

  /// The number of steps it comes to.
  public func totalSteps(stepsPerEpoch: Int) -> Int {
    stepLimit ?? epochs * stepsPerEpoch
  }
}
