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
  /// Which epoch's weights the run ends with; nil for the last.
  public var keepBest: BestEpoch?
  /// What is noted for TensorBoard beside losses, metrics, rate and speed.
  public var tracking: TrackingOptions

  /// A plan.
  public init(
    epochs: Int, stepLimit: Int? = nil, learningRate: Double, schedule: Schedule = .constant,
    scheduleUnit: Unit = .epoch, keepBest: BestEpoch? = nil,
    tracking: TrackingOptions = .none
  ) {
    self.epochs = epochs
    self.stepLimit = stepLimit
    self.learningRate = learningRate
    self.schedule = schedule
    self.scheduleUnit = scheduleUnit
    self.keepBest = keepBest
    self.tracking = tracking
  }

  /// The number of steps it comes to.
  public func totalSteps(stepsPerEpoch: Int) -> Int {
    stepLimit ?? epochs * stepsPerEpoch
  }
}
