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
  /// What lowers the rate that the schedule starts from when a metric stalls; nil to leave it alone.
  public var plateau: Plateau?
  /// Which epoch's weights the run ends with; nil for the last.
  public var keepBest: BestEpoch?
  /// What is noted for TensorBoard beside losses, metrics, rate and speed.
  public var tracking: TrackingOptions

  /// A plan.
  public init(
    epochs: Int, stepLimit: Int? = nil, learningRate: Double, schedule: Schedule = .constant,
    scheduleUnit: Unit = .epoch, plateau: Plateau? = nil, keepBest: BestEpoch? = nil,
    tracking: TrackingOptions = .none
  ) {
    self.epochs = epochs
    self.stepLimit = stepLimit
    self.learningRate = learningRate
    self.schedule = schedule
    self.scheduleUnit = scheduleUnit
    self.plateau = plateau
    self.keepBest = keepBest
    self.tracking = tracking
  }

  /// A metric by which the rate is lowered after an epoch, as PyTorch's `ReduceLROnPlateau` does.
  public struct Plateau: Sendable, Equatable {
    /// The name of a metric that is measured after each epoch, such as `validation_loss`.
    public var metric: String
    /// By how much, and after how many epochs without a better one. The checkpoint stores rule and state: a resumed run
    /// keeps the rule that it began with, whatever the plan now says.
    public var rule: ReduceOnPlateau

    /// A rule for a metric; one that is to grow, as an accuracy, asks for a rule with the goal `.maximum`.
    public init(_ metric: String, _ rule: ReduceOnPlateau = ReduceOnPlateau()) {
      self.metric = metric
      self.rule = rule
    }
  }

  /// The number of steps it comes to.
  public func totalSteps(stepsPerEpoch: Int) -> Int {
    stepLimit ?? epochs * stepsPerEpoch
  }
}
