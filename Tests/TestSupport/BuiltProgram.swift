import Foundation

/// A program of the package, built beside the one that runs the tests.
public enum BuiltProgram {
  /// Where it is.
  public static func url(_ name: String) -> URL {
    let itself = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let beside = URL(fileURLWithPath: itself ?? CommandLine.arguments[0])
    return beside.deletingLastPathComponent().appendingPathComponent(name)
  }
}
