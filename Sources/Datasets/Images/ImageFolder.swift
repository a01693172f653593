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
  ///   a picture cannot be read, where a class is empty, or where it is none of `classNames`.
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
    if let other = found.first(where: { !names.contains($0) }) {
      throw AdjointError(
        .badData,
        "\(folder.path): expected the classes \(names.joined(separator: ", ")), found \(other)")
    }
    var (files, labels): ([URL], [Int32]) = ([], [])
    for name in found {
      let place = folder.appendingPathComponent(name, isDirectory: true)
      let pictures = try pictures(in: place)
      // Scalar by scalar: names that differ in how an accent is written are two folders.
      let label = names.firstIndex { $0.unicodeScalars.elementsEqual(name.unicodeScalars) }
      guard !pictures.isEmpty, let label else {
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
  /// - Throws: no input or bad data, naming the first file that cannot be read.
  public static func pixels(of files: [URL], size: Int, channels: Int = 3) throws -> [UInt8] {
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

  /// The pictures in a folder and below, in the order of their paths; throws no input where it cannot be read.
  public static func pictures(in folder: URL) throws -> [URL] {
    try contents(of: folder).flatMap { place in
      isFolder(place)
        ? try pictures(in: place)
        : isPicture(place) ? [place] : []
    }
  }

  private static func contents(of folder: URL) throws -> [URL] {
    guard isFolder(folder),
      let names = try? FileManager.default.contentsOfDirectory(atPath: folder.path)
    else { throw AdjointError(.noInput, "\(folder.path): expected a folder that can be read") }
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
