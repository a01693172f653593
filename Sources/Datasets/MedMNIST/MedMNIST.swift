import Foundation
import Tensors

/// The flat members of MedMNIST v2: small medical images, split by their publishers into training, validation and
/// test.
///
/// Source: J. Yang et al., "MedMNIST v2: a large-scale lightweight benchmark for 2D and 3D biomedical
/// image classification", Scientific Data 10:41, doi 10.1038/s41597-022-01721-8; the larger sizes are
/// those of MedMNIST+, doi 10.5281/zenodo.10519652.
public enum MedMNIST {
  /// The sides of an image that there are files for, in pixels.
  public static let sizes = [28, 64, 128, 224]

  /// The folder of a data folder that holds all members.
  static let folder = "medmnist"

  /// The member of that name, without a size; throws a usage error for a name that is none.
  public static func member(named name: String) throws -> Member {
    if let member = members.first(where: { $0.name == name }) { return member }
    throw AdjointError(
      .usage, unknown("member of MedMNIST", name, among: members.map(\.name)))
  }

  /// Reads the three parts of a member from a data folder (`medmnist/` in it) or from the folder of
  /// the file.
  ///
  /// The file need not be the publisher's: what is checked is the layout, each label, and the size of
  /// the images. A part may have any number of images from 1. A file that the program drew says so in
  /// the sets' description.
  ///
  /// - Parameters:
  ///   - name: as in ``members``, like `pathmnist`.
  ///   - size: the side of an image, one of ``sizes``; 28 is in `NAME.npz`, others in `NAME_SIZE.npz`.
  ///   - folder: the data folder, or the file's.
  /// - Throws: usage where the name or the size is none; no input where the folder lacks the file; bad
  ///   data, naming the file, the member and the offset or row, where it is not such a file.
  public static func load(_ name: String, size: Int = 28, from folder: URL) throws -> (
    train: ClassificationSet, validation: ClassificationSet, test: ClassificationSet
  ) {
    let source = try source(of: member(named: name), size: size)
    let place = try DataDirectory.folder(of: source, explicit: folder)
    return try read(
      member(named: name), size: size, from: place.appendingPathComponent(source.files[0].name))
  }

  /// Reads the three parts of a member from a file; see ``load(_:size:from:)``.
  static func read(_ member: Member, size: Int, from file: URL) throws -> (
    train: ClassificationSet, validation: ClassificationSet, test: ClassificationSet
  ) {
    let archive = try NPZ(file)
    var description = file.path
    if archive.names.contains(drawnMark) {
      let seed = try archive.integers(drawnMark).elements.first ?? 0
      description =
        "drawn by the program (seed \(seed)) in the layout of \(member.title), \(file.path)"
    }
    // A reader of its own for each part: they are unpacked side by side.
    let parts = parallelMap(["train", "val", "test"]) { [description] part in
      Result { try read(part, of: member, size: size, from: archive, description) }
    }
    return (try parts[0].get(), try parts[1].get(), try parts[2].get())
  }

  private static func read(
    _ part: String, of member: Member, size: Int, from archive: NPZ, _ description: String
  ) throws -> ClassificationSet {
    // The labels first: they are few, and the images may be a gigabyte.
    let columns = member.hasSeveralLabels ? member.classNames.count : 1
    let labels = try archive.integers("\(part)_labels") { place, shape in
      let isColumn = columns == 1 && shape.count == 1
      guard isColumn || shape.count == 2 && shape[1] == columns, shape[0] > 0 else {
        throw AdjointError(
          .badData,
          "\(place): expected the shape [images, \(columns)] with at least one image, found \(shape)"
        )
      }
      // So many images would not be read, so neither are their labels.
      let most = archive.limit / (size * size * member.channels)
      guard shape[0] <= most else {
        throw AdjointError(
          .badData, "\(place): expected labels of at most \(most) images, found \(shape[0])")
      }
    }
    let count = labels.shape[0]
    let bound = member.hasSeveralLabels ? 2 : member.classNames.count
    if let place = labels.elements.firstIndex(where: { $0 < 0 || $0 >= bound }) {
      let column = member.hasSeveralLabels ? ", column \(place % columns)" : ""
      throw AdjointError(
        .badData,
        "\(archive.file.path): \(part)_labels.npy: row \(place / columns)\(column): expected a label in "
          + "0 ..< \(bound), found \(labels.elements[place])")
    }
    let expected = [count, size, size] + (member.channels == 1 ? [] : [member.channels])
    let images = try archive.bytes("\(part)_images") { place, shape in
      guard shape == expected || member.channels == 1 && shape == expected + [1] else {
        throw AdjointError(
          .badData,
          "\(place): expected the shape \(expected), one image for each label, found \(shape)")
      }
    }
    let targets = member.hasSeveralLabels ? labels.elements.map(UInt8.init) : nil
    return ClassificationSet(
      validPixels: images.elements, height: size, width: size, channels: member.channels,
      labels: targets.map { ClassificationSet.firstClasses(of: $0, columns) }
        ?? labels.elements.map(Int32.init),
      targets: targets, classNames: member.classNames, description: description)
  }
}
