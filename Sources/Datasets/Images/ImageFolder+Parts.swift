import Archives
import Foundation
import Tensors

extension ImageFolder {
  /// What a folder of pictures that is cut into parts holds.
  public struct Parts: Sendable {
    /// The pictures to train on.
    public let train: ClassificationSet
    /// Those held back; nil where the folder has none besides those of the test.
    public let validation: ClassificationSet?
    /// Those to test on.
    public let test: ClassificationSet
    /// SHA-256 of the classes' names, the labels and the pixels, in hexadecimal digits.
    public let sha256: String
  }

  /// What the folder of the pictures held back may be called.
  private static let validationNames = ["val", "valid", "validation"]

  /// Reads a folder with a part in each of `train/`, `val/` (also `valid/` or `validation/`) and `test/`, and in each
  /// part a folder for each class; see ``load(_:size:channels:classNames:)``.
  ///
  /// The classes are those of `train/`. Where there is no `test/`, as in ImageNet's own layout, `val/` is the part to
  /// test on.
  ///
  /// - Parameters:
  ///   - folder: the folder of the parts.
  ///   - size: the side of an image, in pixels.
  ///   - channels: 3 for colour, 1 for grey, whatever the files are.
  /// - Throws: no input where a part is missing; what reading a part throws.
  public static func loadParts(_ folder: URL, size: Int, channels: Int = 3) throws -> Parts {
    func place(_ names: [String]) -> URL? {
      names.lazy.map { folder.appendingPathComponent($0, isDirectory: true) }.first(where: isFolder)
    }
    let held = place(validationNames)
    guard let first = place(["train"]), let last = place(["test"]) ?? held else {
      throw AdjointError(
        .noInput,
        "\(folder.path): expected the folders train and test (or val), each with a folder of pictures for "
          + "each class")
    }
    let train = try load(first, size: size, channels: channels)
    func read(_ place: URL) throws -> ClassificationSet {
      try load(place, size: size, channels: channels, classNames: train.classNames)
    }
    let validation = held == last ? nil : try held.map(read)
    let test = try read(last)
    let digest = Digest(.sha256)
    for set in [train, validation, test].compactMap({ $0 }) { set.update(digest) }
    return Parts(train: train, validation: validation, test: test, sha256: digest.finish())
  }
}

extension ClassificationSet {
  /// Adds all that a network learns from to a digest.
  fileprivate func update(_ digest: Digest) {
    // Scalars of names end with a zero, which none holds: no two sets make the same bytes.
    let names = classNames.map { "\($0)\0" }.joined()
    let header = "\(count) \(height) \(width) \(channels) \(classNames.count)\0\(names)"
    digest.update(Array(header.utf8).span.bytes)
    digest.update(labels.span.bytes)
    digest.update(pixels.span.bytes)
  }
}
