import Foundation
import Tensors
import Training

/// How a sweep chooses its trials.
public enum SweepMethod: String, Codable, Sendable, CaseIterable {
  /// Every combination of the lists.
  case grid
  /// Drawn from lists and ranges.
  case random
  /// Drawn, and the hopeless ones stopped early.
  case halving
}

/// How trials are drawn.
enum SweepDrawing: String, Codable, Sendable {
  /// No combination of values a second time.
  case withoutReplacement = "without replacement"
}

/// What a sweep is asked to do: `sweep.json`.
public struct SweepRequest: Codable, Equatable, Sendable {
  /// The experiment's name.
  public var experiment: String
  /// What followed each `--set`.
  public var space: [String]
  /// How trials are chosen.
  public var method: SweepMethod
  /// How many there are.
  public var trials: Int
  /// What they are compared by.
  public var metric: String
  /// Whether less of it is better.
  public var minimize: Bool
  /// False where neither the user nor the metric's name says that; such a sweep does not begin.
  private(set) var isDirectionKnown: Bool?
  /// What values are drawn from.
  public var seed: UInt64
  /// How; nil: each trial is drawn independently (real ranges, and sweeps made by versions without this field).
  private(set) var drawing: SweepDrawing?
  /// Threads for each trial.
  public var threads: Int
  /// Epochs of each trial, if they were given.
  public var epochs: Int?
  /// Steps of each trial, if they were given.
  public var steps: Int?
  /// Where data are looked for, if a folder was named.
  public var dataDir: String?
  /// What the data were.
  var data = ""
  /// When trials are compared.
  var rungs = [Rung(trials: 0, budget: nil)]
  /// What the rungs count: epochs or steps.
  var unit = "epochs"
  /// The version of this library.
  var version = ""

  /// A request; what is nil is chosen.
  ///
  /// - Parameters:
  ///   - experiment: its name.
  ///   - space: what followed each `--set`.
  ///   - method: a grid if there are only lists, else random.
  ///   - trials: 20, or 27 for halving, or as many as there are combinations; a grid has its own number.
  ///   - metric: of the validation part, or of the training; the experiment's own if nil.
  ///   - minimize: whether less is better; by the metric's name if nil.
  ///   - seed: what values are drawn from, 0 if nil; a grid draws none.
  ///   - threads: for each trial.
  ///   - epochs: of each trial.
  ///   - steps: of each trial, instead of epochs.
  ///   - dataDir: where data are looked for.
  /// - Throws: `AdjointError` of kind usage that names what is wrong.
  public init(
    experiment: String, space texts: [String], method: SweepMethod? = nil, trials: Int? = nil,
    metric: String? = nil, minimize: Bool? = nil, seed: UInt64? = nil,
    threads: Int, epochs: Int? = nil, steps: Int? = nil, dataDir: String? = nil
  ) throws {
    let kind = try ExperimentCatalogue.experiment(named: experiment)
    let metric = metric ?? kind.searchMetric
    let space = try SearchSpace(texts)
    guard !space.varying.isEmpty else {
      throw AdjointError(
        .usage,
        "a sweep needs a setting with several values: --set key=a,b,c or key=log(lo,hi)")
    }
    guard Metric(metric).part != .test else {
      throw AdjointError(
        .usage,
        "--metric \(metric): the test part must not choose among trials, or its figure says nothing of new "
          + "data; take a metric of the validation part")
    }
    let hasRanges = space.dimensions.contains { $0.list == nil }
    let method = method ?? (hasRanges ? .random : .grid)
    if let seed, method == .grid {
      throw AdjointError(
        .usage,
        "--seed \(seed): a grid draws nothing; what trials draw from is --set seed=\(seed)")
    }
    self.experiment = experiment
    self.space = texts
    self.method = method
    self.metric = metric
    let isHigherBetter = minimize.map { !$0 } ?? Metric(metric).isHigherBetter
    self.minimize = isHigherBetter == false
    isDirectionKnown = isHigherBetter == nil ? false : nil
    self.seed = seed ?? 0
    self.threads = threads
    self.epochs = epochs
    self.steps = steps
    self.dataDir = dataDir
    let lengths = space.dimensions.filter { ["epochs", "steps"].contains($0.key) }
    let flag: String? = epochs != nil ? "epochs" : steps != nil ? "steps" : nil
    // Also with the other one: epochs count only where there are no steps.
    if let flag, let length = lengths.first(where: { $0.key == flag || $0.list != ["0"] }) {
      throw AdjointError(.usage, "--\(flag) and --set \(length.key) exclude one another")
    }
    if method == .halving, let length = lengths.first(where: \.varies) {
      throw AdjointError(
        .usage, "--set \(length.text): --method halving itself divides the \(length.key)")
    }
    self.trials = try Self.count(trials, method, space)
    drawing = method == .grid || space.combinations == nil ? nil : .withoutReplacement
  }

  /// More than anybody has the time for.
  private static let mostTrials = 100_000

  private static func count(
    _ trials: Int?, _ method: SweepMethod, _ space: SearchSpace
  ) throws -> Int {
    let most = mostTrials
    guard method == .grid else {
      let usual = method == .halving ? 27 : 20
      if let trials, !(1...most).contains(trials) {
        throw AdjointError(.usage, "--trials \(trials): has to be in 1 … \(most)")
      }
      guard let size = space.combinations, size < trials ?? usual else { return trials ?? usual }
      if let trials {
        throw AdjointError(
          .usage,
          "--trials \(trials): these settings have \(size) combinations, and none is drawn twice")
      }
      guard method == .random || size >= Halving.eta else {
        throw AdjointError(
          .usage,
          "--method halving: takes at least 3 trials, and these settings have \(size) combinations; "
            + "--method random tries them all")
      }
      return size
    }
    let size = try space.gridSize()
    guard size <= most else {
      throw AdjointError(
        .usage, "this grid has more than \(most) combinations; --method random tries some of them")
    }
    guard trials == nil || trials == size else {
      throw AdjointError(
        .usage,
        "--trials \(trials ?? 0): this grid has \(size) combinations; --method random tries some of them"
      )
    }
    return size
  }

  /// Throws bad data if a request that was read asks for trials for which there are no values.
  ///
  /// - Parameters:
  ///   - space: its settings.
  ///   - file: where it was read from.
  func requireTrials(in space: SearchSpace, file: String) throws {
    let counted =
      method == .grid ? try space.gridSize() : drawing.map { _ in space.combinations ?? 0 }
    let most = min(counted ?? .max, Self.mostTrials)
    guard trials >= 1, trials <= most else {
      throw AdjointError(.badData, "\(file): expected 1 to \(most) trials, found \(trials)")
    }
  }

  /// Refuses rungs that are not there or that nobody comes to.
  func requireRungs(file: String) throws {
    guard !rungs.isEmpty, rungs.allSatisfy({ $0.trials >= 1 }) else {
      throw AdjointError(
        .badData,
        "\(file): expected rungs of at least one trial, found \(rungs.map(\.trials))")
    }
  }

  /// The settings that a trial changes, in the order given.
  func settings(_ trial: Int, in space: SearchSpace) -> [(key: String, value: String)] {
    if method == .grid { return space.gridSettings(trial) }
    guard drawing == .withoutReplacement, let combinations = space.combinations else {
      return space.drawnSettings(trial, seed: seed)
    }
    return space.dealtSettings(trial, of: combinations, seed: seed)
  }

  /// All that a trial changes of the experiment's default.
  func changes(_ trial: Int, in space: SearchSpace) -> [(key: String, value: String)] {
    let length = [("epochs", epochs), ("steps", steps)].compactMap { key, value in
      value.map { (key: key, value: "\($0)") }
    }
    return settings(trial, in: space) + length
  }

  /// The command that trains the best again, on the same data: without their place others may be found.
  var trainingOfTheBest: String {
    let words = ["adjoint", "train", experiment, "--config", "best.json"]
    return (words + (dataDir.map { ["--data-dir", shellWord($0)] } ?? [])).joined(separator: " ")
  }

  /// The command that makes this sweep, without the places of data and output.
  public var command: String {
    var words = ["adjoint", "sweep", experiment]
    for text in space { words += ["--set", shellWord(text)] }
    words += ["--method", method.rawValue]
    if method != .grid { words += ["--trials", "\(trials)", "--seed", "\(seed)"] }
    if let epochs { words += ["--epochs", "\(epochs)"] }
    if let steps { words += ["--steps", "\(steps)"] }
    words += ["--metric", metric]
    if Metric(metric).isHigherBetter != !minimize {
      words.append(minimize ? "--minimize" : "--maximize")
    }
    return (words + ["--threads", "\(threads)"]).joined(separator: " ")
  }
}
