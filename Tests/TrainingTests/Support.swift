import Foundation
import Layers
import Optimizers
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

extension TemporaryFolder {
  /// The folder of a new run.
  func run(_ name: String = "run") throws -> RunDirectory {
    try RunDirectory(creating: file(name))
  }
}

func text(of url: URL) throws -> String {
  String(decoding: try Data(contentsOf: url), as: UTF8.self)
}

/// Every tensor's bits, by name.
func bits(_ tensors: [String: Tensor]) -> [String: [UInt8]] {
  tensors.mapValues { $0.withBytes { Array($0) } }
}

/// What was written, for progress that nobody shall see.
final class Screen {
  private(set) var text = ""
  func progress(_ style: ProgressDisplay.Style, width: Int = 80) -> ProgressDisplay {
    ProgressDisplay(style, write: { self.text += $0 }, width: { width })
  }
}

/// What asks a trainer to stop: one for each task, for a signal would stop every trainer of the process.
final class StopFlag: Sendable {
  private let flag = Atomic<Bool>(false)
  func raise() { flag.store(true, ordering: .relaxed) }
  var isRaised: Bool { flag.load(ordering: .relaxed) }
}

protocol StoppableTask: TrainingTask {
  var stop: StopFlag { get }
}

/// A trainer that shows nothing, and stops when the task's flag is raised.
func makeTrainer(
  _ task: some StoppableTask, _ plan: TrainingPlan, in run: RunDirectory, resume: Bool = false,
  progress: ProgressDisplay = ProgressDisplay(.silent),
  _ configure: (inout Trainer.Options) -> Void = { _ in }
) throws -> Trainer {
  var options = Trainer.Options()
  options.isInterrupted = { [stop = task.stop] in stop.isRaised }
  configure(&options)
  return try Trainer(
    task, plan: plan, run: run, resume: resume, progress: progress, options: options)
}

/// Three batches of ten samples: the last is smaller.
let threeBatches = [
  StepOutcome(loss: 1, count: 4, correct: 3), StepOutcome(loss: 2, count: 4, correct: 1),
  StepOutcome(loss: 4, count: 2, correct: 2),
]

/// A task that measures what it is told to, and notes the calls of the loop.
final class ScriptedTask: StoppableTask {
  let stop = StopFlag()
  let outcomes: [StepOutcome]
  var calls: [String] = []
  /// Called at the beginning of a step with its number.
  var onStep: (Int) throws -> Void = { _ in }
  /// Called with the epochs that are over.
  var onEndOfEpoch: (Int, RunDirectory) throws -> Void = { _, _ in }
  var metrics = ["held_out": 7.5]
  private let weight = Parameter(Tensor([0], shape: [1]), name: "w")
  let optimizer: any Optimizer
  private var batch = 0

  /// - Parameter outcomes: of the batches of every epoch.
  init(_ outcomes: [StepOutcome]) {
    self.outcomes = outcomes
    optimizer = SGD([weight], learningRate: 1)
  }

  var stepsPerEpoch: Int { outcomes.count }
  var samplesPerEpoch: Int { outcomes.reduce(0) { $0 + $1.count } }
  var modelState: [String: Tensor] { ["w": weight.value] }

  func load(modelState: [String: Tensor]) throws { calls.append("load") }

  func seek(epoch: Int, batch: Int) throws {
    calls.append("seek \(epoch) \(batch)")
    self.batch = batch
  }

  func step(_ step: Int, checkFinite: Bool) throws -> StepOutcome {
    calls.append("step \(step) at \(optimizer.learningRate)")
    try onStep(step)
    defer { batch += 1 }
    return outcomes[batch % outcomes.count]
  }

  func epochMetrics() throws -> [String: Double] {
    calls.append("epoch")
    return metrics
  }

  func endOfEpoch(_ epoch: Int, in run: RunDirectory) throws { try onEndOfEpoch(epoch, run) }

  func finalMetrics() throws -> [String: Double] {
    calls.append("final")
    return ["test_accuracy": 0.25]
  }
}

/// A small classifier with dropout on made-up rows: 22 of them in batches of 4, the last of 2.
final class SmallTask: StoppableTask {
  let stop = StopFlag()
  enum Kind: String, CaseIterable { case momentum, adam }

  let model: Sequential
  let step: ClassificationStep
  let weightAverage: WeightAverage?
  /// Called at the beginning of a step with its number.
  var onStep: (Int) throws -> Void = { _ in }
  var keepsGradients: Bool {
    get { step.keepsGradients }
    set { step.keepsGradients = newValue }
  }
  var gradients: Gradients? { step.gradients }
  var secondsWaited: Double?
  /// Called at the beginning of a measurement, of which each epoch has one and the end another.
  var onMeasure: () throws -> Void = {}
  /// What it is to show of an epoch.
  var onSummaries: (Int, Gradients?) throws -> [RunSummary] = { _, _ in [] }
  private static let rows = 22
  private static let batchSize = 4
  private var place = (epoch: 0, batch: 0)

  init(_ kind: Kind = .momentum, dropout: Double = 0.3, averageDecay: Double? = nil) {
    var random = Philox(seed: 4)
    model = Sequential {
      Linear(5, 8, activation: .relu, random: &random)
      Dropout(dropout)
      Linear(8, 3, random: &random)
    }
    weightAverage = averageDecay.map { [model] in WeightAverage(of: model, decay: $0) }
    let parameters = Layers.parameters(of: model)
    step = ClassificationStep(
      model,
      optimizer: kind == .momentum
        ? SGD(parameters, learningRate: 0.1, momentum: 0.9) : Adam(parameters, learningRate: 0.1),
      seed: 9)
  }

  var stepsPerEpoch: Int { (Self.rows + Self.batchSize - 1) / Self.batchSize }
  var samplesPerEpoch: Int { Self.rows }
  var optimizer: any Optimizer { step.optimizer }
  var modelState: [String: Tensor] { stateDictionary(of: model) }

  func load(modelState: [String: Tensor]) throws {
    try Layers.load(modelState, into: model)
  }

  func seek(epoch: Int, batch: Int) throws { place = (epoch, batch) }

  private static func features(_ rows: some Sequence<Int32>) -> (Tensor, IndexTensor) {
    let rows = Array(rows)
    return (
      Tensor(
        rows.flatMap { row in (0..<5).map { Float((7 * Int(row) + 3 * $0) % 11 - 5) / 4 } },
        shape: [rows.count, 5]),
      IndexTensor(rows.map { $0 % 3 })
    )
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    try onStep(number)
    var random = Philox(seed: 1, stream: UInt64(place.epoch))
    let order: [Int32] = random.permutation(Self.rows)
    let first = place.batch * Self.batchSize
    let (x, labels) = Self.features(order[first..<min(first + Self.batchSize, Self.rows)])
    place = place.batch + 1 == stepsPerEpoch ? (place.epoch + 1, 0) : (place.epoch, place.batch + 1)
    return try step(x, labels, step: number, checkFinite: checkFinite)
  }

  func summaries(_ epoch: Int, gradients: Gradients?) throws -> [RunSummary] {
    try onSummaries(epoch, gradients)
  }

  func epochMetrics() throws -> [String: Double] {
    try onMeasure()
    var result = ClassificationResult(classes: 3)
    let (x, labels) = Self.features(0..<Int32(Self.rows))
    result.add(logits: model(x, .inference), labels: labels)
    return ["test_loss": result.loss, "test_accuracy": result.accuracy]
  }

  func finalMetrics() throws -> [String: Double] { try epochMetrics() }
}
