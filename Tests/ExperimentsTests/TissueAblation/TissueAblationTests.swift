import Datasets
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// Model B's ablation in the small, on drawn tissue: a sweep of variants and seeds, and the report over it.
@Suite(.serialized) struct TissueAblationTests {
  private static let small = [
    "size=28", "network=resnet20", "batch_size=40", "epochs=2", "augment=flip",
  ]

  private func draw(into folder: TemporaryFolder) throws -> DataDirectory {
    _ = try MedMNIST.synthesize("pathmnist", size: 28, count: 132, into: folder.url)
    return DataDirectory(explicit: folder.url, environment: ["HOME": folder.path])
  }

  /// The loop looks before each epoch and before each step: the seventh time is in the second epoch of three steps.
  private final class Looks: Sendable {
    private let count = Atomic(0)

    func isSeventh() -> Bool { count.add(1, ordering: .relaxed).newValue >= 7 }
  }

  /// Trains in this process what a sweep would train in another; the first trial is stopped once in its second epoch.
  private final class Trials {
    var launched: [Int] = []
    var isStopping = false
    let data: DataDirectory

    init(_ data: DataDirectory) { self.data = data }

    func options() -> Sweep.Options {
      var options = Sweep.Options()
      options.isInterrupted = { [self] in isStopping }
      options.launch = { [self] job in
        launched.append(job.trial)
        let outcome = try train(job, stopping: launched.count == 1)
        return ScriptedTrial { outcome }
      }
      return options
    }

    private func train(_ job: TrialJob, stopping: Bool) throws -> TrialOutcome {
      var request = ExperimentRunner.Request(data: data)
      if FileManager.default.fileExists(atPath: job.folder.path) {
        request.resume = job.folder
      } else {
        request.changes = job.changes
        request.output = job.folder
      }
      request.isQuiet = true
      if stopping {
        let looks = Looks()
        request.options.isInterrupted = { looks.isSeventh() }
      }
      let summary = try ExperimentRunner.train(job.experiment, request)
      if summary.interrupted { isStopping = true }
      return summary.interrupted
        ? .interrupted
        : .finished(metrics: summary.metrics, steps: summary.steps, seconds: summary.seconds)
    }
  }

  @Test func variantsAndSeedsInOneReport() throws {
    let folder = try TemporaryFolder()
    let data = try draw(into: folder)
    let request = try SweepRequest(
      experiment: "pathmnist-ablation",
      space: Self.small + ["variant=full,sgd", "seed=0,1"], threads: 1,
      dataDir: folder.path)
    let output = folder.file("sweep")
    let trials = Trials(data)
    #expect(try Sweep(request, output: output).run(trials.options()).interrupted)
    trials.isStopping = false
    let result = try Sweep(resuming: output, of: "pathmnist-ablation", dataDir: nil)
      .run(trials.options())
    #expect(trials.launched == [0, 0, 1, 2, 3] && !result.interrupted && result.failures == 0)

    var last = ExperimentRunner.Request(data: data)
    last.changes = Self.small.map { text in
      let words = text.split(separator: "=")
      return (String(words[0]), String(words[1]))
    }
    last.changes += [("variant", "full"), ("seed", "0"), ("compare", output.path)]
    last.output = folder.file("last")
    last.isQuiet = true
    let summary = try ExperimentRunner.train("pathmnist-ablation", last)
    // It is trial 0 once more, which was stopped and gone on with.
    let first = try #require(result.rows.first { $0.trial == 0 })
    #expect(summary.metrics == first.metrics)

    let html = try String(contentsOf: folder.file("last/report.html"), encoding: .utf8)
    #expect(html.contains("<h2>Against the other variants</h2>"))
    func accuracies(_ variant: String) -> [Double] {
      result.rows.filter { $0.settings["variant"] == variant }.map { $0.value("test_accuracy") }
    }
    let (full, other) = (accuracies("full"), accuracies("sgd"))
    #expect(full.count == 2 && other.count == 2)
    // Of two values: the mean, and |a − b| ∕ √2.
    for pair in [full, other] {
      let text = String(
        format: ">%.2f ± %.2f</td>", 50 * (pair[0] + pair[1]),
        100 * abs(pair[0] - pair[1]) / 2.0.squareRoot())
      let isThere = html.contains(text)
      #expect(isThere, "\(text)")
    }
    let squares = [full, other].map { pow($0[0] - $0[1], 2) / 4 }
    let difference = String(
      format: ">%+.2f ± %.2f</td>", 50 * (other[0] + other[1] - full[0] - full[1]),
      100 * (squares[0] + squares[1]).squareRoot()
    ).replacing("-", with: "−").replacing(#/>[+−]0\.00 /#, with: ">0.00 ")
    let isThere = html.contains(difference)
    #expect(isThere, "\(difference)")
    #expect(html.contains("SGD with momentum 0.9") && html.contains("Variant"))
    // The first trial's seconds are spread over two processes, but this run stands in its place.
    #expect(!html.contains("gone on with they are not known"))
    for name in ["against-the-other-variants-1.svg", "against-the-other-variants-4.svg"] {
      #expect(FileManager.default.fileExists(atPath: folder.path + "/last/figures/" + name))
    }
    #expect(
      try ImageRun.read(Sweep.trialFolder(0, in: output)).seconds == nil
        && ImageRun.read(Sweep.trialFolder(1, in: output)).seconds != nil)

    // A sweep with a trial that came to no end, then with none that did.
    for trial in 0..<4 {
      try FileManager.default.removeItem(
        at: Sweep.trialFolder(trial, in: output).appendingPathComponent("result.json"))
      guard trial < 3 else { break }
      let collection = try ImageRun.collect(output.path)
      #expect(collection.runs.count == 3 - trial && collection.unfinished == trial + 1)
    }
    let words = "compare: \(output.path): is a sweep none of whose trials is finished"
    expectError(.noInput, words) { _ = try ImageRun.collect(output.path) }
    // What could not begin leaves no folder behind.
    last.output = folder.file("again")
    expectError(.noInput, words) { _ = try ExperimentRunner.train("pathmnist-ablation", last) }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/again"))
  }

  // MARK: - Settings

  private func configuration(
    _ changes: (String, String)...
  ) throws -> TissueAblationConfiguration {
    try ExperimentRunner.configuration(TissueAblation.self, changes.map { (key: $0, value: $1) })
  }

  @Test func eachVariantChangesWhatItSays() throws {
    let full = try configuration().image
    #expect(full == TissueCustom.pathMNIST)
    var changed: [String: Set<String>] = [:]
    let before = try ConfigurationEditor.settings(of: full)
    for variant in AblationVariant.all {
      let after = try ConfigurationEditor.settings(
        of: configuration(("variant", variant.name)).image)
      changed[variant.name] = Set(before.keys.filter { before[$0] != after[$0] })
    }
    #expect(
      changed == [
        "full": [], "no-augmentation": ["augment"], "no-label-smoothing": ["label_smoothing"],
        "mixup": ["augment"], "cutmix": ["augment"], "no-warmup-cosine": ["warmup", "schedule"],
        "sgd": ["optimizer", "learning_rate", "weight_decay"], "no-average": ["average"],
        "plain": ["augment", "label_smoothing", "warmup", "schedule", "average"],
      ])
    #expect(
      try configuration(("variant", "mixup")).image.augment.description.hasSuffix(",mixup0.2"))
    #expect(
      try configuration(("variant", "sgd"), ("learning_rate", "1")).image.learningRate == 0.05)
  }

  /// What was asked for is not what is trained, and the user is told.
  @Test func saysWhatAVariantTrainsWith() throws {
    let sgd = try configuration(("variant", "sgd"), ("learning_rate", "0.3"))
    #expect(
      try TissueAblation.remarks(on: sgd) == [
        "variant=sgd: trains with learning_rate=0.05, optimizer=sgd, weight_decay=0.0005"
      ])
    #expect(try TissueAblation.remarks(on: configuration()) == [])
  }

  /// The settings of images are set by the names they have everywhere.
  @Test func settingsStandSideBySide() throws {
    let changed = try configuration(("preset", "pneumonia"), ("epochs", "12"), ("seed", "3"))
    #expect(changed.full.data == "pneumoniamnist" && changed.full.epochs == 12)
    #expect(changed.seed == 3 && changed.epochs == 12 && changed.image.seed == 3)
    let settings = try ConfigurationEditor.settings(of: changed)
    #expect(settings["variant"] == "full" && settings["average"] == "0.99")
    #expect(settings.count == (try ConfigurationEditor.settings(of: changed.full)).count + 1)
  }

  @Test func wrongVariants() throws {
    let names = AblationVariant.all.map(\.name)
    expectError(
      .usage, "variant=all: expected \(names.joined(separator: " or "))"
    ) { _ = try configuration(("variant", "all")) }
    expectError(
      .usage, "variant=no-average: changes nothing, for the settings are those without it"
    ) { _ = try configuration(("average", "0"), ("variant", "no-average")) }
    var unknown = TissueAblationConfiguration(TissueCustom.pathMNIST)
    unknown.variant = "no-averages"
    expectError(
      .usage,
      "there is no variant named no-averages; did you mean no-average? (there are "
        + "\(names.sorted().joined(separator: ", ")))"
    ) { try unknown.validate() }
    expectError(.usage, "label_smoothing=1.0: has to be in 0.0 … 0.99") {
      _ = try configuration(("label_smoothing", "1"))
    }
  }
}
