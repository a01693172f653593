import Datasets
import Figures
import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// The multi-task cascade: numbers and a class from one input, learned together, and each alone to compare.
final class Cascade: PredictingExperiment {
  static let information = ExperimentInformation(
    name: "cascade",
    summary:
      "multi-task cascade: regression with sine and dropout, its output added into a classifier, SGD",
    data:
      "a teacher network drawn by the program, or MNIST: low frequencies and the digit (--set preset=mnist)",
    target: "learns both tasks; compared with each task alone",
    source:
      "course assignment: the network, its loss and eight gradients; a course report works them out",
    published: nil,
    reached: "teacher: test MSE 0.0193 (A alone 0.0178), test accuracy 0.741 (B alone 0.560)")

  static let presets = ["default": CascadeConfiguration(), "mnist": .images]
  /// Of the training data: nothing is held back here but the test part, which must not choose.
  static let searchMetric = "train_loss"

  let plan: TrainingPlan
  private let configuration: CascadeConfiguration
  private let data: CascadeData
  private let cascade: CascadeTask

  init(
    _ configuration: CascadeConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    self.configuration = configuration
    self.data = try CascadeData.load(configuration, from: data, note: note)
    let count = self.data.train.inputs.shape[0]
    guard count % configuration.batchSize != 1 else {
      throw AdjointError(
        .usage,
        "batch_size=\(configuration.batchSize): leaves one of the \(count) training samples over, of which "
          + "normalisation by the mean of the batch leaves nothing; take another batch_size")
    }
    plan = configuration.plan(configuration.schedule)
    let weights = Cascade.weights(configuration.task)
    let models = Cascade.models(
      weights.count, configuration, inputs: self.data.train.inputs.shape[1],
      classes: self.data.classNames.count)
    let all = parameters(of: models)
    let networks = zip([models.main] + models.alone, weights).enumerated().map { index, network in
      CascadeNetwork(
        model: network.0, parameters: Array(all[(8 * index)..<(8 * index + 8)]),
        weightA: network.1.a, weightB: network.1.b)
    }
    let step = CascadeStep(
      networks,
      optimizer: SGD(
        all, learningRate: configuration.learningRate, momentum: configuration.momentum),
      isByHand: configuration.gradients == .byHand, seed: configuration.seed)
    cascade = CascadeTask(
      models: models, step: step, data: self.data, batchSize: configuration.batchSize,
      seed: configuration.seed, dtype: configuration.precision)
  }

  /// What each task counts in each network, the one that the run is about first.
  private static func weights(_ task: CascadeConfiguration.Tasks) -> [(a: Double, b: Double)] {
    switch task {
    case .compare: [(1, 1), (1, 0), (0, 1)]
    case .both: [(1, 1)]
    case .a: [(1, 0)]
    case .b: [(0, 1)]
    }
  }

  /// Networks that all begin with the same weights.
  private static func models(
    _ count: Int, _ configuration: CascadeConfiguration, inputs: Int, classes: Int
  ) -> CascadeModels {
    let all = (0..<count).map { _ in
      var random = Philox(seed: configuration.seed)
      return TaskCascade(
        inputs: inputs, hidden: configuration.hidden, outputs: configuration.outputs,
        classes: classes,
        dropout: configuration.dropout, random: &random)
    }
    let models = CascadeModels(main: all[0], alone: Array(all.dropFirst()))
    convert(models, to: configuration.precision)
    return models
  }

  static let rows = PredictedRows(
    input: "as many numbers as the teacher has inputs, or 784 pixels between 0 and 1, or as bytes",
    output: "the numbers of task A, then the logits of task B")

  static func predictor(for configuration: CascadeConfiguration) -> RowPredictor {
    let (inputs, classes) =
      configuration.data == .mnist ? (784, 10) : (configuration.inputs, configuration.classes)
    let models = models(
      weights(configuration.task).count, configuration, inputs: inputs, classes: classes)
    return RowPredictor(
      models, features: inputs, byteDivisor: configuration.data == .mnist ? 255 : 1
    ) { x in
      let found = models.main.predictions(x, .inference)
      return concatenate([found.numbers, found.logits], axis: 1)
    }
  }

  var summary: String {
    switch configuration.task {
    case .compare, .both: Self.information.summary
    case .a: "task A of the multi-task cascade alone: regression with sine and dropout, SGD"
    case .b:
      "task B of the multi-task cascade alone: a classifier with the output of a branch of sine and dropout "
        + "added in, SGD"
    }
  }
  var dataDescription: String { data.description }
  var dataFiles: [RunEnvironment.DataFile] { data.files }
  /// Of images; the teacher's classes are called nothing.
  var classNames: [String]? { data.images?.train.classNames }
  var task: any TrainingTask { cascade }
  /// Both tasks' errors stand beside one another, with those of learning one alone.
  let metricsDrawn: Set<Metric.Measure> = [.mse]

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    func note(_ value: String?, _ what: String) -> String? { value.map { "\($0) \(what)" } }
    let (mse, accuracy) = (Self.mse, Self.percent)
    var figures: [Report.KeyFigure] = []
    if metrics["test_mse"] != nil {
      figures.append(
        .init(
          "Task A: test MSE", mse(metrics["test_mse"]) ?? "–",
          note: note(mse(metrics["test_mse_alone"]), "where A is learned alone")
            ?? "1 is what the mean would get"))
    }
    if metrics["test_accuracy"] != nil {
      figures.append(
        .init(
          "Task B: test accuracy", accuracy(metrics["test_accuracy"]) ?? "–",
          note: note(accuracy(metrics["test_accuracy_alone"]), "where B is learned alone")))
    }
    let weights = cascade.step.networks[0].parameters.reduce(0) { $0 + $1.count }
    return figures + [
      .init("Training samples", ProgressDisplay.grouped(data.train.count)),
      .init("Parameters", ProgressDisplay.grouped(weights)),
    ]
  }

  static func mse(_ value: Double?) -> String? { value.map { String(format: "%.4f", $0) } }
  static func percent(_ value: Double?) -> String? {
    value.map(Metric("accuracy").text)
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    let report = CascadeReport(task: cascade, configuration: configuration)
    return try [
      report.losses(run.history), report.comparison(run.metrics), report.predictions(),
    ].compactMap { $0 } + report.images() + [report.gradients()]
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(Cascade.self) }
