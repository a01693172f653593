import Foundation
import Tensors

/// Files that appear whole or not at all, whatever happens while they are written.
public enum AtomicFile {
  /// Puts a file in place, or replaces one.
  ///
  /// A temporary file beside it is written, brought to the disk and renamed, and the folder is brought to
  /// the disk. The file that a symbolic link leads to is replaced or made, not the link; who may read and write an old
  /// file may do so with the new one. When this throws, the temporary file is gone and what stood there before still
  /// stands (but where only the last of these steps failed, the new file).
  ///
  /// - Throws: `AdjointError`, disk full or cannot write, with the path, the step and the system's words.
  public static func write(_ data: Data, to url: URL) throws {
    try write(to: url) { try $0.write(data) }
  }

  /// The same for contents that are produced while they are written.
  static func write(to url: URL, _ body: (FileWriter) throws -> Void) throws {
    var url = url
    var old = try attempt("look at it", on: url.path) { try Disk.status(url.path) }
    if old?.isLink == true {
      guard
        let target = try attempt("look at it", on: url.path, { try Disk.targetStatus(url.path) })
      else {
        // What it leads to is made. No link leads to itself here: to look where that leads is an error.
        let place = try FileManager.default.destinationOfSymbolicLink(atPath: url.path)
        return try write(
          to: URL(fileURLWithPath: place, relativeTo: url.deletingLastPathComponent()).absoluteURL,
          body)
      }
      (url, old) = (url.resolvingSymlinksInPath(), target)
    }
    let path = url.path
    let folder = url.deletingLastPathComponent().path
    if let old, !old.isRegular && !old.isLink {
      // Renaming over a device would replace the device.
      throw AdjointError(
        .cannotWrite, "\(path): expected a file, found \(old.isFolder ? "a folder" : "a device")")
    }
    let temporary = "\(folder)/\(Leftovers.temporaryName())"
    let writer = try FileWriter(
      creating: temporary, shownAs: path, step: "create a temporary file beside it")
    do {
      if let old, old.isRegular {
        try attempt("give a temporary file its permissions", on: path) {
          try Disk.setPermissions(old.permissions, of: temporary)
        }
      }
      try body(writer)
      _ = try writer.finish()
      try attempt("rename the finished file to it", on: path) {
        try Disk.rename(temporary, to: path)
      }
    } catch {
      try? Disk.removeFile(temporary)
      throw error
    }
    try attempt("sync the folder it is in", on: path) { try Disk.syncFolder(folder) }
  }
}

/// The names of what is not yet whole; a process that is killed leaves it behind.
enum Leftovers {
  static let prefix = ".partial-"

  /// A name that nobody else uses.
  static func temporaryName() -> String {
    let digits = String(UInt64.random(in: .min ... .max), radix: 16)
    return prefix + String(repeating: "0", count: 16 - digits.count) + digits
  }

  /// Whether ``temporaryName()`` gave this name.
  static func isTemporary(_ name: String) -> Bool {
    name.hasPrefix(prefix) && name.utf8.count == prefix.utf8.count + 16
      && name.dropFirst(prefix.count).allSatisfy { $0.isHexDigit }
  }
}
