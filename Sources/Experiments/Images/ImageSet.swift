import Datasets
import Foundation
import Tensors
import Training

/// A set of images in its parts, by the name that a configuration gives it.
struct ImageSet {
  let parts: ImageClassificationParts
  let description: String
  let files: [RunEnvironment.DataFile]
  let kind: ImageSetKind
  let transform: PixelTransform

  /// - Parameters:
  ///   - configuration: which set, of which size, and how many images are held back.
  ///   - data: where its files are looked for.
  ///   - experiment: who wants them, for messages.
  ///   - note: is told in one line where they are.
  /// - Throws: `AdjointError` of kind no input if there are none.
  init(
    _ configuration: ImageConfiguration, from data: DataDirectory, for experiment: String,
    note: (String) -> Void
  ) throws {
    kind = try configuration.setKind
    let found =
      if let source = try kind.source?(configuration.size) {
        try Self.published(kind, source, configuration, from: data, for: experiment, note: note)
      } else {
        try Self.pictures(configuration, in: data, for: experiment, note: note)
      }
    var (train, validation) = (found.parts.train, found.parts.validation)
    if validation == nil, configuration.validation > 0 {
      guard configuration.validation < train.count else {
        throw AdjointError(
          .usage, "validation=\(configuration.validation): there are \(train.count) training images"
        )
      }
      let split = train.split(validationCount: configuration.validation, seed: configuration.seed)
      (train, validation) = (split.train, split.validation)
    }
    // Weights from elsewhere are for coloured images.
    let channels = try ImageSet.form(configuration, classes: train.classCount).channels
    parts = ImageClassificationParts(
      train: train.repeating(toChannels: channels),
      validation: validation?.repeating(toChannels: channels),
      test: found.parts.test.repeating(toChannels: channels))
    parts.warnOfEmptyClasses(note)
    (description, files) = (found.description, found.files)
    transform = try ImageSet.normalization(configuration, channels: channels)
  }

  /// The parts as they are found, with what there is to say of them.
  private typealias Found = (
    parts: ImageClassificationParts, description: String, files: [RunEnvironment.DataFile]
  )

  private static func published(
    _ kind: ImageSetKind, _ source: DataSource, _ configuration: ImageConfiguration,
    from data: DataDirectory, for experiment: String, note: (String) -> Void
  ) throws -> Found {
    let found = try FoundData.required(
      source, called: source.name, in: data, for: experiment, note: note)
    let folder = found.folder
    var files = found.files
    let parts = try kind.load(folder, configuration.size, note)
    let checksums = files.map { $0.sha256.prefix(8) + "…" }.joined(separator: " ")
    let isDrawn =
      source.member.map { MedMNIST.isDrawn($0.name, size: $0.size, in: folder) } ?? false
    // That they are not the published ones is said already.
    if isDrawn { files = files.map { .init(name: $0.name, sha256: $0.sha256) } }
    return (
      parts,
      (isDrawn ? "drawn by the program in the layout of " : "")
        + "\(source.name) (files with SHA-256 \(checksums))",
      files
    )
  }

  /// A folder of pictures has no name that it would be found by.
  private static func pictures(
    _ configuration: ImageConfiguration, in data: DataDirectory, for experiment: String,
    note: (String) -> Void
  ) throws -> Found {
    guard let folder = data.explicit else {
      throw AdjointError(
        .noInput,
        "\(experiment): data=\(ImageSetKind.folderName): name the folder with --data-dir; it holds train and "
          + "test, each with a folder of pictures for each class")
    }
    let parts = try ImageFolder.loadParts(folder, size: configuration.size)
    guard parts.train.classCount > 1 else {
      throw AdjointError(
        .badData,
        "\(folder.path): has one class, \(parts.train.classNames.joined()); a classifier needs at least two"
      )
    }
    let counts = [parts.train, parts.validation, parts.test].compactMap { $0?.count }
      .map(ProgressDisplay.grouped).joined(separator: " / ")
    note("data: \(counts) pictures of \(parts.train.classCount) classes in \(folder.path)")
    return (
      ImageClassificationParts(
        train: parts.train, validation: parts.validation, test: parts.test),
      "\(counts) pictures of \(parts.train.classCount) classes (SHA-256 \(parts.sha256.prefix(8))…)",
      [.init(name: ImageSetKind.folderName, sha256: parts.sha256)]
    )
  }

  /// How bytes become inputs.
  static func normalization(
    _ configuration: ImageConfiguration, channels: Int
  ) throws -> PixelTransform {
    let (mean, deviation) = try statistics(configuration, channels: channels)
    return .normalized(mean: mean, deviation: deviation)
  }

  /// What each channel is normalised by. Weights from elsewhere expect what they were trained on: the means and
  /// deviations of ImageNet's pixels, which the published networks for CIFAR-10 take too. MedMNIST's own programs take
  /// ½ for all.
  static func statistics(
    _ configuration: ImageConfiguration, channels: Int
  ) throws -> (mean: [Float], deviation: [Float]) {
    let isFromElsewhere = !configuration.weights.isEmpty
    if try channels == 3 && (isFromElsewhere || configuration.setKind.isNormalizedAsImageNet) {
      return ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
    }
    let half = [Float](repeating: 0.5, count: channels)
    return (half, half)
  }

  /// `normalised by the mean 0.5 and the deviation 0.5`
  static func words(_ statistics: (mean: [Float], deviation: [Float])) -> String {
    func text(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: ", ") }
    return "normalised by the mean \(text(statistics.mean)) and the deviation "
      + text(statistics.deviation)
  }

  /// Channels, side and classes of a configuration's set.
  ///
  /// - Parameter classes: how many a folder of pictures has; those of other sets are known before they are read.
  static func form(
    _ configuration: ImageConfiguration, classes: Int
  ) throws -> ImageNetworks.Form {
    let kind = try configuration.setKind
    return .init(
      channels: configuration.weights.isEmpty ? kind.channels : 3,
      classes: kind.classCount ?? classes, side: kind.side ?? configuration.size)
  }
}
