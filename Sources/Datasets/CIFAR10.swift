import Foundation
import Tensors

/// The CIFAR-10 data set of small colour photographs, in its publisher's binary version.
///
/// Five files to train with and one for the test, each a row of records of 3,073 bytes: the class,
/// then 1,024 red, 1,024 green and 1,024 blue bytes, row by row. A file may be short: it has as many
/// records as its size makes.
///
/// Source: A. Krizhevsky, "Learning multiple layers of features from tiny images", technical report,
/// University of Toronto, 2009.
public enum CIFAR10 {
  /// What the classes are called, in the order of their numbers.
  public static let classNames = [
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
  ]

  /// The five training files and the test file.
  static let fileNames = (1...5).map { "data_batch_\($0).bin" } + ["test_batch.bin"]

  private static let records = CIFARRecords(labelCount: 1, label: 0, classNames: classNames)

  /// Reads the training and the test part from a data folder (`cifar10/` in it) or from the folder of
  /// the files, which may be in `cifar-10-batches-bin/` there.
  ///
  /// Throws no input where the folder lacks a file, and what ``read(_:)`` throws.
  public static func load(from folder: URL) throws -> (
    train: ClassificationSet, test: ClassificationSet
  ) {
    let place = try DataDirectory.folder(of: DataCatalogue.cifar10, explicit: folder)
    let files = DataCatalogue.cifar10.find(in: place).compactMap { $0 }
    let sets = try parallelMap(files) { file in Result { try read(file) } }.map { try $0.get() }
    let batches = sets.dropLast()
    var pixels: [UInt8] = []
    pixels.reserveCapacity(batches.reduce(0) { $0 + $1.pixels.count })
    for batch in batches { pixels += batch.pixels }
    let train = ClassificationSet(
      validPixels: pixels, height: sets[0].height, width: sets[0].width, channels: 3,
      labels: batches.flatMap(\.labels), classNames: classNames, description: place.path)
    return (train, sets[sets.count - 1])
  }

  /// Reads one file.
  ///
  /// Throws no input where it cannot be opened, bad data where its size is no multiple of a record's,
  /// where it is empty, or where a class is none of the ten; the message names the record.
  public static func read(_ file: URL) throws -> ClassificationSet { try records.read(file) }
}
