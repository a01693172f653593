import Foundation

extension RunEnvironment {
  /// A process that went on with a run.
  public struct Resumption: Codable, Sendable, Equatable {
    /// Steps that the run had taken when it began.
    public let step: Int
    /// When it began, in UTC.
    public let started: Date
    /// The version of this library.
    public let version: String
    /// The processor's name.
    public let processor: String
    /// The instruction set of the vector loops.
    public let vectorTarget: String
    /// Threads it used.
    public let threads: Int
    /// The version of oneDNN.
    public let onednn: String
    /// What compiled the program.
    public let compiler: String?

    /// What the next process has otherwise.
    func changes(in next: Resumption) -> [String] {
      let vectors = RunEnvironment.vectors
      return [
        ("threads", "\(threads)", "\(next.threads)"),
        ("vectors", vectors(vectorTarget), vectors(next.vectorTarget)),
        ("processor", processor, next.processor), ("oneDNN", onednn, next.onednn),
        ("Adjoint", version, next.version),
      ].filter { $0.1 != $0.2 }.map { "\($0.0) \($0.2) (\($0.1) before)" }
    }
  }

  /// An instruction set as its maker calls it, of which Highway counts the versions.
  static func vectors(_ target: String) -> String { target == "AVX3" ? "AVX-512" : target }

  /// This run with another process that goes on with it.
  ///
  /// - Parameters:
  ///   - step: steps that the run has taken.
  ///   - process: the environment of that process.
  public func resumed(at step: Int, in process: RunEnvironment) -> RunEnvironment {
    var environment = self
    environment.resumptions = (resumptions ?? []) + [process.resumption(at: step)]
    return environment
  }

  /// What another process has otherwise than the one that trained last, of all that the last bits of a sum depend on:
  /// "threads 1 (2 before)".
  public func changes(in process: RunEnvironment) -> [String] {
    (resumptions?.last ?? asBegun).changes(in: process.asBegun)
  }

  /// The process that began the run, as those are noted that went on with it.
  var asBegun: Resumption { resumption(at: 0) }

  private func resumption(at step: Int) -> Resumption {
    Resumption(
      step: step, started: started, version: version, processor: processor,
      vectorTarget: vectorTarget, threads: threads, onednn: onednn, compiler: compiler)
  }
}
