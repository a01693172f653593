import Checkpoints
import Datasets
import Figures
import Foundation
import Tensors
import Training

/// `adjoint data`
public enum DataSets {
  /// A line for each known set: name, where it is, what it is with its licence. The sizes of a member of MedMNIST
  /// share a line, and so do files of weights.
  public static func list(in directory: DataDirectory) -> [[String]] {
    let single = DataCatalogue.sources.filter { $0.member == nil }.map { source in
      let folder = (try? directory.locate(source)) ?? nil
      let place = source.files.isEmpty ? "drawn" : folder?.path ?? "not here"
      return [source.name, place, "\(source.summary) (\(source.licence))"]
    }
    let members = MedMNIST.members.map { member in
      let found = MedMNIST.sizes.compactMap { size -> (size: Int, folder: URL)? in
        let source = try? MedMNIST.source(of: member, size: size)
        return source.flatMap { try? directory.locate($0) }.map { (size, $0) }
      }
      let sizes = found.map { size, folder in
        MedMNIST.isDrawn(member.name, size: size, in: folder) ? "\(size), drawn" : "\(size)"
      }.joined(separator: "; ")
      let place = found.first.map { "\($0.folder.path) (size \(sizes))" } ?? "not here"
      return [member.name, place, "\(member.summary) (\(member.licence))"]
    }
    let weights = directory.pretrained
    let pretrained = [
      "pretrained", weights?.folder.path ?? "not here",
      "weights, to be called by their names"
        + (weights.map { ": " + $0.names.joined(separator: ", ") } ?? "")
        + " (licences of their publishers)",
    ]
    return [["name", "where", "what"]] + single + members + [pretrained]
  }

  /// The set of a name, and of a size where it is a member of MedMNIST.
  ///
  /// Throws usage where there is none of that name, or none of that size.
  static func source(_ name: String, size: Int?) throws -> DataSource {
    guard let size else { return try DataCatalogue.source(named: name) }
    guard
      try MedMNIST.members.contains(where: { $0.name == name })
        || DataCatalogue.source(named: name).member != nil
    else { throw AdjointError(.usage, "\(name): comes in one size only; leave --size away") }
    return try MedMNIST.source(of: MedMNIST.member(named: name), size: size)
  }

  /// Downloads a set into `--data-dir` or the cache, below a folder of its name; returns that folder. Throws
  /// interrupted where ``Interruption`` was requested.
  public static func fetch(
    _ name: String, size: Int? = nil, into directory: DataDirectory, note: (String) -> Void
  ) throws -> URL {
    let known = DataCatalogue.sources
    guard known.contains(where: { $0.name == name }) else {
      let others = known.filter { $0.member == nil && !$0.files.isEmpty }.map(\.name)
      throw AdjointError(
        .usage, unknown("data set", name, among: others + MedMNIST.members.map(\.name)))
    }
    let source = try source(name, size: size)
    guard !source.files.isEmpty else {
      throw AdjointError(.usage, "\(name): is drawn by the program; there is nothing to fetch")
    }
    let folder = (directory.explicit ?? directory.cache)
      .appendingPathComponent(source.folder, isDirectory: true)
    var lastFile = ""
    func tell(_ progress: Download.Progress) {
      guard progress.file != lastFile else { return }
      let size = progress.total.map { " (\(ProgressDisplay.grouped($0)) bytes)" } ?? ""
      note("fetching \(progress.file)\(size)")
      lastFile = progress.file
    }
    try filling(folder) {
      _ = try Download(source).fetch(into: folder, progress: tell, asking: Interruption.check)
    }
    return folder
  }

  /// Runs what writes into a folder, which is made where there is none; where that fails and it stays empty, it goes.
  private static func filling<Result>(
    _ folder: URL, _ body: () throws -> Result
  ) throws -> Result {
    let isNew = !FileManager.default.fileExists(atPath: folder.path)
    try OutputFolder.prepare(folder)
    do { return try body() } catch {
      if isNew { rmdir(folder.path) }
      throw error
    }
  }

  /// Draws a file of a set's layout into a folder, which is made where there is none; returns the file.
  ///
  /// Throws usage where the set cannot be drawn, and cannot write where a file of that name is there that
  /// was not drawn.
  public static func synthesize(
    _ name: String, size: Int, count: Int, seed: UInt64, into folder: URL
  ) throws -> URL {
    try MedMNIST.requireDrawable(name)
    let source = try MedMNIST.source(of: MedMNIST.member(named: name), size: size)
    let file = folder.appendingPathComponent(source.files[0].name)
    if FileManager.default.fileExists(atPath: file.path), !MedMNIST.isDrawn(file) {
      throw AdjointError(
        .cannotWrite, "\(file.path): is there, and was not drawn; name another folder")
    }
    return try filling(folder) {
      try MedMNIST.synthesize(name, size: size, count: count, seed: seed, into: folder)
    }
  }

  /// Makes the folder of a file that images are to be drawn into.
  ///
  /// - Throws: `AdjointError`: usage where it is neither a PNG nor an SVG file; disk full or cannot write.
  public static func requireSheet(_ file: URL) throws {
    guard ["png", "svg"].contains(file.pathExtension.lowercased()) else {
      throw AdjointError(.usage, "\(file.path): expected a name that ends in .png or .svg")
    }
    // Not prepared as a run's is: what others are writing into a folder of the user's is left alone.
    _ = try OutputFolder.makeNew(file.absoluteURL.deletingLastPathComponent())
  }

  /// What a set holds.
  public struct Inspection {
    /// Lines of a table.
    public let rows: [[String]]
    /// Images to draw; nil for a set that has none.
    let sample: ClassificationSet?

    /// Draws the first images of each class to a PNG or SVG file.
    ///
    /// - Throws: `AdjointError`: usage where there is nothing to draw, or more than a PNG file here may be large.
    public func writeSheet(to file: URL) throws {
      guard let sample else {
        throw AdjointError(.usage, "\(file.path): the set holds no images to draw")
      }
      let perClass = 10
      let picked = (0..<sample.classCount).map { number in
        Array(
          (0..<sample.count).lazy.filter { sample.classes(of: $0).contains(number) }
            .prefix(perClass))
      }
      if file.pathExtension.lowercased() == "png" {
        let rows = picked.map { $0.map { PixelImage(row: $0, of: sample) } }
        try AtomicFile.write(PNG.encode(.sheet(rows, columns: perClass, for: file)), to: file)
        return
      }
      guard file.pathExtension.lowercased() == "svg" else {
        throw AdjointError(.usage, "\(file.path): expected a name that ends in .png or .svg")
      }
      let tiles = picked.joined().map { row in
        ImageGrid.Tile(
          PixelImage(row: row, of: sample), caption: sample.classNames(of: row))
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

  /// Reads a set, or a folder of pictures (`folder`), and counts what it holds.
  public static func inspect(
    _ name: String, size: Int? = nil, in directory: DataDirectory
  ) throws -> Inspection {
    if name == ImageSetKind.folderName { return try inspectFolder(size: size, in: directory) }
    let source = try source(name, size: size)
    if source.name == DataCatalogue.ett.name { return try inspectSeries(source, in: directory) }
    let parts = try load(source, in: directory)
    let from = ["from", parts.train.description]
    if let (member, size) = source.member,
      try MedMNIST.isDrawn(member, size: size, in: folder(of: source, in: directory))
    {
      let drawn = "\(source.name): textures drawn by the program, not the published images"
      return inspection(
        of: parts, [["set", drawn], ["licence", DataCatalogue.drawnDigits.licence], from])
    }
    return inspection(of: parts, try head(of: source, in: directory) + [from])
  }

  /// What a set is, and whether its files are others than the published ones.
  static func head(of source: DataSource, in directory: DataDirectory) throws -> [[String]] {
    let files =
      source.files.isEmpty
      ? [] : try FoundData.files(of: source, in: folder(of: source, in: directory))
    return [["set", "\(source.name): \(source.summary)"]]
      + (ExperimentRunner.unpublished(files).isEmpty
        ? [] : [["", ExperimentRunner.unpublishedWords]]) + [["licence", source.licence]]
  }

  /// The pictures of `train/`, `val/` and `test/` in the folder that `--data-dir` names, as they are trained on.
  private static func inspectFolder(
    size: Int?, in directory: DataDirectory
  ) throws -> Inspection {
    guard let folder = directory.explicit else {
      throw AdjointError(.usage, "\(ImageSetKind.folderName): name the folder with --data-dir")
    }
    var configuration = ImageConfiguration()
    configuration.size = size ?? configuration.size
    try configuration.validate()
    let parts = try ImageSetKind.named(ImageSetKind.folderName)
      .load(folder, configuration.size) { _ in }
    return inspection(of: parts, [["set", "a folder of pictures"], ["from", folder.path]])
  }

  /// What there is to say of the parts of a set, below what is said of all of it.
  private static func inspection(
    of parts: ImageClassificationParts, _ head: [[String]]
  ) -> Inspection {
    var rows = head
    let held = parts.validation.map { [("validation", $0)] } ?? []
    for (part, set) in [("training", parts.train)] + held + [("test", parts.test)] {
      rows.append([
        part,
        "\(ProgressDisplay.grouped(set.count)) images, \(set.height) × \(set.width) × \(set.channels), "
          + "\(set.classCount) classes",
      ])
      rows.append([
        "",
        zip(set.classNames, set.classFrequencies).map { "\($0): \($1)" }.joined(separator: "  "),
      ])
      let (mean, deviation) = set.channelStatistics()
      func numbers(_ values: [Float]) -> String {
        values.map { String(format: "%.1f", $0) }.joined(separator: " ")
      }
      rows.append(["", "pixels: mean \(numbers(mean))  deviation \(numbers(deviation))"])
    }
    return Inspection(rows: rows, sample: parts.test)
  }

  private static func load(
    _ source: DataSource, in directory: DataDirectory
  ) throws -> ImageClassificationParts {
    switch source.name {
    case DataCatalogue.drawnDigits.name:
      let (train, test) = DrawnDigits.load()
      return ImageClassificationParts(train: train, test: test)
    case DataCatalogue.mnist.name:
      let (train, test) = try MNIST.load(from: folder(of: source, in: directory))
      return ImageClassificationParts(train: train, test: test)
    default:
      // What comes in one size is not asked for it.
      let (name, size) = source.member ?? (source.name, 0)
      return try ImageSetKind.named(name).load(folder(of: source, in: directory), size) { _ in }
    }
  }
}
