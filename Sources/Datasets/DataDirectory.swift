import Foundation
import Tensors

/// Where data sets are looked for: the folder the user names, then `$ADJOINT_DATA`, then the user's
/// cache.
///
/// A data folder has one folder per set (`mnist/`); a folder that holds the files of the set itself
/// is taken too. Beside the sets, `pretrained/` has weights.
public struct DataDirectory: Sendable {
  /// The folder that the user named, if any.
  public let explicit: URL?
  /// `$ADJOINT_DATA`, if it is set.
  public let fromEnvironment: URL?
  /// `$XDG_CACHE_HOME/adjoint`, or `~/.cache/adjoint`: also where downloads go.
  public let cache: URL

  /// Reads the environment, which callers that do not want the process's own hand over.
  public init(
    explicit: URL? = nil, environment: [String: String] = ProcessInfo.processInfo.environment
  ) {
    self.explicit = explicit
    fromEnvironment = environment["ADJOINT_DATA"].flatMap { path in
      path.isEmpty ? nil : URL(fileURLWithPath: path, isDirectory: true)
    }
    let home = environment["HOME"].map { URL(fileURLWithPath: $0, isDirectory: true) }
    // The XDG base directory specification has relative paths ignored.
    let caches = environment["XDG_CACHE_HOME"].flatMap { path in
      path.hasPrefix("/") ? URL(fileURLWithPath: path, isDirectory: true) : nil
    }
    cache =
      (caches
      ?? (home ?? FileManager.default.homeDirectoryForCurrentUser)
      .appendingPathComponent(".cache", isDirectory: true))
      .appendingPathComponent("adjoint", isDirectory: true)
  }

  /// A place without data: what a run that drew its own goes on with, whatever has been put there since.
  public static let nowhere = DataDirectory(
    environment: ["HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"])

  /// The folder that holds all files of the set, or nil where none of the usual places does.
  ///
  /// Throws no input where the user named a folder and it does not exist or lacks a file of the
  /// set, or where `$ADJOINT_DATA` names a folder that does not exist.
  public func locate(_ source: DataSource) throws -> URL? {
    if let explicit { return try Self.folder(of: source, explicit: explicit) }
    try requireFolder()
    return [fromEnvironment, cache].compactMap { $0 }
      .lazy.compactMap { Self.complete(source, in: $0) }.first
  }

  /// The folder of the set of that name; see ``locate(_:)``. Throws a usage error for a name that
  /// is not known.
  public func locate(set name: String) throws -> URL? {
    try locate(DataCatalogue.source(named: name))
  }

  /// Throws no input if the folder that the user named, or that `$ADJOINT_DATA` names, does not exist: data that are
  /// drawn in place of a set are not what a mistyped name asks for.
  public func requireFolder() throws {
    if let explicit { return try Self.requireFolder(explicit, "") }
    if let fromEnvironment { try Self.requireFolder(fromEnvironment, "$ADJOINT_DATA: ") }
  }

  private static func requireFolder(_ folder: URL, _ source: String) throws {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: folder.path, isDirectory: &isDirectory) else {
      throw AdjointError(.noInput, "\(source)\(folder.path): no such folder")
    }
    guard isDirectory.boolValue else {
      throw AdjointError(.noInput, "\(source)\(folder.path): expected a folder, found a file")
    }
  }

  /// The file of weights that is meant: the one at the path, or for a name alone, where no such file is here, the one
  /// in `pretrained/` of the usual places.
  ///
  /// Throws no input for a name that is in none of them.
  public func weights(_ path: String) throws -> URL {
    guard Self.isOnlyName(path) else { return URL(fileURLWithPath: path) }
    let places = placesOfWeights
    let files = places.map { $0.appendingPathComponent(path) }
    guard let found = files.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw AdjointError(
        .noInput,
        "\(path): no such file here, nor in \(places.map(\.path).joined(separator: " or "))")
    }
    return found
  }

  /// The first of the usual places that has files of weights in `pretrained/`, and their names in order; nil where none
  /// has.
  public var pretrained: (folder: URL, names: [String])? {
    let endings: Set = ["safetensors", "pth", "pt", "th", "bin", "ckpt"]
    return placesOfWeights.lazy.map { folder in
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      return (folder, names.filter { endings.contains(($0 as NSString).pathExtension) }.sorted())
    }.first { !$0.names.isEmpty }
  }

  private var placesOfWeights: [URL] {
    (explicit.map { [$0] } ?? [fromEnvironment, cache].compactMap { $0 })
      .map { $0.appendingPathComponent("pretrained", isDirectory: true) }
  }

  /// Whether it says no folder, and no file here is called so.
  public static func isOnlyName(_ path: String) -> Bool {
    !path.contains("/") && !FileManager.default.fileExists(atPath: path)
  }

  /// The folder of the set that was named; what `MNIST.load(from:)` resolves its folder with.
  static func folder(of source: DataSource, explicit: URL) throws -> URL {
    try requireFolder(explicit, "")
    if let folder = complete(source, in: explicit) { return folder }
    let lacking = candidates(source, in: explicit).map { Self.missing(source, in: $0) }
    let missing = lacking.min { $0.count < $1.count } ?? []
    let isSingle = source.parts.count == 1
    let found =
      isSingle
      ? ""
      : missing.count == source.parts.count
        ? "; found none of them" : "; found no \(missing.joined(separator: ", no "))"
    let unpacked =
      source.parts.contains { $0.name.hasSuffix(".gz") } ? " (or unpacked, without .gz)" : ""
    let below = source.files.compactMap(\.archive?.folder).map { " (or in \($0)/ there)" }.joined()
    throw AdjointError(
      .noInput,
      """
      \(explicit.path): expected the \(isSingle ? "file" : "files") \
      \(source.parts.map(\.name).joined(separator: ", "))\(unpacked) \
      in \(source.folder)/ or in the folder itself\(below)\(found)
      """)
  }

  private static func candidates(_ source: DataSource, in folder: URL) -> [URL] {
    [folder.appendingPathComponent(source.folder, isDirectory: true), folder]
  }

  private static func missing(_ source: DataSource, in folder: URL) -> [String] {
    zip(source.parts, source.find(in: folder)).compactMap { part, place in
      place == nil ? part.name : nil
    }
  }

  private static func complete(_ source: DataSource, in folder: URL) -> URL? {
    candidates(source, in: folder).first { missing(source, in: $0).isEmpty }
  }
}
