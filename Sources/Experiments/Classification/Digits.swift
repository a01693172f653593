import Datasets
import Foundation
import Layers
import Tensors
import Training

/// What of a configuration decides which digits there are, and how its network takes them.
protocol DigitsConfiguration {
  /// Training images held back for validation.
  var validation: Int { get }
  /// How many digits are drawn for training where there is no MNIST.
  var drawnTrain: Int { get }
  /// How many digits are drawn for the test where there is no MNIST.
  var drawnTest: Int { get }
  /// What they are drawn from.
  var seed: UInt64 { get }
  /// The configuration's network as one that looks at 28 × 28 pixels, and whether it takes them as images or as rows.
  func onPixels(_ network: any Layer) -> (network: any Layer, layout: InputLayout)
}

extension DigitsConfiguration {
  func onPixels(_ network: any Layer) -> (network: any Layer, layout: InputLayout) {
    (network, .rows)
  }
}

/// Handwritten digits: MNIST where it can be found, else ones that the program draws.
struct Digits {
  let parts: ImageClassificationParts
  let description: String
  let files: [RunEnvironment.DataFile]

  /// - Parameters:
  ///   - configuration: how many are held back for validation, and how many are drawn.
  ///   - data: where MNIST is looked for.
  ///   - note: is told in one line which digits they are.
  static func load(
    _ configuration: some DigitsConfiguration, from data: DataDirectory,
    note: (String) -> Void
  ) throws -> Digits {
    guard let found = try FoundData(DataCatalogue.mnist, called: "MNIST", in: data, note: note)
    else {
      let (train, test) = (configuration.drawnTrain, configuration.drawnTest)
      try checkMemory(
        784 * Double(train + test), for: "drawn_train=\(train), drawn_test=\(test)")
      note(
        "data: \(ProgressDisplay.grouped(train)) digits drawn by the program, for there is "
          + "no MNIST in $ADJOINT_DATA or the cache (adjoint data fetch mnist)")
      let drawn = DrawnDigits.load(
        trainCount: train, testCount: test, seed: configuration.seed)
      return try Digits(
        drawn, configuration, files: [],
        description: "digits drawn by the program, \(drawn.train.count) for training and "
          + "\(drawn.test.count) for the test, seed \(configuration.seed)", note: note)
    }
    return try Digits(
      MNIST.load(from: found.folder), configuration, files: found.files, description: "MNIST",
      note: note)
  }

  private init(
    _ sets: (train: ClassificationSet, test: ClassificationSet),
    _ configuration: some DigitsConfiguration, files: [RunEnvironment.DataFile],
    description: String, note: (String) -> Void
  ) throws {
    guard configuration.validation < sets.train.count else {
      throw AdjointError(
        .usage,
        "validation=\(configuration.validation): there are \(sets.train.count) training images")
    }
    guard sets.train.featureCount == 784, sets.train.classCount == 10 else {
      throw AdjointError(
        .badData,
        "\(sets.train.description): expected images of 28 × 28, found \(sets.train.height) × "
          + "\(sets.train.width)")
    }
    let split = sets.train.split(
      validationCount: configuration.validation, seed: configuration.seed)
    parts = ImageClassificationParts(
      train: split.train, validation: configuration.validation > 0 ? split.validation : nil,
      test: sets.test)
    parts.warnOfEmptyClasses(note)
    self.files = files
    self.description = description
  }
}
