import Models
import Tensors

/// What determines a run of `uva-mlp-best`.
struct UvABestConfiguration: TimedConfiguration {
  /// How the learning rate falls.
  enum RateSchedule: String, Codable, Sendable, CaseIterable {
    case constant, cosine
  }

  var hidden = WeightNormalizedPerceptron.documentWidths.map(String.init).joined(separator: ",")
  var batchSize = 200
  var epochs = 1
  var steps = 100_000
  var learningRate = 1e-4
  var schedule = RateSchedule.constant
  var dropout = 0.2
  var droppedLayers = 5
  var weightDecay = 0.0
  var mirror = false
  var shift = 0
  var validation = 0
  var seed: UInt64 = 0
  var precision = DType.float32

  static let settings: [Setting<Self>] = [
    .other("hidden", "whole numbers with commas", "widths of the hidden layers"),
    .whole("batch_size", \.batchSize, in: 1...50_000, "images in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .word(
      "schedule", RateSchedule.self, "how the rate falls; a cosine ends at zero with the last step"),
    .real(
      "dropout", \.dropout, in: 0...0.99,
      "probability with which an input of the first layers is dropped"),
    .whole(
      "dropped_layers", \.droppedLayers, in: 0...10,
      "layers, from the first, that have dropout in front"),
    .real(
      "weight_decay", \.weightDecay, in: 0...1e6,
      "λ; λ times the rate times the parameter is taken from it in each step (AdamW)"),
    .flag("mirror", "whether images are mirrored, each with probability one half"),
    .whole("shift", \.shift, in: 0...31, "pixels by which an image is moved at most"),
    .whole(
      "validation", \.validation, in: 0...49_999, "last training images held back for validation"),
    .seed(\.seed, "what weights, order and noise are drawn from"),
    .precision,
  ]

  func validateTogether() throws {
    for width in parsedWidths {
      guard let width else {
        throw AdjointError(
          .usage, "hidden=\(hidden): expected whole numbers separated by commas, such as 200,100")
      }
      try check("hidden", width, in: 1...100_000)
    }
  }

  /// The widths of the hidden layers.
  var hiddenWidths: [Int] { parsedWidths.compactMap { $0 } }

  /// Nil for what is not a whole number as a program writes it.
  private var parsedWidths: [Int?] {
    hidden.split(separator: ",", omittingEmptySubsequences: false).map { text in
      Int(text).flatMap { "\($0)" == text ? $0 : nil }
    }
  }
}
