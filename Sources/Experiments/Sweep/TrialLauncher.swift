import Foundation
import Tensors
import Training

/// What one trial has to do until its next comparison.
public struct TrialJob: Sendable {
  /// The experiment's name.
  public let experiment: String
  /// From 0.
  public let trial: Int
  /// From 0.
  public let rung: Int
  /// All that it changes of the experiment's default.
  public let changes: [(key: String, value: String)]
  /// Where to pause; nil to train to the end.
  public let pause: Trainer.Pause?
  /// Its folder; a checkpoint there is where it goes on.
  public let folder: URL
  /// Threads to use.
  public let threads: Int
  /// Where data are looked for, if a folder was named.
  public let dataDir: String?
  /// Whether it is to draw its data where it could find some.
  public var findsNoData = false
}

/// How a trial's process ended.
public enum TrialOutcome: Equatable, Sendable {
  /// It came to where it was to pause, or to its end.
  case finished(metrics: [String: Double], steps: Int, seconds: Double)
  /// It diverged, or something else is wrong with it alone.
  case failed(String)
  /// It was asked to stop, and saved.
  case interrupted
  /// Something is wrong that would stop every trial, such as a full disk.
  case stopped(AdjointError)
}

/// A trial under way.
public protocol RunningTrial: AnyObject {
  /// How it ended; nil while it runs.
  func outcome() -> TrialOutcome?
  /// Asks it to save and stop.
  func stop()
}

/// `adjoint train` in a process of its own.
///
/// The child holds a lock on its log: if this process is killed, the next one waits until the child is gone. The
/// child's standard input is a pipe from here: when it ends, because the child is to stop or because this process is
/// no more, the child saves and stops.
public final class TrialProcess: RunningTrial {
  private let process = Process()
  private let input = Pipe()
  private let log: URL
  private let logStart: Int
  private let trial: Int

  /// Starts a trial, or goes on with it.
  ///
  /// - Parameters:
  ///   - job: what to do.
  ///   - executable: the command.
  ///   - waiting: called again and again while a process that an earlier sweep has left behind still saves; stops
  ///     waiting if it returns false.
  public init?(_ job: TrialJob, executable: URL, waiting: () -> Bool) throws {
    trial = job.trial
    log = job.folder.deletingLastPathComponent()
      .appendingPathComponent(job.folder.lastPathComponent + ".log")
    var lock = try FileLock(log)
    while lock == nil {
      guard waiting() else { return nil }
      lock = try FileLock(log)
    }
    let output = FileHandle(fileDescriptor: lock?.descriptor ?? -1, closeOnDealloc: false)
    logStart = Int(try output.seekToEnd())
    process.executableURL = executable
    process.arguments = try Self.arguments(job)
    if job.findsNoData {
      process.environment = ProcessInfo.processInfo.environment
        .filter { $0.key != "ADJOINT_DATA" }
        .merging(["XDG_CACHE_HOME": "/dev/null"]) { $1 }
    }
    process.standardInput = input
    process.standardOutput = output
    process.standardError = output
    do { try process.run() } catch {
      throw AdjointError(
        .internalFault, "\(executable.path): cannot be started: \(error.localizedDescription)")
    }
    withExtendedLifetime(lock) {}
  }

  private static func arguments(_ job: TrialJob) throws -> [String] {
    var words = ["train", job.experiment, "--json", "--quiet", "--stop-with-input"]
    words += ["--threads", "\(job.threads)"]
    if let dataDir = job.dataDir { words += ["--data-dir", dataDir] }
    switch job.pause {
    case .epochs(let epochs): words += ["--pause-after-epochs", "\(epochs)"]
    case .steps(let steps): words += ["--pause-after-steps", "\(steps)"]
    case nil: break
    }
    let files = FileManager.default
    let checkpoints = job.folder.appendingPathComponent("checkpoints").path
    let names = (try? files.contentsOfDirectory(atPath: checkpoints)) ?? []
    if names.contains(where: { $0.hasPrefix("step-") }) {
      return words + ["--resume", job.folder.path]
    }
    // It was killed before there was anything to go on from.
    if files.fileExists(atPath: job.folder.path) { try files.removeItem(at: job.folder) }
    for (key, value) in job.changes { words += ["--set", "\(key)=\(value)"] }
    return words + ["--output", job.folder.path]
  }

  /// Asks it to save and stop.
  public func stop() { try? input.fileHandleForWriting.close() }

  /// How it ended; nil while it runs.
  public func outcome() -> TrialOutcome? {
    guard !process.isRunning else { return nil }
    let lines = logLines()
    let status = process.terminationStatus
    guard process.terminationReason == .exit else {
      if [SIGINT, SIGTERM, SIGHUP].contains(status) { return .interrupted }
      // Not the trial's fault, as a rule: what it has saved is gone on with.
      if status == SIGKILL {
        return .stopped(
          AdjointError(
            .interrupted,
            "trial \(trial): was killed by signal 9, as where memory runs out; go on with the sweep (--resume)"
          ))
      }
      return .failed("was killed by signal \(status)")
    }
    if [130, 128 + SIGTERM].contains(status) { return .interrupted }
    guard status == 0 else { return Self.failure(status, lines, trial) }
    guard let last = lines.last,
      let summary = try? RunDirectory.decoder.decode(
        ExperimentRunner.Summary.self, from: Data(last.utf8))
    else { return .failed("printed no summary as its last line") }
    return .finished(metrics: summary.metrics, steps: summary.steps, seconds: summary.seconds)
  }

  private static func failure(_ status: Int32, _ lines: [String], _ trial: Int) -> TrialOutcome {
    let prefix = "adjoint: "
    let words = lines.last { $0.hasPrefix(prefix) }.map { String($0.dropFirst(prefix.count)) }
    let message = words ?? lines.last ?? "ended with exit code \(status)"
    let kind = AdjointError.Kind(rawValue: status)
    switch kind {
    case .noInput, .cannotWrite, .diskFull:
      return .stopped(AdjointError(kind ?? .internalFault, "trial \(trial): \(message)"))
    default: return .failed(message)
    }
  }

  private func logLines() -> [String] {
    let data = (try? Data(contentsOf: log)) ?? Data()
    return String(decoding: data.dropFirst(logStart), as: UTF8.self).split(separator: "\n")
      .map(String.init)
  }
}
