import Foundation
import Tensors

/// The MNIST database of handwritten digits, and sets that come in the same four files.
///
/// Source: LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document
/// recognition", doi 10.1109/5.726791.
public enum MNIST {
  /// Reads the training and the test part from a data folder (`mnist/` in it) or from the folder of
  /// the files.
  ///
  /// Throws no input where the folder lacks a file, bad data where a file is damaged, where images
  /// and labels differ in number, where the parts differ in the size of the images, or where a
  /// label is not below `classes`.
  public static func load(from folder: URL, classes: Int = 10) throws -> (
    train: ClassificationSet, test: ClassificationSet
  ) {
    let place = try DataDirectory.folder(of: DataCatalogue.mnist, explicit: folder)
    let files = DataCatalogue.mnist.find(in: place).compactMap { $0 }
    let parts = parallelMap([0, 2]) { first in
      Result { try load(images: files[first], labels: files[first + 1], classes: classes) }
    }
    let (train, test) = (try parts[0].get(), try parts[1].get())
    guard train.height == test.height, train.width == test.width else {
      throw AdjointError(
        .badData,
        """
        \(files[2].path): offset 8: expected images of \(train.height) × \(train.width) as in \
        \(files[0].path), found \(test.height) × \(test.width)
        """)
    }
    return (train, test)
  }

  /// Reads one pair of files. Throws what ``load(from:classes:)`` throws.
  public static func load(images: URL, labels: URL, classes: Int = 10) throws -> ClassificationSet {
    let pictures = try IDX(imagesAt: images)
    let classNumbers = try IDX(labelsAt: labels)
    let dimensions = pictures.dimensions
    guard classNumbers.dimensions[0] == dimensions[0] else {
      throw AdjointError(
        .badData,
        """
        \(labels.path): offset 4: expected \(dimensions[0]) labels, one for each image of \
        \(images.path), found \(classNumbers.dimensions[0])
        """)
    }
    let numbers = classNumbers.bytes.map(Int32.init)
    try ClassificationSet.checkLabels(numbers, classes: classes, source: labels.path)
    return ClassificationSet(
      validPixels: pictures.bytes, height: dimensions[1], width: dimensions[2], channels: 1,
      labels: numbers, classNames: (0..<classes).map(String.init), description: images.path)
  }
}
