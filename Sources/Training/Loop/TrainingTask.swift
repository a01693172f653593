import Optimizers
import Tensors

/// What one step measured.
public struct StepOutcome: Sendable, Equatable {
  /// The mean loss of the batch.
  public var loss: Double
  /// How many samples the batch had.
  public var count: Int
  /// How many of them were classified rightly; nil where that means nothing.
  public var correct: Int?

  /// An outcome.
  public init(loss: Double, count: Int, correct: Int? = nil) {
    self.loss = loss
    self.count = count
    self.correct = correct
  }
}

/// What the loop trains: the model, its data and its step, behind a few calls.
///
/// An experiment implements it; see ``ClassificationStep`` for the step that classifiers share.
public protocol TrainingTask: AnyObject {
  /// Steps in an epoch, at least one.
  var stepsPerEpoch: Int { get }
  /// Samples in an epoch.
  var samplesPerEpoch: Int { get }
  /// Moves the parameters.
  var optimizer: any Optimizer { get }
  /// Parameters and buffers by their paths: what a checkpoint keeps.
  var modelState: [String: Tensor] { get }
  /// An average of the weights, which the loop updates after each step, keeps in checkpoints, and puts in the
  /// weights' place for whatever is measured and for the end; nil for none.
  var weightAverage: WeightAverage? { get }

  /// Whether the next step keeps its gradients, for what is noted of them; the loop says so before a step. Set
  /// to false, what was kept is let go of. A task that keeps none leaves it alone.
  var keepsGradients: Bool { get set }
  /// The gradients of the last step, before any clipping, if it kept them.
  var gradients: Gradients? { get }
  /// Seconds for which steps waited for their data, so far; nil where that is not measured.
  var secondsWaited: Double? { get }

  /// Takes back what ``modelState`` gave.
  func load(modelState: [String: Tensor]) throws
  /// Makes the next step the one of that batch of that epoch, both counted from 0.
  func seek(epoch: Int, batch: Int) throws
  /// Forward, backward and update on the next batch.
  ///
  /// - Parameters:
  ///   - step: the number of the step, from 0; what is random depends on it.
  ///   - checkFinite: whether to look at every value, and to throw `NonFiniteError` at the first that is
  ///     NaN or infinite.
  func step(_ step: Int, checkFinite: Bool) throws -> StepOutcome
  /// What is measured after each epoch beside the training loss, by name: `test_accuracy`.
  func epochMetrics() throws -> [String: Double]
  /// What is measured once at the end, by name: `train_accuracy`.
  func finalMetrics() throws -> [String: Double]
  /// What the user should know of what was measured last, in a line each; once taken it is not given again.
  func takeNotes() -> [String]
  /// Keeps something of an epoch in the run's folder, such as a picture of what is generated.
  ///
  /// An epoch that is trained again, after the process was killed, calls it again: what it writes has to be a
  /// function of the weights, and each file has to appear whole or not at all.
  ///
  /// - Parameters:
  ///   - epoch: the epochs that are over; 0 before the first step.
  ///   - run: the run's folder.
  func endOfEpoch(_ epoch: Int, in run: RunDirectory) throws
  /// What TensorBoard is to show of an epoch, where the run notes summaries; averaged weights are in place.
  ///
  /// - Parameters:
  ///   - epoch: the epochs that are over; 0 before the first step.
  ///   - gradients: those of the last step, if the task keeps them.
  func summaries(_ epoch: Int, gradients: Gradients?) throws -> [RunSummary]
}

extension TrainingTask {
  /// None.
  public var weightAverage: WeightAverage? { nil }
  /// No; it cannot be told to.
  public var keepsGradients: Bool {
    get { false }
    set {}
  }
  /// None.
  public var gradients: Gradients? { nil }
  /// Not measured.
  public var secondsWaited: Double? { nil }
  /// Nothing.
  public func takeNotes() -> [String] { [] }
  /// Nothing.
  public func summaries(_ epoch: Int, gradients: Gradients?) throws -> [RunSummary] { [] }
  /// Keeps nothing.
  public func endOfEpoch(_ epoch: Int, in run: RunDirectory) throws {}
}
