import Foundation
import Tensors

/// Where and with what a run ran.
public struct RunEnvironment: Codable, Sendable, Equatable {
  /// A file of the data with its checksum.
  public struct DataFile: Codable, Sendable, Equatable {
    /// Its name.
    public let name: String
    /// SHA-256 of its bytes, in hexadecimal.
    public let sha256: String
    /// MD5 of its bytes, which is all that is stated of some published files; nil where it was not asked for. A run
    /// does not keep it.
    public var md5: String?

    /// A file.
    public init(name: String, sha256: String, md5: String? = nil) {
      self.name = name
      self.sha256 = sha256
      self.md5 = md5
    }

    private enum CodingKeys: String, CodingKey { case name, sha256 }

    /// Whether two are of one name and the same bytes.
    public static func == (one: Self, other: Self) -> Bool {
      one.name == other.name && one.sha256 == other.sha256
    }
  }

  /// The version of this library.
  public var version: String
  /// The processor's name.
  public var processor: String
  /// The instruction set of the vector loops.
  public var vectorTarget: String
  /// Cores this process may use.
  public var cores: Int
  /// Threads it used.
  public var threads: Int
  /// The version of oneDNN.
  public var onednn: String
  /// The operating system.
  public var system: String
  /// What compiled the program: the Swift part and the loops; nil in runs of before it was noted.
  public var compiler: String?
  /// Whether the Swift part was compiled with optimisation.
  public var isOptimized: Bool
  /// What the data were.
  public var data: String
  /// The data's files; none for data that the program draws.
  public var dataFiles: [DataFile]
  /// What the classes are called, in the order of their numbers; nil where there are none, and in runs of before
  /// they were noted.
  public var classNames: [String]?
  /// When the run began, in UTC.
  public var started: Date
  /// The processes that went on with the run, in order; nil where none did, and in runs of before they were noted.
  public var resumptions: [Resumption]?

  /// This process, on that data.
  public static func current(
    data: String, dataFiles: [DataFile] = [], classNames: [String]? = nil
  ) -> RunEnvironment {
    RunEnvironment(
      version: adjointVersion, processor: processorName, vectorTarget: Threads.vectorTarget,
      cores: Threads.available, threads: Threads.count, onednn: Threads.oneDNNVersion,
      system: ProcessInfo.processInfo.operatingSystemVersionString, compiler: compilerVersion,
      isOptimized: isOptimizedBuild, data: data, dataFiles: dataFiles,
      classNames: classNames, started: Date())
  }

  private static var compilerVersion: String {
    // Without the address of its sources.
    let loops = Threads.loopCompiler.prefix { $0 != "(" }.trimmingCharacters(in: .whitespaces)
    #if compiler(>=6.4)
      return "Swift 6.4 or later, \(loops)"
    #else
      return "Swift 6.3, \(loops)"
    #endif
  }

  /// The name the processor gives itself.
  public static var processorName: String {
    let text = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) }
      ?? "unknown processor"
  }

  /// The most memory that this process has had in use so far, in bytes; 0 where the system does not say.
  public static var peakResidentBytes: Int {
    let text = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    // "VmHWM:    132456 kB"
    return line?.split { !$0.isNumber }.first.flatMap { Int($0) }.map { $0 * 1024 } ?? 0
  }

  /// Whether this module was compiled with optimisation.
  public static var isOptimizedBuild: Bool {
    var isDebug = false
    // An assertion's condition is evaluated in debug builds only.
    assert(
      {
        isDebug = true
        return true
      }())
    return !isDebug
  }
}

/// The version of this library.
public let adjointVersion = "0.1.0"
