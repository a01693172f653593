import Checkpoints
import Foundation
import Tensors

/// The folder of one run: what determined it, what it measured, what it learned.
public struct RunDirectory: Sendable {
  /// The folder itself.
  public let folder: URL
  /// The folders that were made for it, the innermost first.
  private let made: [URL]

  /// The value that determined the run.
  public var configuration: URL { folder.appendingPathComponent("configuration.json") }
  /// Where and with what it ran.
  public var environment: URL { folder.appendingPathComponent("environment.json") }
  /// One line for each step, each epoch and each measurement; see `MetricsLog`.
  public var metrics: URL { folder.appendingPathComponent("metrics.jsonl") }
  /// The metrics at the end.
  public var result: URL { folder.appendingPathComponent("result.json") }
  /// The report.
  public var report: URL { folder.appendingPathComponent("report.html") }
  /// The folder of checkpoints.
  public var checkpoints: URL { folder.appendingPathComponent("checkpoints", isDirectory: true) }
  /// The folder of figures.
  public var figures: URL { folder.appendingPathComponent("figures", isDirectory: true) }

  /// Makes a folder for a new run.
  ///
  /// - Throws: `AdjointError` if it cannot be made or written, or holds a run already.
  public init(creating folder: URL) throws {
    self.folder = folder
    made = RunDirectory.missing(folder)
    try requireNoRun()
    try OutputFolder.prepare(folder)
  }

  /// Makes `runs/<experiment>-<date>-<time>` below a folder, with a number if that is taken.
  ///
  /// - Throws: `AdjointError` if it cannot be made or written.
  public init(
    creatingFor experiment: String, below parent: String = FileManager.default.currentDirectoryPath,
    now: Date = Date()
  ) throws {
    let runs = URL(fileURLWithPath: parent, isDirectory: true)
      .appendingPathComponent("runs", isDirectory: true)
    let above = RunDirectory.missing(runs)
    let name = RunDirectory.name(for: experiment, now: now)
    let free = try ([name] + (2...1000).map { "\(name)-\($0)" })
      .map { runs.appendingPathComponent($0, isDirectory: true) }
      // Made, and not only looked for: two runs may begin at the same moment.
      .first { try OutputFolder.makeNew($0) }
    folder = free ?? runs.appendingPathComponent(name, isDirectory: true)
    made = [folder] + above
    try OutputFolder.prepare(folder)
  }

  /// Throws a usage error if the folder holds a run, or what is left of one: a new run would take its checkpoints for
  /// its own.
  public func requireNoRun() throws {
    let files = FileManager.default
    if files.fileExists(atPath: configuration.path) {
      throw AdjointError(
        .usage,
        "\(folder.path): holds a run already; go on with it (--resume) or name another folder "
          + "(--output)")
    }
    let kept = (try? files.contentsOfDirectory(atPath: checkpoints.path)) ?? []
    guard let step = kept.filter({ $0.hasPrefix("step-") }).min() else { return }
    throw AdjointError(
      .usage,
      "\(folder.path): holds a checkpoint of another run (checkpoints/\(step)) without its "
        + "configuration.json; remove it or name another folder (--output)")
  }

  /// The folder and those above it as far as they are not there, the innermost first.
  private static func missing(_ folder: URL) -> [URL] {
    var missing: [URL] = []
    var place = folder.standardizedFileURL
    while !FileManager.default.fileExists(atPath: place.path), place.path != "/" {
      missing.append(place)
      place.deleteLastPathComponent()
    }
    return missing
  }

  /// Opens the folder of a run.
  ///
  /// - Throws: `AdjointError` if it is not there or holds no run.
  public init(opening folder: URL) throws {
    self.folder = folder
    made = []
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isFolder),
      isFolder.boolValue
    else { throw AdjointError(.noInput, "\(folder.path): there is no such run folder") }
    guard FileManager.default.fileExists(atPath: configuration.path) else {
      throw AdjointError(
        .noInput, "\(folder.path): is not the folder of a run: it has no configuration.json")
    }
  }

  /// Tries whether files can be written, and removes what a process that was killed left half-written.
  ///
  /// - Throws: `AdjointError` if they cannot.
  public func prepareToGoOn() throws { try OutputFolder.prepare(folder) }

  /// Whether a step was ever noted in it.
  var holdsMetrics: Bool {
    let attributes = try? FileManager.default.attributesOfItem(atPath: metrics.path)
    return (attributes?[.size] as? Int ?? 0) > 0
  }

  /// Removes the folders that were made for this run, where they are still empty.
  public func removeIfEmpty() {
    for folder in made { rmdir(folder.path) }
  }

  /// Takes away what was said of an earlier end, for a run that goes on beyond it.
  ///
  /// - Throws: `AdjointError` if that cannot be done.
  public func removeResult() throws {
    for file in [result, report] { try remove(file) }
    try removeFigures()
  }

  /// Takes away the figures of an earlier report.
  func removeFigures() throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: figures.path)) ?? []
    for name in names where name.hasSuffix(".svg") {
      try remove(figures.appendingPathComponent(name))
    }
  }

  /// Removes a file, where there is one; never a folder, which is none of the run's.
  private func remove(_ file: URL) throws {
    guard unlink(file.path) != 0, errno != ENOENT else { return }
    throw AdjointError(
      .cannotWrite, "\(file.path): cannot be removed: \(String(cString: strerror(errno)))")
  }

  private static func name(for experiment: String, now: Date) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyyMMdd-HHmmss"
    return "\(experiment)-\(format.string(from: now))"
  }

  /// Writes a value as indented JSON with sorted keys, whole or not at all.
  public func write(_ value: some Encodable, to file: URL) throws {
    try RunDirectory.writeJSON(value, to: file)
  }

  /// The same, to a file of any folder.
  public static func writeJSON(_ value: some Encodable, to file: URL) throws {
    let encoder = encoder
    encoder.outputFormatting.insert(.prettyPrinted)
    try AtomicFile.write(encoder.encode(value) + Data("\n".utf8), to: file)
  }

  /// JSON as the files of a run and the output of the command have it: in one line, sorted keys in snake case.
  public static var encoder: JSONEncoder {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.dateEncodingStrategy = .iso8601
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .words
    return encoder
  }

  /// The way back.
  public static var decoder: JSONDecoder {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    decoder.dateDecodingStrategy = .iso8601
    decoder.nonConformingFloatDecodingStrategy = .words
    return decoder
  }

  /// Reads a JSON value.
  ///
  /// - Throws: `AdjointError` that names the file and what is wrong with it; see `StrictJSON.read`.
  public static func read<Value: Decodable>(_ type: Value.Type, from file: URL) throws -> Value {
    let data = try StrictJSON.read(file)
    do { return try decoder.decode(type, from: data) } catch let error as DecodingError {
      throw AdjointError(.badData, "\(file.path): \(error.sentence(isSnakeCase: true))")
    }
  }
}
