import Foundation

/// Where a file lies until it is whole and verified: `NAME.PROCESS.part` beside its place.
///
/// Each process has a name of its own: of two that fetch the same file, neither may give the other's half its place.
enum PartFile {
  private static let ending = "part"

  /// Where this process puts a file that is to come to that place.
  static func url(for place: URL) -> URL {
    place.appendingPathExtension("\(ProcessInfo.processInfo.processIdentifier)")
      .appendingPathExtension(ending)
  }

  /// Removes what processes that are no more have left of a file.
  static func removeLeftovers(of place: URL) {
    let folder = place.deletingLastPathComponent()
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in names where isLeftover(name, of: place.lastPathComponent) {
      try? FileManager.default.removeItem(at: folder.appendingPathComponent(name))
    }
  }

  private static func isLeftover(_ name: String, of file: String) -> Bool {
    guard name.hasPrefix("\(file)."), name.hasSuffix(".\(ending)") else { return false }
    let middle = name.dropFirst(file.count + 1).dropLast(ending.count + 1)
    guard let process = pid_t(middle), process > 0, middle == "\(process)" else { return false }
    return kill(process, 0) != 0 && errno == ESRCH
  }
}
