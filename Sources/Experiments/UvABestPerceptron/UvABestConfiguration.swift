import Models
import Tensors

/// What determines a run of `uva-mlp-best`.
struct UvABestConfiguration: TimedConfiguration {
  /// How the learning rate falls.
  enum RateSchedule: String, Codable, Sendable, CaseIterable {
    case constant, cosine
  }

  /// The widths of the hidden layers, separated by commas; the document's, if nothing is said.
  var hidden = WeightNormalizedPerceptron.documentWidths.map(String.init).joined(separator: ",")
  /// Images in a batch.
  var batchSize = 200
  /// Passes over the training images, where steps is 0.
  var epochs = 1
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 100_000
  /// The learning rate to begin with.
  var learningRate = 1e-4
  /// How it falls, to zero at the last step if it is a cosine.
  var schedule = RateSchedule.constant
  /// The probability with which an input of the first layers is dropped.
  var dropout = 0.2
  /// How many layers, from the first, have dropout in front.
  var droppedLayers = 5
  /// λ; λ times the rate times the parameter is taken from it in each step (AdamW).
  var weightDecay = 0.0
  /// Whether every second image, by chance, is mirrored.
  var mirror = false
  /// How many pixels an image is moved at most.
  var shift = 0
  /// How many of the last training images are held back.
  var validation = 0
  /// What weights, order and noise are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32

  static let choices = [
    "precision": DType.full.map(\.rawValue), "schedule": RateSchedule.allCases.map(\.rawValue),
  ]

  func validate() throws {
    for width in parsedWidths {
      guard let width else {
        throw AdjointError(
          .usage, "hidden=\(hidden): expected whole numbers separated by commas, such as 200,100")
      }
      try check("hidden", width, in: 1...100_000)
    }
    try check("batch_size", batchSize, in: 1...50_000)
    try validateTime()
    try check("dropout", dropout, in: 0...0.99)
    try check("dropped_layers", droppedLayers, in: 0...10)
    try check("weight_decay", weightDecay, in: 0...1e6)
    try check("shift", shift, in: 0...31)
    try check("validation", validation, in: 0...49_999)
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
