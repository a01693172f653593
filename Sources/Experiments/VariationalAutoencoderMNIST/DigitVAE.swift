import Datasets
import Figures
import Foundation
import Layers
import Tensors
import Training

/// Variational autoencoders of fully connected parts on handwritten digits.
final class DigitVAE: PredictingExperiment {
  static let information = ExperimentInformation(
    name: "vae-mnist",
    summary: "variational autoencoders on digits: plain, β, vector-quantised, lossy (--set kind=)",
    data: "MNIST; digits drawn by the program where there is none",
    target: "evidence lower bound per image and its two terms, for each kind",
    source: "course assignment's resources: β-VAE, VQ-VAE, variational lossy autoencoder",
    reached: "test ELBO in nats: vae −96.2 (75.6 + 20.6), beta −116.4 (108.1 + 8.3), "
      + "vq −124.7 (58.2 + 66.5), lossy −90.1 (79.1 + 11.0)")

  static let presets = ["default": DigitVAEConfiguration()]
  static let searchMetric = "validation_elbo"

  let dataDescription: String
  let dataFiles: [RunEnvironment.DataFile]
  let plan: TrainingPlan
  private let configuration: DigitVAEConfiguration
  private let digits: DigitVAETask

  init(
    _ configuration: DigitVAEConfiguration, data: DataDirectory, note: (String) -> Void
  ) throws {
    self.configuration = configuration
    let found = try Digits.load(configuration, from: data, note: note)
    dataDescription = found.description
    dataFiles = found.files
    digits = DigitVAETask(configuration, found.parts)
    let total = configuration.totalSteps(stepsPerEpoch: digits.stepsPerEpoch)
    plan = configuration.plan(
      configuration.finalRate < 1
        ? .cosine(
          total: total, minimum: configuration.learningRate * configuration.finalRate)
        : .constant, unit: .step)
  }

  static let rows = PredictedRows(
    input: "784 pixels between 0 and 1, or as bytes",
    output: "their reconstruction, how likely each pixel is on")

  static func predictor(for configuration: DigitVAEConfiguration) -> RowPredictor {
    let autoencoder = configuration.autoencoder()
    convert(autoencoder.model, to: configuration.precision)
    return RowPredictor(
      autoencoder.model, features: 784, byteDivisor: 255, outputs: autoencoder.reconstruction)
  }

  var summary: String { configuration.summary }
  var task: any TrainingTask { digits }

  func keyFigures(_ metrics: [String: Double]) -> [Report.KeyFigure] {
    func nats(_ name: String) -> String {
      metrics[name].map { String(format: "%.2f", $0) } ?? "–"
    }
    var figures: [Report.KeyFigure] = [
      .init("Test ELBO", nats("test_elbo"), note: "nats for an image"),
      .init("−ln p(x | z)", nats("test_reconstruction"), note: "nats: what z does not tell"),
      .init(
        "KL divergence", nats("test_divergence"),
        note: configuration.kind == .vq ? "nats: ln K for each position" : "nats: what z tells"),
      .init("Training ELBO", nats("train_elbo")),
    ]
    if let perplexity = metrics["test_perplexity"] {
      figures.append(
        .init(
          "Codebook perplexity", String(format: "%.1f", perplexity),
          note: "of \(configuration.codebook) vectors"))
    }
    let weights = digits.optimizer.parameters.reduce(0) { $0 + $1.count }
    return figures + [.init("Parameters", ProgressDisplay.grouped(weights))]
  }

  func reportSections(of run: RunRecord) throws -> [Report.Section] {
    DigitVAEReport(digits, configuration).sections()
  }
}

@section("adjoint_registry") @used
private let experiment: Registration = { ExperimentCatalogue.register(DigitVAE.self) }
