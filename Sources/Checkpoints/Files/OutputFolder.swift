import Foundation
import Tensors

/// The folder that a run writes into.
public enum OutputFolder {
  /// Makes the folder and those above it where they are missing, and tries whether files can be written
  /// there, so that a run learns it before hours of work and not after.
  ///
  /// Temporary files that a killed ``AtomicFile/write(_:to:)`` left in it are removed.
  ///
  /// - Throws: `AdjointError`, disk full or cannot write, with the folder and the system's words.
  public static func prepare(_ url: URL) throws {
    let path = url.path
    try make(url)
    try attempt("remove what an earlier run left in this folder", on: path) {
      for name in try Disk.names(in: path) where Leftovers.isTemporary(name) {
        let leftover = "\(path)/\(name)"
        if try Disk.status(leftover)?.isRegular == true { try removeIfThere(leftover) }
      }
    }
    let probe = "\(path)/\(Leftovers.temporaryName())"
    try attempt("write a file into this folder", on: path) {
      let file = try OpenFile(creating: probe)
      var written = 0
      do {
        try file.write([0], counting: &written)
        try file.close()
      } catch {
        try? Disk.removeFile(probe)
        throw error
      }
      try removeIfThere(probe)
    }
  }

  /// Makes a folder, and those above it where they are missing.
  ///
  /// - Returns: whether it was made; false where something of its name is there already.
  /// - Throws: `AdjointError`, disk full or cannot write, with the folder and the system's words.
  public static func makeNew(_ url: URL) throws -> Bool {
    let parent = url.deletingLastPathComponent()
    try make(parent)
    do {
      try Disk.makeFolder(url.path)
      try Disk.syncFolder(parent.path)
      return true
    } catch let failure as CallFailure where failure.code == EEXIST {
      return false
    } catch let failure as CallFailure {
      throw AdjointError(failure.kind, "\(url.path): cannot make this folder: \(failure.text)")
    }
  }

  /// Another process that prepares the same folder may have removed it.
  private static func removeIfThere(_ path: String) throws {
    do { try Disk.removeFile(path) } catch let failure as CallFailure where failure.code == ENOENT {
    }
  }

  private static func make(_ url: URL) throws {
    let path = url.path
    let parent = url.deletingLastPathComponent()
    do {
      try makeOne(path, in: parent.path)
    } catch let failure as CallFailure where failure.code == ENOENT && parent.path != path {
      try make(parent)
      try attempt("make this folder", on: path) { try makeOne(path, in: parent.path) }
    } catch let failure as CallFailure {
      throw AdjointError(failure.kind, "\(path): cannot make this folder: \(failure.text)")
    }
  }

  /// Makes one folder where it is missing.
  static func makeOne(_ path: String, in parent: String) throws {
    if let found = try Disk.targetStatus(path) {
      guard found.isFolder else {
        throw AdjointError(.cannotWrite, "\(path): expected a folder, found a file")
      }
      return
    }
    do { try Disk.makeFolder(path) } catch let failure as CallFailure {
      // Another process may have made it since.
      guard failure.code == EEXIST, try Disk.targetStatus(path)?.isFolder == true else {
        throw failure
      }
    }
    try Disk.syncFolder(parent)
  }
}
