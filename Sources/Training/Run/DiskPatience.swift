import Foundation
import Tensors

/// Tries again, for a while, what a full or failing disk refused: someone may make room.
public struct DiskPatience {
  private let seconds: Double
  private let isInterrupted: @Sendable () -> Bool
  private let note: (String) -> Void

  /// - Parameters:
  ///   - options: say for how long, and what breaks it off.
  ///   - progress: where the user is told of it.
  public init(_ options: Trainer.Options, _ progress: ProgressDisplay) {
    seconds = options.secondsToWaitForDisk
    isInterrupted = options.isInterrupted
    note = { progress.note($0, isUrgent: true) }
  }

  /// Runs `body`, and again where the disk was full, until it succeeds or the time is over.
  ///
  /// - Parameter body: may run often; each time it writes all of what it is to write.
  /// - Throws: what `body` threw last.
  public func callAsFunction<Result>(_ body: () throws -> Result) throws -> Result {
    let clock = ContinuousClock()
    let end = clock.now + .seconds(seconds)
    var pause = 0.1
    var hasFailed = false
    while true {
      do {
        let result = try body()
        if hasFailed { note("adjoint: there is room again; going on") }
        return result
      } catch let error as AdjointError
        where error.kind == .diskFull && clock.now < end && !isInterrupted()
      {
        if !hasFailed {
          note("adjoint: \(error.message); trying again for \(Self.shown(seconds)) s")
        }
        hasFailed = true
        let next = min(clock.now + .seconds(pause), end)
        while clock.now < next && !isInterrupted() { Thread.sleep(forTimeInterval: 0.05) }
        pause = min(2 * pause, 5)
      }
    }
  }

  private static func shown(_ seconds: Double) -> String {
    seconds == seconds.rounded() ? String(Int(seconds)) : "\(seconds)"
  }
}
