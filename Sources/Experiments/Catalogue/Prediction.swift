import Checkpoints
import Datasets
import Foundation
import Layers
import Tensors

/// An experiment whose model can be run on rows of features from a file.
protocol PredictingExperiment: Experiment {
  /// The model of a configuration, its weights not yet loaded.
  static func model(for configuration: Configuration) -> any Layer
  /// Features in a row of its input.
  static func inputWidth(of configuration: Configuration) -> Int
}

/// `adjoint predict`
public enum Prediction {
  /// Rows that go through the model at once.
  private static let batch = 1000

  /// Runs a model on the rows of an array and writes its outputs.
  ///
  /// - Parameters:
  ///   - name: the experiment whose model it is.
  ///   - changes: settings that change the model, such as `hidden`.
  ///   - weights: a safetensors file with all of its parameters and no others.
  ///   - input: an `.npy` file, `[rows, features]`.
  ///   - output: the `.npy` file to write, `[rows, outputs]`.
  /// - Returns: the shape of the output.
  /// - Throws: ``AdjointError`` that names the file and what is wrong with it.
  public static func run(
    model name: String, changes: [(key: String, value: String)], weights: URL, input: URL,
    output: URL
  ) throws -> Shape {
    let kind = try ExperimentCatalogue.experiment(named: name)
    guard let kind = kind as? any PredictingExperiment.Type else {
      throw AdjointError(.usage, "\(name): has no model that predicts rows of an array")
    }
    return try run(kind, name, changes, weights, input, output)
  }

  private static func run<Kind: PredictingExperiment>(
    _ kind: Kind.Type, _ name: String, _ changes: [(key: String, value: String)], _ weights: URL,
    _ input: URL, _ output: URL
  ) throws -> Shape {
    let configuration = try ExperimentRunner.configuration(kind, changes)
    let model = kind.model(for: configuration)
    try load(try StateFile.read(weights), into: model, from: weights.path)
    let x = try NPY.read(input)
    let width = kind.inputWidth(of: configuration)
    guard x.rank == 2, x.shape[1] == width else {
      throw AdjointError(
        .badData, "\(input.path): expected shape [rows, \(width)], found \(x.shape)")
    }
    let rows = x.converted(to: parameters(of: model).first?.dtype ?? .float32)
    var parts: [Tensor] = []
    for start in stride(from: 0, to: max(x.shape[0], 1), by: batch) {
      let count = min(batch, x.shape[0] - start)
      parts.append(
        callModel(model, slice(rows, axis: 0, from: start, count: count)))
    }
    let y = concatenate(parts, axis: 0)
    try AtomicFile.write(NPY.encode(y), to: output)
    return y.shape
  }

  private static func callModel(_ model: some Layer, _ x: Tensor) -> Tensor {
    model(x, .inference)
  }
}
