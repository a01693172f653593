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

  private static let side = 32
  private static let planeSize = side * side
  private static let recordSize = 1 + 3 * planeSize

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
      validPixels: pixels, height: side, width: side, channels: 3,
      labels: batches.flatMap(\.labels), classNames: classNames, description: place.path)
    return (train, sets[sets.count - 1])
  }

  /// Reads one file.
  ///
  /// Throws no input where it cannot be opened, bad data where its size is no multiple of a record's,
  /// where it is empty, or where a class is none of the ten; the message names the record.
  public static func read(_ file: URL) throws -> ClassificationSet {
    guard let data = FileManager.default.contents(atPath: file.path) else {
      throw AdjointError(.noInput, "\(file.path): cannot be opened")
    }
    let bytes = [UInt8](data)
    guard bytes.count > 0, bytes.count % recordSize == 0 else {
      throw AdjointError(
        .badData,
        """
        \(file.path): expected a multiple of \(recordSize) bytes (records of a class and 3 × \(side) \
        × \(side) pixels), found \(bytes.count)
        """)
    }
    let count = bytes.count / recordSize
    let labels = (0..<count).map { Int32(bytes[$0 * recordSize]) }
    if let record = labels.firstIndex(where: { $0 >= classNames.count }) {
      throw AdjointError(
        .badData,
        """
        \(file.path): record \(record) (offset \(record * recordSize)): expected a class in 0 ..< \
        \(classNames.count), found \(labels[record])
        """)
    }
    var pixels = [UInt8](repeating: 0, count: count * 3 * planeSize)
    for record in 0..<count {
      let red = record * recordSize + 1
      var place = record * 3 * planeSize
      for pixel in red..<red + planeSize {
        pixels[place] = bytes[pixel]
        pixels[place + 1] = bytes[pixel + planeSize]
        pixels[place + 2] = bytes[pixel + 2 * planeSize]
        place += 3
      }
    }
    return ClassificationSet(
      validPixels: pixels, height: side, width: side, channels: 3, labels: labels,
      classNames: classNames, description: file.path)
  }
}
