import Datasets
import Figures
import Foundation
import Synchronization
import Tensors
import Training

/// What `adjoint list` says of an experiment.
public struct ExperimentInformation: Sendable, Equatable {
  /// The name it is called by: `mnist-mlp`.
  public let name: String
  /// What it is, in one line.
  public let summary: String
  /// The data it wants.
  public let data: String
  /// What it must reach.
  public let target: String
  /// Where the target comes from.
  public let source: String
  /// What the source gives for runs of its own, in words; nil if it gives nothing.
  public let published: String?
  /// The figures among it that stand beside a run's own.
  public let figures: [PublishedFigure]
  /// What this program was seen to reach; RESULTS.md has the command.
  public let reached: String

  /// A description.
  ///
  /// - Parameters:
  ///   - name: what it is called by.
  ///   - summary: what it is, in one line.
  ///   - data: the data it wants.
  ///   - target: what it must reach.
  ///   - source: where the target comes from.
  ///   - figures: what the source gives for runs of its own.
  ///   - published: what it gives besides, or what there is to add to the figures: `in 1,000 steps`.
  ///   - reached: what this program was seen to reach.
  public init(
    name: String, summary: String, data: String, target: String, source: String,
    figures: [PublishedFigure] = [], published: String? = nil, reached: String
  ) {
    self.name = name
    self.summary = summary
    self.data = data
    self.target = target
    self.source = source
    self.figures = figures
    let words = [figures.isEmpty ? nil : PublishedFigure.words(figures), published]
    self.published =
      words.allSatisfy { $0 == nil } ? nil : words.compactMap { $0 }.joined(separator: " ")
    self.reached = reached
  }
}

/// One system with its configuration, its data and its report. One folder each; it registers itself:
///
/// ```swift
/// @section("adjoint_registry") @used
/// private let experiment: Registration = { ExperimentCatalogue.register(MNISTPerceptron.self) }
/// ```
public protocol Experiment: AnyObject, SendableMetatype {
  /// The value that determines a run. Its properties are what `--set` sets, in snake case.
  associatedtype Configuration: ExperimentConfiguration

  /// What `adjoint list` says.
  static var information: ExperimentInformation { get }
  /// Named configurations; `default` is what runs if nothing is said.
  static var presets: [String: Configuration] { get }
  /// What a sweep compares trials by where nothing is said.
  static var searchMetric: String { get }

  /// Loads the data and makes the model.
  ///
  /// - Parameters:
  ///   - configuration: already validated.
  ///   - data: where data are looked for.
  ///   - note: tells the user something in one line.
  init(_ configuration: Configuration, data: DataDirectory, note: (String) -> Void) throws
  /// The same for a run that may have a checkpoint, whose weights are loaded afterwards: files that only a
  /// beginning needs are then left alone.
  ///
  /// - Parameters:
  ///   - configuration: already validated.
  ///   - data: where data are looked for.
  ///   - checkpoint: its folder; nil where training begins.
  ///   - note: tells the user something in one line.
  init(
    _ configuration: Configuration, data: DataDirectory, resuming checkpoint: URL?,
    note: (String) -> Void
  ) throws

  /// What this run trains, in a phrase: the report's subtitle.
  var summary: String { get }
  /// What the data are, in one line.
  var dataDescription: String { get }
  /// The data's files with their checksums; none for data that the program draws.
  var dataFiles: [RunEnvironment.DataFile] { get }
  /// What the classes are called, in the order of the outputs; nil where outputs are no classes of images.
  var classNames: [String]? { get }
  /// What the loop trains.
  var task: any TrainingTask { get }
  /// How long and at which rates.
  var plan: TrainingPlan { get }
  /// Measures of the epochs that sections of its own draw: the curves that all reports have leave them out.
  var metricsDrawn: Set<Metric.Measure> { get }
  /// The figures at the top of the report.
  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure]
  /// The sections of the report between the curves and the provenance.
  func reportSections(of run: RunRecord) throws -> [Report.Section]
}

/// What a report can show beside the trained network: what a run measured, and its folder.
public struct RunRecord: Sendable {
  /// What was measured while it trained.
  public let history: History
  /// What was measured at the end, by plain names.
  public let metrics: [String: Double]
  /// Where ``TrainingTask/endOfEpoch(_:in:)`` may have kept something.
  public let folder: RunDirectory
}

/// What `adjoint list` says of a setting.
public struct SettingDescription: Sendable, Encodable {
  /// What `--set` calls it.
  public let name: String
  /// Its value where nothing is said, as text.
  public let `default`: String
  /// What it means, in a phrase.
  public let meaning: String
  /// The values it takes, in a phrase.
  public let values: String
}

/// The value that determines a run.
public protocol ExperimentConfiguration: Codable, Sendable, Equatable {
  /// What is drawn is drawn from this.
  var seed: UInt64 { get }
  /// Its settings, each property once, in the order in which they are shown.
  static var settings: [Setting<Self>] { get }
  /// The settings that the others leave without effect, by name in snake case, each with what would give it one,
  /// such as `optimizer=sgd`.
  var idle: [String: String] { get }
  /// Throws `AdjointError` of kind usage that names settings that do not go together. Each is in its range by then.
  func validateTogether() throws
}

extension Experiment {
  /// The accuracy on what is held back.
  public static var searchMetric: String { "validation_accuracy" }

  /// That of the experiment, where its settings leave it true.
  public var summary: String { Self.information.summary }

  /// None.
  public var classNames: [String]? { nil }

  /// None.
  public var metricsDrawn: Set<Metric.Measure> { [] }

  /// As where training begins.
  public init(
    _ configuration: Configuration, data: DataDirectory, resuming checkpoint: URL?,
    note: (String) -> Void
  ) throws {
    try self.init(configuration, data: data, note: note)
  }
}

extension ExperimentConfiguration {
  /// All settings have an effect.
  public var idle: [String: String] { [:] }
  /// All settings go together.
  public func validateTogether() throws {}
}

/// The experiments of this program, each entered by its own file.
public enum ExperimentCatalogue {
  private static let registered = Mutex<[String: any Experiment.Type]>([:])

  /// Enters an experiment.
  public static func register(_ experiment: any Experiment.Type) {
    let name = experiment.information.name
    registered.withLock { all in
      require(all[name] == nil, "ExperimentCatalogue: \(name) is registered twice")
      all[name] = experiment
    }
  }

  /// All of them, by name.
  public static var all: [any Experiment.Type] {
    Registry.load()
    return registered.withLock { all in all.keys.sorted().compactMap { all[$0] } }
  }

  /// The names of an experiment's configurations.
  public static func presets(of experiment: any Experiment.Type) -> [String] {
    func names<Kind: Experiment>(_ kind: Kind.Type) -> [String] { kind.presets.keys.sorted() }
    return names(experiment)
  }

  /// The settings of an experiment's default configuration by name, as text.
  public static func defaultSettings(of experiment: any Experiment.Type) throws -> [String: String]
  {
    func settings<Kind: Experiment>(_ kind: Kind.Type) throws -> [String: String] {
      try ConfigurationEditor.settings(of: ExperimentRunner.configuration(kind, []))
    }
    return try settings(experiment)
  }

  /// The values of an experiment's settings that are one of a few words, by name.
  public static func choices(of experiment: any Experiment.Type) -> [String: [String]] {
    func choices<Kind: Experiment>(_ kind: Kind.Type) -> [String: [String]] {
      Kind.Configuration.choices
    }
    return choices(experiment)
  }

  /// What the settings of an experiment mean, in the order in which its configuration lists them.
  public static func descriptions(
    of experiment: any Experiment.Type
  ) throws -> [SettingDescription] {
    func descriptions<Kind: Experiment>(_ kind: Kind.Type) throws -> [SettingDescription] {
      let defaults = try defaultSettings(of: kind)
      return Kind.Configuration.settings.map { setting in
        SettingDescription(
          name: setting.name, default: defaults[setting.name] ?? "", meaning: setting.meaning,
          values: setting.values.description)
      }
    }
    return try descriptions(experiment)
  }

  /// The configurations of an experiment in alphabetical order: name, and what each changes of the default.
  public static func presetsTable(of experiment: any Experiment.Type) throws -> [[String]] {
    func table<Kind: Experiment>(_ kind: Kind.Type) throws -> [[String]] {
      let usual = try ExperimentRunner.configuration(kind, [])
      return try kind.presets.sorted { $0.key < $1.key }.map { name, preset in
        let changes = try ConfigurationEditor.changes(from: usual, to: preset)
        return [name, changes.isEmpty ? "as above" : changes.joined(separator: " ")]
      }
    }
    return try table(experiment)
  }

  /// The experiment of that name.
  ///
  /// - Throws: `AdjointError` with the nearest name if there is none.
  public static func experiment(named name: String) throws -> any Experiment.Type {
    let all = all
    if let found = all.first(where: { $0.information.name == name }) { return found }
    throw AdjointError(
      .usage,
      unknown("experiment", name, among: all.map { $0.information.name }))
  }
}
