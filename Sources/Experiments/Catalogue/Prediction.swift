import Checkpoints
import Datasets
import Foundation
import Layers
import Tensors
import Training

/// `adjoint predict`
public enum Prediction {
  /// Rows that go through the model at once.
  private static let batch = 1000

  /// The convolutional networks that are known by their own names.
  public static var networkNames: [String] { ImageNetworks.names }

  /// Runs a model on the rows or images of an array and writes its outputs.
  ///
  /// - Parameters:
  ///   - name: the experiment whose model it is, or a convolutional network such as `resnet20`.
  ///   - changes: settings of an experiment that change the model, such as `hidden`; others are those of the run that
  ///     the weights lie in, or the default's.
  ///   - weights: a file of safetensors, or one that PyTorch saved, with all of the model's state and no more.
  ///   - input: an `.npy` file: `[rows, features]`, bytes scaled as in training; for convolutional networks
  ///     `[rows, height, width, channels]`, or `[rows, channels, height, width]`, of normalised inputs, or of bytes
  ///     that are normalised first.
  ///   - output: the file to write, `[rows, outputs]`; its name ends in `.npy`.
  ///   - note: told what was opened in the weights' file or taken off their names, and what is taken for granted of
  ///     bytes where the weights lie in no run.
  /// - Returns: the shape of the output.
  /// - Throws: `AdjointError` that names the file and what is wrong with it.
  public static func run(
    model name: String, changes: [(key: String, value: String)], weights: URL, input: URL,
    output: URL, note: (String) -> Void = { _ in }
  ) throws -> Shape {
    try requireSuited(name, toPictures: false)
    try requireEnding(of: output, "npy")
    if let image = try imageModel(name, changes, weights) {
      let images = try NPY.contents(of: input)
      let side = try image.side() ?? (images.shape.rank == 4 ? images.shape[2] : 1)
      let prediction = try image.prediction(weights, imageSide: side, note: note)
      if case .bytes = images {
        image.tellAssumptions(of: prediction, weights, side: prediction.side, note)
      }
      return try write(prediction.logits(images, from: input), to: output)
    }
    guard let kind = try experiment(named: name) as? any PredictingExperiment.Type else {
      throw AdjointError(.usage, "\(name): has no model that predicts rows of an array")
    }
    return try run(kind, changes, weights, input, output, note)
  }

  /// Throws a usage error if a model goes on with tables, which a run of it alone does.
  public static func requireNoForecaster(_ name: String) throws {
    guard !ImageNetworks.names.contains(name) else { return }
    if try experiment(named: name) is any ForecastingExperiment.Type {
      throw AdjointError(
        .usage, "\(name) forecasts tables: adjoint predict --run RUN --input FILE.csv")
    }
  }

  /// Throws a usage error if a model goes on with tables, or takes no pictures where there are some.
  public static func requireSuited(_ name: String, toPictures: Bool) throws {
    try requireNoForecaster(name)
    guard toPictures, !ImageNetworks.names.contains(name),
      try !(experiment(named: name) is any ImageExperiment.Type)
    else { return }
    throw rowsOnly(name)
  }

  static func rowsOnly(_ name: String) -> AdjointError {
    AdjointError(.usage, "\(name): takes rows of an array, no pictures")
  }

  /// A convolutional network by its own name, or that of an experiment's configuration.
  enum ImageModel {
    /// With the settings of the run that its weights lie in; nil where they lie in none.
    case network(String, run: ImageConfiguration?)
    case configured(ImageConfiguration, isOfRun: Bool)

    /// What it was trained with, as far as that is known.
    var configuration: ImageConfiguration? {
      switch self {
      case .network(_, let run): run
      case .configured(let configuration, _): configuration
      }
    }

    private var isOfRun: Bool {
      switch self {
      case .network(_, let run): run != nil
      case .configured(_, let isOfRun): isOfRun
      }
    }

    /// The side of the images that it was trained on; nil where that is not known.
    func side() throws -> Int? {
      try configuration.flatMap { try ImageSet.form($0, classes: 1).side }
    }

    func prediction(
      _ weights: URL, imageSide: Int, note: (String) -> Void
    ) throws -> ImagePrediction {
      switch self {
      case .network(let name, let run):
        try ImagePrediction(
          network: name, of: run, weights: weights, imageSide: imageSide, note: note)
      case .configured(let configuration, _):
        try ImagePrediction(configuration, weights: weights, note: note)
      }
    }

    /// Tells what is taken for granted of images where no run says what the weights were trained on.
    ///
    /// - Parameter side: the one that images have to have, or are brought to; nil where any will do.
    func tellAssumptions(
      of prediction: ImagePrediction, _ weights: URL, side: Int?, _ note: (String) -> Void
    ) {
      guard !isOfRun else { return }
      let size = side.map { " of \($0) × \($0) pixels," } ?? ""
      note("\(weights.path): taken for weights of images\(size) \(prediction.normalization)")
    }
  }

  /// Nil for a name that is of neither; that may still be of an experiment on rows.
  static func imageModel(
    _ name: String, _ changes: [(key: String, value: String)], _ weights: URL
  ) throws -> ImageModel? {
    guard !ImageNetworks.names.contains(name) else {
      guard changes.isEmpty else {
        throw AdjointError(
          .usage,
          "\(name): has no settings, found \(changes.map(\.key).joined(separator: ", ")); its weights say "
            + "how it is built")
      }
      return .network(name, run: try runConfiguration(weights))
    }
    guard let kind = try experiment(named: name) as? any ImageExperiment.Type else { return nil }
    return try configured(kind, changes, weights)
  }

  private static func experiment(named name: String) throws -> any Experiment.Type {
    let all = ExperimentCatalogue.all
    if let found = all.first(where: { $0.information.name == name }) { return found }
    let names = all.filter { $0 is any PredictingExperiment.Type || $0 is any ImageExperiment.Type }
      .map { $0.information.name }
    throw AdjointError(.usage, unknown("model", name, among: names + ImageNetworks.names))
  }

  private static func configured<Kind: ImageExperiment>(
    _ kind: Kind.Type, _ changes: [(key: String, value: String)], _ weights: URL
  ) throws -> ImageModel {
    let found = try configuration(of: kind, changes, weights)
    var image = found.configuration.image
    let preset = changes.last { $0.key == "preset" }?.value ?? "default"
    // Which weights it began with is not known, but that it did is: the images are normalised for them.
    if !found.isOfRun, kind.presetsOfGivenWeights.contains(preset), image.weights.isEmpty {
      image.weights = weights.path
    }
    return .configured(image, isOfRun: found.isOfRun)
  }

  /// The settings of the run of a convolutional network that the weights lie in; nil where they lie in none.
  private static func runConfiguration(_ weights: URL) throws -> ImageConfiguration? {
    let name = experimentOfRun(weights)
    let found = ExperimentCatalogue.all.first { $0.information.name == name }
    guard let kind = found as? any ImageExperiment.Type else { return nil }
    return try configured(kind, [], weights).configuration
  }

  /// The changed settings of the run that the weights lie in as `checkpoints/step-…/model.safetensors`, or of a preset.
  private static func configuration<Kind: Experiment>(
    of kind: Kind.Type, _ changes: [(key: String, value: String)], _ weights: URL
  ) throws -> (configuration: Kind.Configuration, isOfRun: Bool) {
    let file = run(of: weights)?.appendingPathComponent("configuration.json")
    let isOfRun =
      !changes.contains { $0.key == "preset" }
      && experimentOfRun(weights) == kind.information.name
    let configuration = try ExperimentRunner.configuration(
      kind, changes, from: isOfRun ? file : nil)
    return (configuration, isOfRun)
  }

  /// The experiment of the run that the weights lie in; nil where they lie in none.
  private static func experimentOfRun(_ weights: URL) -> String? {
    let file = run(of: weights)?.appendingPathComponent("configuration.json")
    return file.flatMap { try? RunDirectory.read(SavedName.self, from: $0) }?.experiment
  }

  /// What a run trains, and the weights of its newest checkpoint.
  ///
  /// - Parameter note: told if the run is not over, and of which step the weights are.
  /// - Throws: `AdjointError` of kind no input if it is no run, or has no checkpoint yet.
  public static func newest(
    of run: URL, note: (String) -> Void = { _ in }
  ) throws -> (model: String, weights: URL) {
    let directory = try RunDirectory(opening: run)
    let name = try RunDirectory.read(SavedName.self, from: directory.configuration).experiment
    guard let checkpoint = try Checkpoint.latest(in: directory.checkpoints) else {
      throw AdjointError(.noInput, "\(run.path): has no checkpoint yet")
    }
    if let words = try ExperimentRunner.unfinished(directory) { note("\(run.path): \(words)") }
    return (name, checkpoint.appendingPathComponent("model.safetensors"))
  }

  /// The folder of the run that weights lie in as `checkpoints/step-…/model.safetensors`.
  static func run(of weights: URL) -> URL? {
    let checkpoints = weights.standardizedFileURL.deletingLastPathComponent()
      .deletingLastPathComponent()
    return checkpoints.lastPathComponent == "checkpoints"
      ? checkpoints.deletingLastPathComponent() : nil
  }

  /// Throws what is wrong with the file of an array: no input where there is none.
  public static func requireArray(_ input: URL) throws { _ = try NPY.isOfBytes(input) }

  /// Throws a usage error if a file to write is of none of the formats that what is predicted can be written in: before
  /// the work, not after it.
  static func requireEnding(of output: URL?, _ endings: String...) throws {
    guard let output, !endings.contains(output.pathExtension.lowercased()) else { return }
    let words = endings.map { ".\($0)" }.joined(separator: " or ")
    throw AdjointError(.usage, "--output \(output.relativePath): the name has to end in \(words)")
  }

  static func write(_ y: Tensor, to output: URL) throws -> Shape {
    try write(NPY.encode(y), to: output)
    return y.shape
  }

  /// Writes what was predicted, and makes the folder it is to be in.
  static func write(_ data: Data, to output: URL) throws {
    _ = try OutputFolder.makeNew(output.absoluteURL.deletingLastPathComponent())
    try AtomicFile.write(data, to: output)
  }

  private static func run<Kind: PredictingExperiment>(
    _ kind: Kind.Type, _ changes: [(key: String, value: String)], _ weights: URL, _ input: URL,
    _ output: URL, _ note: (String) -> Void
  ) throws -> Shape {
    let configuration = try configuration(of: kind, changes, weights).configuration
    let predictor = kind.predictor(for: configuration)
    try load(try StateFile.read(weights, note: note), into: predictor.model, from: weights.path)
    var x = try NPY.read(input)
    if x.nonFiniteCount > 0 {
      note("\(input.path): \(x.nonFiniteCount) of \(x.count) numbers are NaN or infinite")
    }
    if predictor.byteDivisor != 1 {
      if try NPY.isOfBytes(input) {
        x = x / predictor.byteDivisor
      } else if let beyond = x.doubles.first(where: { $0 < 0 || $0 > 1 }) {
        note(
          "\(input.path): holds \(String(format: "%g", beyond)); the model was trained on bytes divided by "
            + String(format: "%g, numbers between 0 and 1", predictor.byteDivisor))
      }
    }
    let width = predictor.features
    guard x.rank == 2, x.shape[1] == width else {
      throw AdjointError(
        .badData, "\(input.path): expected shape [rows, \(width)], found \(x.shape)")
    }
    let rows = x.converted(to: parameters(of: predictor.model).first?.dtype ?? .float32)
    var parts: [Tensor] = []
    for start in stride(from: 0, to: max(x.shape[0], 1), by: batch) {
      let count = min(batch, x.shape[0] - start)
      parts.append(predictor.outputs(slice(rows, axis: 0, from: start, count: count)))
    }
    return try write(concatenate(parts, axis: 0), to: output)
  }
}
