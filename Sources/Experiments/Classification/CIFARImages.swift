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
    let found = try FoundData.required(
      DataCatalogue.cifar10, called: "CIFAR-10", in: data, for: experiment, note: note)
    let sets = try CIFAR10.load(from: found.folder)
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
    files = found.files
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
