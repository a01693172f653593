import Checkpoints
import Datasets
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing
import Training

#if canImport(FoundationXML)
  import FoundationXML
#endif
@testable import Experiments

/// The experiment from end to end on a few hundred points.
@Suite(.serialized) struct PlanarVAETests {
  typealias Change = (key: String, value: String)

  private static let small: [Change] = [
    ("hidden", "12"), ("epochs", "4"), ("samples_per_epoch", "330"), ("batch_size", "32"),
    ("evaluation_points", "200"), ("evaluation_draws", "2"), ("snapshot_every", "3"),
  ]

  private func train(
    _ folder: TemporaryFolder, _ name: String = "run", _ changes: [Change] = [],
    stopAfter steps: Int? = nil
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = Self.small + changes
    request.output = folder.file(name)
    request.isQuiet = true
    if let steps { request.options.isInterrupted = stop(after: steps) }
    return try ExperimentRunner.train("vae-2d", request)
  }

  /// Asks to stop after so many steps; the loop asks twice at the end of an epoch, once in each of its loops.
  private func stop(after steps: Int) -> @Sendable () -> Bool {
    let asked = Counter()
    return { asked.next() > steps }
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  private func bytes(_ summary: ExperimentRunner.Summary, _ name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: "\(summary.run)/\(name)"))
  }

  private func history(_ summary: ExperimentRunner.Summary) throws -> History {
    try History(reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
  }

  @Test func summary() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("target", "swiss-roll"), ("seed", "5")])
    #expect(summary.data == "a swiss roll, 320 points drawn in each epoch, seed 5")
    // 330 points make ten whole batches.
    #expect(summary.steps == 40)
    var names: Set<String> = []
    for name in ["divergence", "loss", "negative_elbo", "reconstruction"] {
      names.formUnion(["test_\(name)", "train_\(name)"])
    }
    for name in ["mmd", "sliced_wasserstein"] {
      names.formUnion([name, "\(name)_true", "\(name)_ratio"])
    }
    #expect(Set(summary.metrics.keys) == names)
    func metric(_ name: String) throws -> Double { try #require(summary.metrics[name]) }
    for part in ["test", "train"] {
      let sum = try metric("\(part)_reconstruction") + metric("\(part)_divergence")
      #expect(try metric("\(part)_negative_elbo") == sum)
      #expect(abs(try metric("\(part)_loss") - sum) <= 1e-6 * abs(sum))
    }
    for name in ["mmd", "sliced_wasserstein"] {
      #expect(try metric("\(name)_ratio") == metric(name) / metric("\(name)_true"))
      #expect(try metric("\(name)_true") > 0)
    }
    let losses = try history(summary).losses
    let (first, last) = (losses.prefix(10).reduce(0, +), losses.suffix(10).reduce(0, +))
    #expect(last < first)
  }

  @Test func theSameSeedGivesTheSameBytes() throws {
    let folder = try TemporaryFolder()
    let runs = try [
      train(folder, "a"), train(folder, "b"), train(folder, "c", [("seed", "1")]),
    ]
    for name in ["metrics.jsonl", "samples/epoch-00000.npy", "samples/epoch-00004.npy"] {
      let files = try runs.map { try bytes($0, name) }
      #expect(files[0] == files[1] && files[0] != files[2], "\(name)")
    }
  }

  /// Ten steps to an epoch: within the second, at the end of the third.
  @Test(arguments: [15, 31])
  func resumeEqualsUninterrupted(stop: Int) throws {
    let folder = try TemporaryFolder()
    let whole = try train(folder, "whole")
    let part = try train(folder, "part", stopAfter: stop)
    #expect(part.interrupted && part.steps > 10 && part.steps < 40)
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    let resumed = try ExperimentRunner.train("vae-2d", request)
    #expect(resumed.metrics == whole.metrics && resumed.steps == whole.steps)
    let samples = try FileManager.default.contentsOfDirectory(atPath: whole.run + "/samples")
      .sorted()
    #expect(samples == (0...4).map { "epoch-0000\($0).npy" })
    for name in ["metrics.jsonl"] + samples.map({ "samples/\($0)" }) {
      #expect(try bytes(resumed, name) == bytes(whole, name), "\(name)")
    }
  }

  /// Both ways round in places of their own; over 40 steps that comes to some units of the last place.
  @Test(arguments: [(DType.float32, 1e-4), (.float64, 1e-12)])
  func byHandAndTapeAgree(dtype: DType, tolerance: Double) throws {
    let folder = try TemporaryFolder()
    let precision = Change("precision", dtype.rawValue)
    let tape = try history(train(folder, "tape", [precision]))
    let hand = try history(train(folder, "hand", [precision, ("gradients", "by-hand")]))
    #expect(tape.losses.count == 40 && hand.losses.count == 40)
    for (a, b) in zip(tape.losses, hand.losses) { #expect(abs(a - b) <= tolerance * abs(a)) }
  }

  @Test func evaluateGivesTheSameMetrics() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let again = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(again.metrics == summary.metrics)
  }

  @Test func betaRises() {
    var configuration = PlanarVAEConfiguration()
    (configuration.samplesPerEpoch, configuration.batchSize) = (1280, 128)
    (configuration.epochs, configuration.beta) = (10, 2)
    (configuration.betaStart, configuration.betaRise) = (0.25, 0.5)
    #expect([0, 25, 50, 99].map(configuration.beta(step:)) == [0.5, 1.25, 2, 2])
    configuration.betaRise = 0
    #expect(configuration.beta(step: 0) == 2)
  }

  @Test func report() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let file = URL(fileURLWithPath: summary.run + "/report.html")
    let html = try String(contentsOf: file, encoding: .utf8)
    let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
    #expect(parser.parse(), "line \(parser.lineNumber): not well-formed")
    for words in [
      "<h1>vae-2d</h1>", "<h2>Training</h2>", "<h2>What it generates</h2>",
      "<h2>What it makes of the data</h2>", "<h2>Its gradients, three ways</h2>",
      "generated, with decoder noise", "step step-4-of-5 last-step",
      "Hold the pointer over the figure to pause it.", "<h2>Its bound</h2>", "KL divergence",
      "In the loss the divergence counts β times, which rises from 0.5 to 1 until step 8.",
      "target: ≤ 1.5 ×; distance of true points to generated ones 0.",
      "variational autoencoder of 2-12-12 perceptrons on points in the plane, 4 Gaussian axes. Data: ",
      String(format: "<dd>%.2f ×", summary.metrics["mmd_ratio"] ?? .nan),
    ] {
      #expect(html.contains(words), "\(words)")
    }
    // With the β of each epoch a good run would seem to get worse.
    #expect(!html.contains("Loss of each epoch"))
    // Of a short run each epoch has a picture; their names stand in the moving figure and in the one at rest.
    for epoch in 0...4 {
      #expect(html.components(separatedBy: ">epoch \(epoch)</text>").count == 3)
    }
    let rows = html.matches(of: gradientRow)
    #expect(rows.count == 12)
    for row in rows {
      #expect(try #require(Double(row.2)) < 1e-12)
      #expect(try #require(Double(row.3)) < 1e-7)
    }
    // Written again from the files alone it is the same.
    try FileManager.default.removeItem(at: file)
    _ = try ExperimentRunner.report(URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(try String(contentsOf: file, encoding: .utf8) == html)
  }

  @Test func theBoundOfAConstantBeta() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("beta", "0.25"), ("beta_rise", "0")])
    let html = try String(
      contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
    #expect(html.contains("In the loss the divergence counts β = 0.25 times."))
  }

  /// What is shown of a run of less than an epoch is not the untrained network alone.
  @Test func aRunWithinAnEpochShowsItsLastStep() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("steps", "5"), ("latent", "1")])
    let html = try String(
      contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
    for title in ["epoch 0", "last step"] {
      #expect(html.components(separatedBy: ">\(title)</text>").count == 3, "\(title)")
    }
    // A single coordinate is drawn as a histogram and not against itself.
    for title in ["the prior N(0, 1)", "z of data points, drawn by the encoder"] {
      #expect(html.components(separatedBy: ">\(title)</text>").count == 2, "\(title)")
    }
    #expect(html.components(separatedBy: ">count</text>").count == 3)
  }

  /// While β rises an epoch's loss is measured with the β that its steps had; the final one with the whole.
  @Test func lossesOfEpochsAreThoseOfTheirBeta() throws {
    let folder = try TemporaryFolder()
    let summary = try train(
      folder, "run", [("beta", "2"), ("beta_start", "0"), ("beta_rise", "1")])
    for epoch in try history(summary).epochs {
      func metric(_ name: String) throws -> Double { try #require(epoch.metrics["test_\(name)"]) }
      let beta = 2 * Double(epoch.step - 1) / 40
      let expected = try metric("reconstruction") + beta * metric("divergence")
      #expect(abs(try metric("loss") - expected) <= 1e-6 * abs(expected))
    }
    func final(_ name: String) throws -> Double { try #require(summary.metrics["test_\(name)"]) }
    let expected = try final("reconstruction") + 2 * final("divergence")
    #expect(abs(try final("loss") - expected) <= 1e-6 * abs(expected))
  }

  @Test func aDamagedPictureIsNamed() throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder)
    let file = URL(fileURLWithPath: summary.run + "/samples/epoch-00003.npy")
    try NPY.encode(.ones([2, 3])).write(to: file)
    expectError(.badData, "\(file.path): expected shape [points, 4], found [2, 3]") {
      _ = try ExperimentRunner.report(URL(fileURLWithPath: summary.run), data: folder.noData)
    }
  }

  @Test(arguments: [
    (
      "target", "spiral",
      "expected ring or pinwheel or moons or swiss-roll or checkerboard or mixture"
    ),
    ("latent", "0", "has to be in 1 … 1000"), ("beta", "-1", "has to be in 0.0 … 1000000.0"),
    ("beta_rise", "1.5", "has to be in 0.0 … 1.0"),
    ("batch_size", "331", "has to be at most samples_per_epoch, 330"),
    ("gradients", "magic", "expected tape or by-hand"),
  ])
  func refusesWrongSettings(key: String, value: String, words: String) throws {
    let folder = try TemporaryFolder()
    let text = key == "beta" ? "-1.0" : value
    expectError(.usage, "\(key)=\(text): \(words)") {
      _ = try train(folder, "run", [(key, value)])
    }
  }

  /// What Reference/vae_workload.py prints, PyTorch 2.15, float64.
  @Test(
    arguments: [Workload.Mode.tape, .byHand], [(DType.float32, 1e-5), (.float64, 1e-12)])
  func workloadDoesWhatPyTorchDoes(mode: Workload.Mode, kind: (DType, Double)) throws {
    let measured = try Workload.named("vae-2d").measure(mode: mode, dtype: kind.0, seconds: 0.01)
    let expected = [7.324129845746297, 3.189622967631229]
    for (value, other) in zip([measured.initialLoss, measured.lossAfter10], expected) {
      #expect(abs(try #require(value) - other) <= kind.1 * other)
    }
    #expect(measured.systemRequestsInSteadyState == 0)
  }
}
