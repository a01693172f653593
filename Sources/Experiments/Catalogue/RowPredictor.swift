import Layers
import Tensors

/// An experiment whose model can be run on rows of numbers from a file.
protocol PredictingExperiment: Experiment {
  /// What its rows are and what it makes of them, for `predict --help`.
  static var rows: PredictedRows { get }
  /// The model of a configuration, its weights not yet loaded, and how it is run.
  static func predictor(for configuration: Configuration) -> RowPredictor
}

/// Rows of numbers in words.
struct PredictedRows: Hashable {
  /// "784 pixels between 0 and 1, or as bytes"
  let input: String
  /// "logits"
  var output = "logits"
}

/// A model that makes something of rows of numbers.
struct RowPredictor {
  /// Whose state the weights are.
  let model: Any
  /// Numbers in a row of its input.
  let features: Int
  /// What a byte is divided by to be such a number, as it was in training.
  let byteDivisor: Double
  /// `[rows, outputs]` of `[rows, features]`
  let outputs: (Tensor) -> Tensor

  /// Whatever it is that makes outputs of rows.
  init(
    _ model: Any, features: Int, byteDivisor: Double = 1, outputs: @escaping (Tensor) -> Tensor
  ) {
    self.model = model
    self.features = features
    self.byteDivisor = byteDivisor
    self.outputs = outputs
  }

  /// A layer, whose outputs they are in inference.
  init(_ layer: some Layer, features: Int, byteDivisor: Double = 1) {
    self.init(layer, features: features, byteDivisor: byteDivisor) { layer($0, .inference) }
  }
}

extension Prediction {
  /// What experiments on rows take and give, one entry for those that are alike.
  public static var rowFormats: [(names: String, meaning: String)] {
    var names: [PredictedRows: [String]] = [:]
    for case let kind as any PredictingExperiment.Type in ExperimentCatalogue.all {
      names[kind.rows, default: []].append(kind.information.name)
    }
    return names.map { rows, names in
      (names.joined(separator: ", "), "\(rows.input); gives \(rows.output)")
    }.sorted { $0.0 < $1.0 }
  }
}
