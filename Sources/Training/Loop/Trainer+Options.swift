extension Trainer {
  /// A point before the plan's end.
  public enum Pause: Sendable, Equatable {
    /// After so many epochs.
    case epochs(Int)
    /// After so many steps.
    case steps(Int)
  }

  /// How a run is carried out, beside what determines its result.
  public struct Options: Sendable {
    /// Whether to look at every value for NaN and infinity, at a cost.
    public var checkFinite = false
    /// A checkpoint is written when the last one is this many seconds old.
    public var secondsBetweenCheckpoints = 10.0
    /// How many checkpoints are kept.
    public var keptCheckpoints = 2
    /// For how long a full or failing disk is tried again before the run stops.
    public var secondsToWaitForDisk = 60.0
    /// Where to save, measure and stop before the plan's end; nil to go through to it. The plan and its schedule
    /// stay what they are, so that a run which is paused and resumed is the run that was never paused.
    public var pause: Pause?
    /// Steps from one measure of what is measured after an epoch to the next; nil for the ends of epochs alone.
    /// Nothing of it changes what is trained.
    public var stepsBetweenMeasures: Int?
    /// What is noted for TensorBoard, in place of what the plan says; nil for the plan's.
    public var tracking: TrackingOptions?
    /// Asked before each step whether to save and stop; by default whether a signal asked for it.
    public var isInterrupted: @Sendable () -> Bool = { Interruption.isRequested }

    /// The defaults.
    public init() {}
  }

  /// What a run came to.
  public struct Outcome: Sendable {
    /// By name: `train_loss`, `test_accuracy`.
    public let metrics: [String: Double]
    /// Steps taken in all.
    public let steps: Int
    /// Seconds of training, from the first step of this process to the last, evaluation included.
    public let seconds: Double
    /// What was measured.
    public let history: History
    /// Whether it was stopped before its end, by a signal.
    public let wasInterrupted: Bool
    /// Whether it came to where it was to pause, before the plan's end.
    public let isPaused: Bool
  }
}
