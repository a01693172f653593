import Datasets
import Foundation
import Tensors
import Training

/// CIFAR-10 in parts, as the courses that work with it cut it.
struct CIFARImages {
  let parts: ImageClassificationParts
  let description: String
  let files: [RunEnvironment.DataFile]

  /// - Parameters:
  ///   - validation: how many of the last training images are held back.
  ///   - data: where the files are looked for.
  ///   - experiment: who wants them, for messages.
  ///   - note: is told in one line where they are.
  /// - Throws: `AdjointError` of kind no input if there are none: these experiments have nothing to fall back on.
  init(
    validation: Int, from data: DataDirectory, for experiment: String, note: (String) -> Void
  ) throws {
    guard let folder = try data.locate(DataCatalogue.cifar10) else {
      throw AdjointError(
        .noInput,
        "\(experiment): there is no CIFAR-10 in $ADJOINT_DATA or the cache; adjoint data fetch cifar10, "
          + "or name its folder with --data-dir")
    }
    note("data: CIFAR-10 in \(folder.path)")
    let files = try DataCatalogue.cifar10.find(in: folder).compactMap { $0 }.map {
      RunEnvironment.DataFile(name: $0.lastPathComponent, sha256: try Checksum(of: $0).sha256)
    }
    let sets = try CIFAR10.load(from: folder)
    let count = sets.train.count
    Self.noteOfCounts("CIFAR-10", count, sets.test.count, note)
    guard validation < count else {
      throw AdjointError(
        .usage, "validation=\(validation): there are \(count) training images")
    }
    parts = ImageClassificationParts(
      train: validation > 0 ? sets.train[0..<(count - validation)] : sets.train,
      validation: validation > 0 ? sets.train[(count - validation)..<count] : nil,
      test: sets.test)
    parts.warnOfEmptyClasses(note)
    self.files = files
    // The same images come with pixels of more than one kind: as they were published, and after JPEG.
    description =
      "CIFAR-10 (batches with SHA-256 "
      + files.map { $0.sha256.prefix(8) + "…" }.joined(separator: " ") + ")"
  }

  /// Says where there are fewer images than were published: a part of them, or a file that was cut between two.
  static func noteOfCounts(_ name: String, _ train: Int, _ test: Int, _ note: (String) -> Void) {
    guard train != 50_000 || test != 10_000 else { return }
    let (train, test) = (ProgressDisplay.grouped(train), ProgressDisplay.grouped(test))
    note("\(name): \(train) training and \(test) test images; published are 50,000 and 10,000")
  }
}
