import Foundation
import Tensors

/// The records of CIFAR's binary version: one or more labels, then 1,024 red, 1,024 green and 1,024 blue
/// bytes, row by row.
struct CIFARRecords {
  /// Bytes of labels in front of the pixels.
  let labelCount: Int
  /// Which of them is the class.
  let label: Int
  /// What the classes are called.
  let classNames: [String]

  private static let side = 32
  private static let planeSize = side * side

  /// Reads one file; it has as many records as its size makes.
  ///
  /// Throws no input where it cannot be opened, bad data where its size is no multiple of a record's,
  /// where it is empty, or where a class is none; the message names the record.
  func read(_ file: URL) throws -> ClassificationSet {
    let bytes = try InputFile.bytes(of: file)
    let (side, planeSize) = (Self.side, Self.planeSize)
    let recordSize = labelCount + 3 * planeSize
    guard bytes.count > 0, bytes.count % recordSize == 0 else {
      throw AdjointError(
        .badData,
        """
        \(file.path): expected a multiple of \(recordSize) bytes (records of \
        \(labelCount == 1 ? "a class" : "\(labelCount) labels") and 3 × \(side) × \(side) pixels), \
        found \(bytes.count)
        """)
    }
    let count = bytes.count / recordSize
    let labels = (0..<count).map { Int32(bytes[$0 * recordSize + label]) }
    if let record = labels.firstIndex(where: { $0 >= classNames.count }) {
      throw AdjointError(
        .badData,
        """
        \(file.path): record \(record) (offset \(record * recordSize + label)): expected a class in \
        0 ..< \(classNames.count), found \(labels[record])
        """)
    }
    var pixels = [UInt8](repeating: 0, count: count * 3 * planeSize)
    for record in 0..<count {
      let red = record * recordSize + labelCount
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
