import Foundation
import Tensors

extension Checkpoint {
  /// Where the file system cannot exchange two names, the old checkpoint waits under this prefix until
  /// the new one of its name is in place.
  private static let replacedPrefix = ".replaced-"

  /// The name of the checkpoint after that many steps: `step-000000123`.
  public static func name(step: Int) -> String {
    require(step >= 0, "Checkpoint.name: step \(step)")
    let digits = String(step)
    return "step-" + String(repeating: "0", count: max(9 - digits.count, 0)) + digits
  }

  /// The step in a checkpoint's name; `nil` where it is not one of ``name(step:)``.
  public static func step(of url: URL) -> Int? {
    let name = url.lastPathComponent
    guard let step = Int(name.dropFirst("step-".count)), step >= 0, self.name(step: step) == name
    else { return nil }
    return step
  }

  /// The checkpoints of a folder that have a step in their names, oldest first; damaged ones are among
  /// them, and what was never finished is not. Empty where there is no such folder.
  ///
  /// - Throws: `AdjointError`, no input, where the folder cannot be read.
  public static func all(in folder: URL) throws -> [URL] {
    let names: [String]
    do { names = try Disk.names(in: folder.path) } catch let failure as CallFailure {
      if failure.code == ENOENT { return [] }
      throw AdjointError(.noInput, "\(folder.path): cannot be read: \(failure.text)")
    }
    let proper = names.map { name in
      name.hasPrefix(replacedPrefix) ? String(name.dropFirst(replacedPrefix.count)) : name
    }
    let urls = Set(proper).map { folder.appendingPathComponent($0, isDirectory: true) }
    return urls.compactMap { url in step(of: url).map { (url, $0) } }
      .sorted { $0.1 < $1.1 }
      .map(\.0)
  }

  /// The checkpoint with the highest step, whole; `nil` where there is none.
  ///
  /// - Throws: `AdjointError`, bad data, where it is damaged, with the damage and the newest older one
  ///   that is whole: to go on from that is for the user to decide.
  public static func latest(in folder: URL) throws -> URL? {
    let urls = try all(in: folder)
    guard let newest = urls.last else { return nil }
    do {
      try verify(newest)
    } catch let damage as AdjointError {
      let older = urls.dropLast().last { (try? verify($0)) != nil }
      throw AdjointError(
        damage.kind,
        "\(newest.path): the newest checkpoint cannot be used: \(damage.message); "
          + (older.map {
            "the newest one that is whole is \($0.path): remove what is newer to go on from there"
          } ?? "no older one is whole"))
    }
    return newest
  }

  /// Deletes all but the newest checkpoints that have a step in their names, after making sure that the
  /// newest is whole.
  ///
  /// - Parameters:
  ///   - count: how many stay; at least one.
  ///   - folder: where they are.
  /// - Throws: `AdjointError`: bad data, and nothing is deleted, where the newest is damaged; cannot
  ///   write where one cannot be deleted.
  public static func prune(keeping count: Int, in folder: URL) throws {
    require(count >= 1, "Checkpoint.prune: keeping \(count); at least one has to stay")
    let old = try all(in: folder).dropLast(count)
    guard !old.isEmpty, try latest(in: folder) != nil else { return }
    for url in old {
      // Renamed first: half a checkpoint must not look like a damaged one.
      let partial = "\(folder.path)/\(Leftovers.prefix)\(url.lastPathComponent)"
      try attempt("delete it", on: url.path) {
        if try Disk.status(partial) != nil { try Disk.removeAll(partial) }
        try Disk.rename(location(url), to: partial)
        try Disk.syncFolder(folder.path)
        try Disk.removeAll(partial)
      }
    }
  }

  /// Where a checkpoint of that name lies.
  static func location(_ url: URL) -> String {
    let path = url.path
    let name = url.lastPathComponent
    let replaced = "\(url.deletingLastPathComponent().path)/\(replacedPrefix)\(name)"
    func isThere(_ path: String) -> Bool { (try? Disk.status(path)) != nil }
    return !isThere(path) && isThere(replaced) ? replaced : path
  }

  /// Gives a finished folder its name; a checkpoint that has the name gets the temporary one.
  static func putInPlace(_ partial: String, _ name: String, in parent: String) throws {
    let path = "\(parent)/\(name)"
    guard try Disk.status(path) != nil else { return try Disk.rename(partial, to: path) }
    do {
      try Disk.exchange(partial, with: path)
    } catch let failure as CallFailure
      where [EINVAL, ENOSYS, ENOTSUP].contains(failure.code)
    {
      try Disk.rename(path, to: "\(parent)/\(replacedPrefix)\(name)")
      try Disk.rename(partial, to: path)
    }
  }

  /// Removes what earlier processes did not finish. That it cannot be removed matters only if it is in the
  /// way, and then the step that it hinders says so.
  static func removeLeftovers(in folder: String) {
    guard let names = try? Disk.names(in: folder) else { return }
    for name in names {
      let path = "\(folder)/\(name)"
      if name.hasPrefix(Leftovers.prefix) {
        try? Disk.removeAll(path)
      } else if name.hasPrefix(replacedPrefix) {
        let proper = "\(folder)/\(name.dropFirst(replacedPrefix.count))"
        if (try? Disk.status(proper)) != nil {
          try? Disk.removeAll(path)
        } else {
          try? Disk.rename(path, to: proper)
        }
      }
    }
  }
}
