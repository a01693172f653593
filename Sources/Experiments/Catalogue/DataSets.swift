import Checkpoints
import Datasets
import Figures
import Foundation
import Tensors
import Training

/// `adjoint data`
public enum DataSets {
  /// A line for each known set: name, where it is, licence, what it is.
  public static func list(in directory: DataDirectory) -> [[String]] {
    [["name", "where", "licence", "what"]]
      + DataCatalogue.sources.map { source in
        let place: String
        if source.files.isEmpty {
          place = "drawn"
        } else {
          place = ((try? directory.locate(source)) ?? nil)?.path ?? "not here"
        }
        return [source.name, place, source.licence, source.summary]
      }
  }

  /// Downloads a set into `--data-dir` or the cache, below a folder of its name; returns that folder.
  public static func fetch(
    _ name: String, into directory: DataDirectory, note: (String) -> Void
  ) throws -> URL {
    let source = try DataCatalogue.source(named: name)
    guard !source.files.isEmpty else {
      throw AdjointError(.usage, "\(name): is drawn by the program; there is nothing to fetch")
    }
    let folder = (directory.explicit ?? directory.cache)
      .appendingPathComponent(name, isDirectory: true)
    try OutputFolder.prepare(folder)
    var lastFile = ""
    try Download(source).fetch(into: folder) { progress in
      if progress.file != lastFile {
        note("fetching \(progress.file) (\(ProgressDisplay.grouped(progress.total)) bytes)")
        lastFile = progress.file
      }
    }
    return folder
  }

  /// What a set holds.
  public struct Inspection {
    /// Lines of a table.
    public let rows: [[String]]
    /// Images to draw; nil for a set that has none.
    let sample: ClassificationSet?

    /// Draws the first images of each class to a PNG or SVG file.
    public func writeSheet(to file: URL) throws {
      guard let sample else {
        throw AdjointError(.usage, "\(file.path): the set holds no images to draw")
      }
      let perClass = 10
      let picked = (0..<sample.classCount).map { number in
        Array((0..<sample.count).lazy.filter { Int(sample.labels[$0]) == number }.prefix(perClass))
      }
      if file.pathExtension.lowercased() == "png" {
        let rows = picked.map { $0.map { PixelImage(row: $0, of: sample) } }
        try AtomicFile.write(PNG.encode(.sheet(rows, columns: perClass)), to: file)
        return
      }
      guard file.pathExtension.lowercased() == "svg" else {
        throw AdjointError(.usage, "\(file.path): expected a name that ends in .png or .svg")
      }
      let tiles = picked.joined().map { row in
        ImageGrid.Tile(
          PixelImage(row: row, of: sample), caption: sample.classNames[Int(sample.labels[row])])
      }
      let grid = ImageGrid(tiles: Array(tiles), columns: perClass, tileWidth: 64)
      try AtomicFile.write(Data(grid.svg().utf8), to: file)
    }
  }

  /// Where a set's files are; throws no input where they are not.
  static func folder(of source: DataSource, in directory: DataDirectory) throws -> URL {
    if let folder = try directory.locate(source) { return folder }
    throw AdjointError(
      .noInput,
      "\(source.name): is neither in $ADJOINT_DATA nor in the cache; adjoint data fetch \(source.name)"
    )
  }

  /// Reads a set and counts what it holds.
  public static func inspect(_ name: String, in directory: DataDirectory) throws -> Inspection {
    let source = try DataCatalogue.source(named: name)
    if source.name == DataCatalogue.ett.name { return try inspectSeries(source, in: directory) }
    let sets: (train: ClassificationSet, test: ClassificationSet)
    if source.files.isEmpty {
      sets = DrawnDigits.load()
    } else {
      let folder = try folder(of: source, in: directory)
      sets =
        try name == DataCatalogue.cifar10.name
        ? CIFAR10.load(from: folder) : MNIST.load(from: folder)
    }
    var rows = [["set", "\(source.name): \(source.summary)"], ["licence", source.licence]]
    for (part, set) in [("training", sets.train), ("test", sets.test)] {
      rows.append([
        part,
        "\(ProgressDisplay.grouped(set.count)) images, \(set.height) × \(set.width) × \(set.channels), "
          + "\(set.classCount) classes",
      ])
      rows.append([
        "",
        zip(set.classNames, set.classFrequencies).map { "\($0): \($1)" }.joined(separator: "  "),
      ])
    }
    return Inspection(rows: rows, sample: sets.test)
  }
}
