import Foundation
import Tensors

extension MedMNIST {
  /// The member that says that a file was drawn, and holds the seed.
  static let drawnMark = "synthetic"

  /// The members whose layout ``synthesize(_:size:count:seed:into:)`` knows.
  public static let drawable = ["pathmnist"]

  /// Throws a usage error for a name that is none of ``drawable``.
  public static func requireDrawable(_ name: String) throws {
    guard drawable.contains(name) else {
      throw AdjointError(
        .usage, "\(name): cannot be drawn; what can is \(drawable.joined(separator: ", "))")
    }
  }

  /// Whether a file is one that ``synthesize(_:size:count:seed:into:)`` drew.
  public static func isDrawn(_ file: URL) -> Bool {
    (try? NPZ(file))?.names.contains(drawnMark) ?? false
  }

  /// Whether the file that ``load(_:size:from:)`` would read is one that was drawn; false where there is
  /// none.
  public static func isDrawn(_ name: String, size: Int, in folder: URL) -> Bool {
    guard let source = try? source(of: member(named: name), size: size),
      let place = try? DataDirectory.folder(of: source, explicit: folder)
    else { return false }
    return isDrawn(place.appendingPathComponent(source.files[0].name))
  }

  /// The fewest images of a file: one of each class in the training part, and one in either other part.
  private static let fewest = 11

  /// Draws a file of a member's layout into a folder, for trials where the real one is not at hand.
  ///
  /// The parts have the official proportions. The file says of itself that it was drawn, and what
  /// ``load(_:size:from:)`` reads from it says so too; the same arguments make the same bytes. While it is
  /// made, its pixels are held in memory.
  ///
  /// - Parameters:
  ///   - name: one of ``drawable``.
  ///   - size: the side of an image, one of ``sizes``.
  ///   - count: how many images, 11 at least, over all three parts.
  ///   - seed: what is random is drawn from this.
  ///   - folder: where the file is put.
  /// - Returns: the file, named as the real one is.
  /// - Throws: usage where an argument is none of these; cannot write where the folder takes no file.
  public static func synthesize(
    _ name: String, size: Int = 28, count: Int, seed: UInt64 = 0, into folder: URL
  ) throws -> URL {
    try requireDrawable(name)
    let member = try member(named: name)
    let source = try source(of: member, size: size)
    let published = member.counts.train + member.counts.validation + member.counts.test
    guard (fewest...published).contains(count) else {
      throw AdjointError(
        .usage,
        "\(name): a count of \(count); between \(fewest) and the real set's \(published) images can be drawn"
      )
    }
    let validation = max(1, count * member.counts.validation / published)
    let test = max(1, count * member.counts.test / published)
    let counts = [count - validation - test, validation, test]
    var members = [NPZ.Member(drawnMark, shape: [1], integers: [Int64(bitPattern: seed)])]
    for (part, count) in zip(DrawnTissue.Part.allCases, counts) {
      let labels = (0..<count).map { DrawnTissue.label($0, of: part, seed: seed) }
      members.append(
        NPZ.Member("\(part)_images", shape: [count, size, size, 3]) { pixels in
          for first in stride(from: 0, to: count, by: 256) {
            let images = parallelMap(Array(first..<min(first + 256, count))) { index in
              DrawnTissue.image(index, of: part, label: labels[index], size: size, seed: seed)
            }
            for image in images { pixels += image }
          }
        })
      members.append(NPZ.Member("\(part)_labels", shape: [count, 1], bytes: labels))
    }
    let file = folder.appendingPathComponent(source.files[0].name)
    try NPZ.write(members, to: file)
    return file
  }
}
