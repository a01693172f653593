import Archives
import Foundation
import Tensors

/// A folder of pictures: each folder in it is a class, and holds that class's PNG and JPEG files.
public enum ImageFolder {
  private static let endings: Set = ["png", "jpg", "jpeg"]
  /// Pictures that are decoded at once, before their bytes go to the others'.
  private static let portion = 256

  /// Reads a folder.
  ///
  /// Classes are numbered in the order of their names, pictures stand in the order of their paths, both
  /// by code point; they may lie in deeper folders. Names that begin with a dot and files of other endings
  /// are passed over. A picture's largest square in the middle is resized to `size` × `size`
  /// (``RasterImage/resized(height:width:)``).
  ///
  /// - Parameters:
  ///   - folder: the folder of the classes' folders.
  ///   - size: the side of an image, in pixels.
  ///   - channels: 3 for colour, 1 for grey, whatever the files are.
  ///   - classNames: the classes in the order of their numbers, so that several folders share them; nil
  ///     for those of this folder.
  /// - Throws: no input where there is no such folder, or no class in it; bad data, naming the file, where
  ///   a picture cannot be read, where a class is empty, where it is none of `classNames`, where a link leads to a
  ///   folder that it lies in, or where the images do not fit into the memory.
  public static func load(
    _ folder: URL, size: Int, channels: Int = 3, classNames: [String]? = nil
  ) throws -> ClassificationSet {
    require(
      size > 0 && size <= ImageFile.largestSide && (channels == 1 || channels == 3),
      "ImageFolder.load(size: \(size), channels: \(channels)): the size is 1 ... "
        + "\(ImageFile.largestSide), the channels 1 or 3")
    let found = try contents(of: folder).filter(isFolder).map(\.lastPathComponent)
    guard !found.isEmpty else {
      throw AdjointError(
        .noInput, "\(folder.path): expected a folder for each class, found no folder")
    }
    let names = classNames ?? found
    // Scalar by scalar: names that differ in how an accent is written are two folders.
    func number(of name: String) -> Int? {
      names.firstIndex { $0.unicodeScalars.elementsEqual(name.unicodeScalars) }
    }
    if let other = found.first(where: { number(of: $0) == nil }) {
      throw AdjointError(
        .badData,
        "\(folder.path): expected the classes \(names.joined(separator: ", ")), found \(other)"
          + (names.contains(other)
            ? ", which looks like one of them but is spelt with other characters" : ""))
    }
    let root = try FolderIdentity(folder)
    var (files, labels): ([URL], [Int32]) = ([], [])
    for name in found {
      let place = folder.appendingPathComponent(name, isDirectory: true)
      let pictures = try pictures(in: place, inside: [root])
      guard !pictures.isEmpty, let label = number(of: name) else {
        throw AdjointError(
          .badData, "\(place.path): expected files .png, .jpg or .jpeg, found none")
      }
      files += pictures
      labels += [Int32](repeating: Int32(label), count: pictures.count)
    }
    return ClassificationSet(
      validPixels: try pixels(of: files, size: size, channels: channels), height: size, width: size,
      channels: channels, labels: labels,
      classNames: names, description: folder.path)
  }

  /// The bytes of pictures, `[files, size, size, channels]`: of each the largest square in the middle, resized.
  ///
  /// - Parameters:
  ///   - files: PNG and JPEG files.
  ///   - size: the side of an image, in pixels, at least 1.
  ///   - channels: 3 for colour, 1 for grey, whatever the files are.
  /// - Throws: no input or bad data, naming the first file that cannot be read; bad data where the images do not fit
  ///   into the memory.
  public static func pixels(of files: [URL], size: Int, channels: Int = 3) throws -> [UInt8] {
    if let file = files.first {
      try MachineMemory.check(
        Double(files.count) * Double(size) * Double(size) * Double(channels), for: "images",
        in: files.count == 1 ? file.path : "\(file.path) and \(files.count - 1) more",
        cure: "; take a smaller size")
    }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(files.count * size * size * channels)
    for first in stride(from: 0, to: files.count, by: portion) {
      let portion = Array(files[first..<min(first + portion, files.count)])
      let images = parallelMap(portion) { file in
        Result {
          try ImageFile.read(file).converted(toChannels: channels).croppedToSquare()
            .resized(height: size, width: size).pixels
        }
      }
      for image in images { pixels += try image.get() }
    }
    return pixels
  }

  /// Whether a file's name ends as those of pictures do.
  package static func isPicture(_ file: URL) -> Bool {
    endings.contains(file.pathExtension.lowercased())
  }

  /// The pictures in a folder and below, in the order of their paths; throws no input where it cannot be read, bad data
  /// where a link below leads to a folder that it lies in.
  public static func pictures(in folder: URL) throws -> [URL] {
    try pictures(in: folder, inside: [])
  }

  /// The same of a folder that was reached through others.
  private static func pictures(
    in folder: URL, inside folders: [FolderIdentity]
  ) throws -> [URL] {
    let identity = try FolderIdentity(folder)
    guard !folders.contains(identity) else {
      throw AdjointError(
        .badData,
        "\(folder.path): expected a folder of its own, found a link to one that it lies in")
    }
    return try contents(of: folder).flatMap { place in
      isFolder(place)
        ? try pictures(in: place, inside: folders + [identity])
        : isPicture(place) ? [place] : []
    }
  }

  /// Which folder it is, under whatever name it is reached.
  private struct FolderIdentity: Equatable {
    private let device: UInt64
    private let inode: UInt64

    /// Throws no input where there is none.
    init(_ folder: URL) throws {
      var status = stat()
      guard stat(folder.path, &status) == 0 else { throw ImageFolder.unreadable(folder) }
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(truncatingIfNeeded: status.st_ino)
    }
  }

  private static func unreadable(_ folder: URL) -> AdjointError {
    AdjointError(.noInput, "\(folder.path): expected a folder that can be read")
  }

  private static func contents(of folder: URL) throws -> [URL] {
    guard isFolder(folder),
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    else { throw unreadable(folder) }
    let places = names.filter { !$0.hasPrefix(".") }
      .sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
      .map { folder.appendingPathComponent($0) }
    // A name of other bytes has been changed on its way here: it leads nowhere, and would be passed over.
    for place in places
    where (try? FileManager.default.attributesOfItem(atPath: place.path)) == nil {
      throw AdjointError(.badData, "\(place.path): expected a name in UTF-8")
    }
    return places
  }

  /// Whether there is a folder of that name.
  package static func isFolder(_ place: URL) -> Bool {
    var isDirectory: ObjCBool = false
    return FileManager.default.fileExists(atPath: place.path, isDirectory: &isDirectory)
      && isDirectory.boolValue
  }
}
