import Datasets
import Foundation
import Tensors
import Training

/// A published set where it was found, with its files' checksums.
struct FoundData {
  let folder: URL
  let files: [RunEnvironment.DataFile]

  /// - Parameters:
  ///   - source: the set.
  ///   - title: what it is called to people, such as CIFAR-10.
  ///   - directory: where it is looked for.
  ///   - note: is told in one line where it is.
  /// - Returns: nil where it is not found.
  /// - Throws: `AdjointError` if it is not in the folder that the user names, or cannot be read.
  init?(
    _ source: DataSource, called title: String, in directory: DataDirectory,
    note: (String) -> Void
  ) throws {
    guard let folder = try directory.locate(source) else { return nil }
    note("data: \(title) in \(folder.path)")
    self.folder = folder
    files = try Self.files(of: source, in: folder)
  }

  /// The set's files in a folder, with their checksums.
  static func files(
    of source: DataSource, in folder: URL
  ) throws -> [RunEnvironment.DataFile] {
    try source.find(in: folder).compactMap { $0 }.map {
      let checksum = try Checksum(of: $0)
      return .init(name: $0.lastPathComponent, sha256: checksum.sha256, md5: checksum.md5)
    }
  }

  /// The same for an experiment that has nothing to fall back on.
  ///
  /// - Throws: `AdjointError` of kind no input that says how to fetch the set, besides what the other throws.
  static func required(
    _ source: DataSource, called title: String, in directory: DataDirectory,
    for experiment: String, note: (String) -> Void
  ) throws -> FoundData {
    do {
      if let found = try FoundData(source, called: title, in: directory, note: note) {
        return found
      }
      let fetched = source.member.map { "\($0.name) --size \($0.size)" } ?? source.name
      throw AdjointError(
        .noInput,
        "\(experiment): there is no \(title) in $ADJOINT_DATA or the cache; adjoint data fetch \(fetched), or "
          + "name its folder with --data-dir")
    } catch let error as AdjointError where error.kind == .noInput {
      throw AdjointError(.noInput, error.message + otherSizes(of: source, in: directory))
    }
  }

  /// `; size 28 is there: --set size=28` for a member of MedMNIST that is there in another size; else nothing.
  private static func otherSizes(of source: DataSource, in directory: DataDirectory) -> String {
    guard let wanted = source.member else { return "" }
    let sizes = MedMNIST.sizes.filter { size in
      let other = try? MedMNIST.source(of: MedMNIST.member(named: wanted.name), size: size)
      return size != wanted.size && other.flatMap { try? directory.locate($0) } != nil
    }
    guard let least = sizes.first else { return "" }
    let words =
      sizes.count == 1
      ? "size \(least) is" : "sizes \(sizes.map(String.init).joined(separator: ", ")) are"
    return "; \(words) there: --set size=\(least)"
  }
}
