import Tensors
import Training

/// Finished runs beside the one whose report this is, in groups of runs that differ in their seeds alone.
struct ImageComparison {
  /// What an experiment compares.
  struct Manner: Sendable {
    /// What the second table says of each name.
    enum Details: Sendable {
      /// What a variant changes, in words.
      case changes
      /// Learning rate, how many weights are trained, and epochs to 95 % of what the reference ends with.
      case convergence
      /// Multiplications, weights and milliseconds of a step.
      case cost
    }

    /// The heading of its section.
    var title: String
    /// What runs of one name are: `variant`.
    var kind: String
    /// The name that the others are held against; nil for that of the first run that was named.
    var reference: String?
    /// All names in their order, each with a word on it; those of other names follow in the order they come in.
    var names: [(name: String, words: String)] = []
    var details: Details
    /// The settings in which runs of different names may differ; nil for all. Where it is given, runs of other
    /// experiments are refused.
    var differing: Set<String>?

    /// Networks of whichever experiment.
    static let networks = Manner(
      title: "Against other networks", kind: "network", details: .cost)
  }

  /// Runs that differ in their seeds alone.
  struct Group {
    let name: String
    let runs: [ImageRun]

    /// What all of them measured at the end; nil if one did not.
    func final(_ metric: String) -> SeedStatistics? {
      let values = runs.compactMap { $0.metrics[metric] }
      return values.count == runs.count ? SeedStatistics(values: values) : nil
    }

    /// The mean of a metric over the runs, by epoch.
    func curve(_ metric: String) -> [(epoch: Int, mean: Double)] {
      SeedStatistics.curve(of: metric, in: runs.map(\.history))
    }

    /// The first epoch of each run after which a metric is no less than a bound; nil where none is.
    func epochs(to bound: Double, of metric: String) -> [Int?] {
      runs.map { run in
        run.history.epochs.first { ($0.metrics[metric] ?? -.infinity) >= bound }?.epoch
      }
    }

    /// Seconds of each run; nil if those of one are not known.
    var seconds: SeedStatistics? {
      let values = runs.compactMap(\.seconds)
      return values.count == runs.count ? SeedStatistics(values: values) : nil
    }
  }

  let manner: Manner
  /// The reference first, if there is one among them, or in the manner's order.
  let groups: [Group]
  /// The group that the others are held against; nil if there is none.
  let reference: Group?
  /// Trials of the named sweeps that came to no end.
  let unfinished: Int
  /// How many classes the data have, which all runs share.
  let classes: Int

  /// - Parameters:
  ///   - this: the run whose report this is; it takes the place of one with the same settings and seed.
  ///   - others: the finished runs.
  ///   - manner: how they are compared.
  ///   - classes: how many the data have, which all runs share.
  /// - Throws: `AdjointError` of kind usage for runs that cannot stand beside one another.
  init(
    _ this: ImageRun, with others: ImageRun.Collection, _ manner: Manner, classes: Int
  ) throws {
    var runs = [this]
    for other in others.runs {
      try Self.requireComparable(other, this, manner)
      if !runs.contains(where: { $0.isTwin(of: other) }) { runs.append(other) }
    }
    var groups: [Group] = []
    for run in runs where !groups.contains(where: { $0.name == run.name }) {
      let group = runs.filter { $0.name == run.name }
      for other in group.dropFirst() { try Self.requireSameSettings(other, as: run) }
      groups.append(
        Group(name: run.name, runs: group.sorted { $0.image.seed < $1.image.seed }))
    }
    let wanted = manner.reference ?? others.runs.first?.name
    let order = manner.names.map(\.name)
    func rank(_ group: Group) -> Int { order.firstIndex(of: group.name) ?? order.count }
    self.manner = manner
    self.classes = classes
    self.groups = groups.enumerated().sorted {
      (rank($0.element), $0.offset) < (rank($1.element), $1.offset)
    }.map(\.element)
    reference = groups.first { $0.name == wanted }
    unfinished = others.unfinished
  }

  private static func requireComparable(
    _ other: ImageRun, _ this: ImageRun, _ manner: Manner
  ) throws {
    let folder = other.folder ?? "this run"
    try FinishedRun.requireSameData(other.data, as: this.data, in: folder)
    guard let differing = manner.differing else { return }
    try FinishedRun.requireSameExperiment(other.experiment, as: this.experiment, in: folder)
    try requireSameSettings(other, as: this, except: differing)
  }

  private static func requireSameSettings(
    _ other: ImageRun, as run: ImageRun, except allowed: Set<String> = []
  ) throws {
    let keys = Set(run.settings.keys).union(other.settings.keys).subtracting(allowed)
    let different = keys.filter { run.settings[$0] != other.settings[$0] }.sorted()
    guard let key = different.first else { return }
    let place = run.folder ?? "this run"
    throw AdjointError(
      .usage,
      "compare: \(other.folder ?? "this run"): has \(key)=\(other.settings[key] ?? ""), \(place) "
        + "\(key)=\(run.settings[key] ?? ""); runs "
        + (allowed.isEmpty
          ? "of one name (\(run.name)) may differ in their seeds alone"
          : "beside one another may differ in \((allowed.sorted() + ["seed"]).joined(separator: " and ")) alone")
    )
  }
}
