import Foundation
import Training

/// What the user sees of a sweep, on standard error: a line for each trial that comes to an end, and on a terminal a
/// bar below them.
public final class SweepProgress {
  private let style: ProgressDisplay.Style
  private let write: (String) -> Void
  private let width: () -> Int
  private var isBarShown = false
  private var done = 0.0
  private var doneBefore = 0.0
  private var finished = 0
  private var best: (text: String, trial: Int)?
  private let clock = ContinuousClock()
  private var began: ContinuousClock.Instant
  private var due: ContinuousClock.Instant

  /// - Parameters:
  ///   - style: how much is shown.
  ///   - write: where it goes; standard error by default.
  ///   - width: the terminal's width in columns.
  public init(
    _ style: ProgressDisplay.Style,
    write: @escaping (String) -> Void = ProgressDisplay.writeToStandardError,
    width: @escaping () -> Int = ProgressDisplay.terminalWidth
  ) {
    self.style = style
    self.write = write
    self.width = width
    began = clock.now
    due = began
  }

  /// A bar where standard error is a terminal, else lines; nothing if it is to be quiet.
  public static func automatic(quiet: Bool) -> SweepProgress {
    SweepProgress(quiet ? .silent : ProgressDisplay.isOnTerminal ? .bar : .lines)
  }

  /// Tells the user something in one line.
  func note(_ text: String) {
    guard style != .silent else { return }
    write((isBarShown ? "\r\u{1B}[2K" : "") + text + "\n")
    isBarShown = false
  }

  /// What was done by an earlier process, as a share of the whole.
  func begin(done share: Double, finished trials: Int, best: (text: String, trial: Int)?) {
    (done, doneBefore, finished, self.best) = (share, share, trials, best)
    began = clock.now
  }

  /// A trial came to the end of a rung.
  func trial(
    _ line: String, done share: Double, finished trials: Int, best: (text: String, trial: Int)?
  ) {
    (done, finished, self.best) = (share, trials, best)
    note(line)
  }

  /// Draws the bar again, ten times a second at most.
  func tick(trials: Int) {
    guard style == .bar, clock.now >= due else { return }
    due = clock.now + .milliseconds(100)
    let seconds = (clock.now - began) / .seconds(1)
    let speed = (done - doneBefore) / max(seconds, 1e-9)
    write(
      "\r\u{1B}[2K"
        + SweepProgress.barLine(
          done: done, finished: finished, trials: trials, best: best,
          secondsLeft: speed > 0 ? (1 - done) / speed : .infinity, width: width()))
    isBarShown = true
  }

  func finish() {
    if isBarShown { write("\r\u{1B}[2K") }
    isBarShown = false
  }

  /// `trials 12/27 ━━━━━━━─────── 44 %  best 97.12 % (trial 4)  1:23 left`
  static func barLine(
    done: Double, finished: Int, trials: Int, best: (text: String, trial: Int)?,
    secondsLeft: Double, width: Int
  ) -> String {
    let bar = ProgressBar("trials \(finished)/\(trials) ", share: done, width: width)
    var parts = [" \(Int(done * 100)) %"]
    if let best { parts.append("best \(best.text) (trial \(best.trial))") }
    parts.append("\(ProgressDisplay.clock(secondsLeft)) left")
    while parts.count > 1 && !bar.hasRoom(for: 10, before: parts) {
      parts.remove(at: parts.count - 1)
    }
    return bar.line(parts)
  }
}
