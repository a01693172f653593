import Checkpoints
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

/// The four kinds from end to end on a few hundred drawn digits.
@Suite(.serialized) struct DigitVAETests {
  typealias Change = (key: String, value: String)
  private static let kinds = DigitVAEConfiguration.Kind.allCases

  private func train(
    _ folder: TemporaryFolder, _ name: String, _ changes: [Change],
    isInterrupted: (@Sendable () -> Bool)? = nil
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: folder.noData)
    let small: [Change] = [
      ("hidden", "16"), ("latent", "3"), ("codebook", "8"), ("positions", "4"),
      ("code_width", "3"), ("epochs", "2"), ("batch_size", "16"), ("drawn_train", "160"),
      ("drawn_test", "40"), ("learning_rate", "0.01"),
    ]
    request.changes = small + changes
    request.output = folder.file(name)
    request.isQuiet = true
    if let isInterrupted { request.options.isInterrupted = isInterrupted }
    return try ExperimentRunner.train("vae-mnist", request)
  }

  private func metricsLog(_ summary: ExperimentRunner.Summary) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: summary.run + "/metrics.jsonl"))
  }

  /// What a report shows are the images that were measured on.
  @Test func firstImages() throws {
    var configuration = DigitVAEConfiguration()
    (configuration.hidden, configuration.drawnTrain, configuration.drawnTest) = (8, 32, 1040)
    let folder = try TemporaryFolder()
    let digits = try Digits.load(configuration, from: folder.noData) { _ in }
    let task = DigitVAETask(configuration, digits.parts)
    var batches: [Tensor] = []
    task.forBatches(of: digits.parts.test) { images, _ in batches.append(images) }
    #expect(batches.map { $0.shape } == [[1000, 784], [40, 784]])
    #expect(task.firstImages(1000, of: digits.parts.test).floats == batches[0].floats)
    #expect(
      task.firstImages(3, of: digits.parts.test).floats == Array(batches[0].floats.prefix(3 * 784)))
  }

  @Test(arguments: kinds)
  func summary(kind: DigitVAEConfiguration.Kind) throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("kind", kind.rawValue)])
    #expect(summary.experiment == "vae-mnist" && summary.steps == 20)
    #expect(
      summary.data
        == "digits drawn by the program, 160 for training and 40 for the test, seed 0")
    let names =
      ["divergence", "elbo", "loss", "reconstruction"] + (kind == .vq ? ["perplexity"] : [])
    #expect(
      summary.metrics.keys.sorted()
        == ["test", "train"].flatMap { part in
          names.map { "\(part)_\($0)" }
        }.sorted())
    for part in ["test", "train"] {
      func metric(_ name: String) throws -> Double {
        try #require(summary.metrics["\(part)_\(name)"])
      }
      let (reconstruction, divergence) = (try metric("reconstruction"), try metric("divergence"))
      #expect(try metric("elbo") == -(reconstruction + divergence))
      // Pixels that are guessed by the coin cost 784 ln 2 = 543 nats.
      #expect(reconstruction > 0 && reconstruction < 500)
      let loss = try metric("loss")
      switch kind {
      case .vae, .lossy: #expect(abs(loss - reconstruction - divergence) <= 1e-3)
      case .beta: #expect(abs(loss - reconstruction - 4 * divergence) <= 1e-3)
      case .vq:
        #expect(abs(divergence - 4 * log(8)) < 1e-9 && loss > reconstruction)
        #expect((1...8).contains(try metric("perplexity")))
      }
    }
    let history = try History(
      reading: RunDirectory(opening: URL(fileURLWithPath: summary.run)).metrics)
    if kind == .vq {
      // The vectors' own term rises while they find the encoder's outputs: what falls is what the codes do not tell.
      let costs = history.epochs.compactMap { $0.metrics["test_reconstruction"] }
      try #require(costs.count == 2)
      #expect(costs[1] < costs[0] - 10)
    } else {
      #expect(try #require(history.losses.last) < history.losses[0] - 20)
    }
    let again = try ExperimentRunner.evaluate(
      URL(fileURLWithPath: summary.run), data: folder.noData)
    #expect(again.metrics == summary.metrics)
  }

  @Test(arguments: kinds)
  func theSameSeedGivesTheSameBytesAlsoAfterAResumption(
    kind: DigitVAEConfiguration.Kind
  ) throws {
    let folder = try TemporaryFolder()
    let whole = try train(folder, "a", [("kind", kind.rawValue)])
    let other = try train(folder, "b", [("kind", kind.rawValue), ("seed", "1")])
    let asked = Counter()
    let part = try train(folder, "c", [("kind", kind.rawValue)]) { asked.next() > 8 }
    #expect(part.interrupted && (1..<20).contains(part.steps))
    var request = ExperimentRunner.Request(data: folder.noData)
    request.resume = URL(fileURLWithPath: part.run)
    request.isQuiet = true
    let resumed = try ExperimentRunner.train("vae-mnist", request)
    #expect(resumed.metrics == whole.metrics)
    #expect(try metricsLog(resumed) == metricsLog(whole))
    #expect(try metricsLog(other) != metricsLog(whole))
  }

  private final class Counter: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  @Test(arguments: kinds)
  func report(kind: DigitVAEConfiguration.Kind) throws {
    let folder = try TemporaryFolder()
    let summary = try train(folder, "run", [("kind", kind.rawValue)])
    let html = try String(
      contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
    let parser = XMLParser(data: Data(html.replacing("<!DOCTYPE html>\n", with: "").utf8))
    #expect(parser.parse(), "line \(parser.lineNumber): not well-formed")
    let own =
      kind == .vq
      ? ["A walk between images", "What the codebook is used for"]
      : ["A walk through the latent plane", "What each axis tells"]
    for title in ["Training", "What comes back", "What it generates"] + own {
      #expect(html.contains("<h2>\(title)</h2>"), "\(title)")
    }
    // 24 originals, 24 that came back, 60 samples, and the walk: 12 × 12, or 6 pairs in 12 steps.
    #expect(html.components(separatedBy: "<image").count - 1 == 108 + (kind == .vq ? 72 : 144))
    #expect(
      html.contains(String(format: "<dd>−%.2f", -(summary.metrics["test_elbo"] ?? .nan))))
    #expect(html.contains("<dt>Parameters</dt>"))
    #expect(html.contains("Mean over the first 40 test images.") == (kind != .vq))
    #expect(html.contains("<p class=\"subtitle\">\(Self.summaries[kind] ?? "") Data: digits drawn"))
  }

  /// What is trained, and not all that could have been.
  private static let summaries: [DigitVAEConfiguration.Kind: String] = [
    .vae: "variational autoencoder, 3 Gaussian axes.",
    .beta: "β-variational autoencoder, 3 Gaussian axes, β = 4.",
    .vq: "vector-quantised autoencoder, 4 positions × 8 vectors.",
    .lossy:
      "variational lossy autoencoder, 3 Gaussian axes, a decoder that sees 2 rows above and columns "
      + "beside a pixel.",
  ]

  @Test(arguments: [
    (20, 20, "All 20 axes of z tell more than a hundredth of a nat of an image."),
    (1, 1, "The axis of z tells more than a hundredth of a nat of an image."),
    (0, 2, "No axis of z tells more than a hundredth of a nat of an image."),
    (
      1, 3,
      "1 of 3 axes of z tells more than a hundredth of a nat of an image; the others have been left to the prior."
    ),
    (
      2, 3,
      "2 of 3 axes of z tell more than a hundredth of a nat of an image; the other has been left to the prior."
    ),
  ])
  func usedAxes(used: Int, latent: Int, words: String) {
    #expect(DigitVAEReport.words(used: used, of: latent) == words)
  }

  @Test func latentPlaneOfOneAndTwoAxes() throws {
    let folder = try TemporaryFolder()
    for latent in ["1", "2"] {
      let summary = try train(folder, latent, [("latent", latent), ("epochs", "1")])
      let html = try String(
        contentsOf: URL(fileURLWithPath: summary.run + "/report.html"), encoding: .utf8)
      #expect(html.contains("z over the plane, at the quantiles of the normal distribution:"))
    }
  }

  /// Φ⁻¹ at round numbers (Abramowitz and Stegun, table 26.5).
  @Test func quantiles() {
    for (p, z) in [(0.5, 0), (0.975, 1.959963984540054), (0.1, -1.2815515655446004)] {
      #expect(abs(DigitVAEReport.quantile(p) - z) < 1e-12)
    }
  }

  @Test func trainsOnMNISTWhereItIs() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeMNIST()
    var request = ExperimentRunner.Request(data: data)
    request.changes = [("hidden", "4"), ("latent", "2"), ("epochs", "1")]
    request.output = folder.file("run")
    request.isQuiet = true
    let summary = try ExperimentRunner.train("vae-mnist", request)
    #expect(summary.data == "MNIST" && summary.steps == 1)
  }

  @Test(arguments: [
    ("kind", "gan", "expected vae or beta or vq or lossy"),
    ("codebook", "1", "has to be in 2 … 100000"), ("window", "28", "has to be in 0 … 27"),
    ("positions", "0", "has to be in 1 … 784"), ("latent", "2.5", "expected a whole number"),
  ])
  func refusesWrongSettings(key: String, value: String, words: String) throws {
    let folder = try TemporaryFolder()
    expectError(.usage, "\(key)=\(value): \(words)") {
      _ = try train(folder, "run", [(key, value)])
    }
  }
}
