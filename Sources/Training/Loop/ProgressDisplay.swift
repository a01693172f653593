import Foundation

/// What the user sees while it trains, on standard error: a bar on a terminal, plain lines elsewhere.
public final class ProgressDisplay {
  /// How much is shown.
  public enum Style: Sendable, Equatable {
    /// Nothing but what asks for help, as a full disk does.
    case silent
    /// A line for each epoch.
    case lines
    /// One line that is drawn again ten times a second, as wide as the terminal.
    case bar
  }

  /// What there is to show.
  struct Snapshot {
    var epoch: Int
    var epochs: Int
    var step: Int
    var totalSteps: Int
    var loss: Double
    var accuracy: Double?
    var samplesPerSecond: Double
    var secondsLeft: Double
  }

  private let style: Style
  private let write: (String) -> Void
  private let width: () -> Int
  private var isBarShown = false
  /// Whether what is shown is gone once it is over, and not the bar.
  private var isPassing = false
  /// What was measured last, in a few words.
  private var measured: String?

  /// - Parameters:
  ///   - style: how much is shown.
  ///   - write: where it goes; standard error by default.
  ///   - width: the terminal's width in columns.
  public init(
    _ style: Style, write: @escaping (String) -> Void = ProgressDisplay.writeToStandardError,
    width: @escaping () -> Int = ProgressDisplay.terminalWidth
  ) {
    self.style = style
    self.write = write
    self.width = width
  }

  /// A bar where standard error is a terminal, else lines; nothing if it is to be quiet.
  public static func automatic(quiet: Bool = false) -> ProgressDisplay {
    ProgressDisplay(quiet ? .silent : isOnTerminal ? .bar : .lines)
  }

  /// Whether standard error is a terminal on which a line can be drawn again; `TERM=dumb` is how one says that it is not.
  public static var isOnTerminal: Bool {
    isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb"
  }

  var wantsUpdates: Bool { style == .bar }

  func update(_ snapshot: Snapshot) {
    guard style == .bar else { return }
    let line = ProgressDisplay.barLine(snapshot, measured: measured, width: width())
    write("\r\u{1B}[2K" + line)
    (isBarShown, isPassing) = (true, false)
  }

  /// What the bar shows from now on of what was measured: the part that was held back, or else the test part, by its
  /// accuracy, or else by its error.
  func measured(_ metrics: [String: Double]) {
    for part in [Metric.Part.validation, .test] {
      for measure in [Metric.Measure.accuracy, .auc, .mse, .loss] {
        let metric = Metric(part, measure)
        guard let value = metrics[metric.name] else { continue }
        let title = measure == .accuracy ? "\(part)" : metric.title
        measured = "\(title) \(metric.text(value))"
        return
      }
    }
  }

  func endOfEpoch(_ snapshot: Snapshot, metrics: [String: Double]) {
    measured(metrics)
    switch style {
    case .silent: break
    case .bar: update(snapshot)
    case .lines:
      let shown = metrics.sorted { $0.key < $1.key }.map { name, value in
        let metric = Metric(name)
        return "\(metric.title) \(metric.text(value))"
      }
      write(
        "epoch \(snapshot.epoch)/\(snapshot.epochs)  step \(ProgressDisplay.grouped(snapshot.step))  "
          + shown.joined(separator: "  ")
          + "  \(ProgressDisplay.grouped(Int(snapshot.samplesPerSecond))) samples/s\n")
    }
  }

  /// Shows on a terminal what goes on where no step is taken, until ``finish()``; nothing elsewhere.
  public func show(_ text: String) {
    guard style == .bar else { return }
    finish()
    write(String(text.prefix(max(width() - 1, 0))))
    isPassing = true
  }

  /// Says something on a line of its own, whatever else is shown; with a display that is silent only what asks for help.
  public func note(_ text: String, isUrgent: Bool = false) {
    guard isUrgent || style != .silent else { return }
    finish()
    write(text + "\n")
  }

  /// Ends the line of the bar, if there is one, and takes away what was shown in passing.
  public func finish() {
    if isBarShown { write("\n") }
    if isPassing { write("\r\u{1B}[2K") }
    (isBarShown, isPassing) = (false, false)
  }

  /// `epoch 12/60 ━━━━━━──── 58 %  loss 0.0912  accuracy 97.40 %  test 97.12 %  287,112 samples/s  0:02 left`
  ///
  /// Loss and accuracy are the epoch's running means of training.
  static func barLine(_ snapshot: Snapshot, measured: String? = nil, width: Int) -> String {
    let share = Double(snapshot.step) / Double(max(snapshot.totalSteps, 1))
    let bar = ProgressBar(
      "epoch \(padded(snapshot.epoch, to: snapshot.epochs))/\(snapshot.epochs) ", share: share,
      width: width)
    var parts = [
      " \(padded(Int(share * 100), to: 100)) %", "loss \(format(snapshot.loss))",
    ]
    if let accuracy = snapshot.accuracy {
      parts.append("accuracy \(Metric("accuracy").text(accuracy))")
    }
    let place = parts.count
    if let measured { parts.append(measured) }
    parts.append("\(grouped(Int(snapshot.samplesPerSecond))) samples/s")
    // Of the first steps alone nobody knows.
    let isKnown = snapshot.secondsLeft < 360_000
    parts.append("\(isKnown ? clock(snapshot.secondsLeft) : "–:––") left")
    let fits = { (parts: [String]) in bar.hasRoom(for: 8, before: parts) }
    if !fits(parts) { parts[parts.count - 2] = short(snapshot.samplesPerSecond) }
    // What was measured stands for a whole epoch, and can be read elsewhere.
    if measured != nil && !fits(parts) { parts.remove(at: place) }
    // What does not fit is left out from the back, down to the bar itself.
    while parts.count > 1 && !fits(parts) {
      parts.remove(at: parts.count > 2 ? parts.count - 2 : parts.count - 1)
    }
    return bar.line(parts)
  }

  /// Samples in a second, in few characters: `287 k/s`.
  private static func short(_ rate: Double) -> String {
    let (value, unit) =
      rate < 999.5 ? (rate, "") : rate < 999_500 ? (rate / 1e3, "k") : (rate / 1e6, "M")
    return String(format: "%.3g", value) + " \(unit)/s"
  }

  /// A number in few characters, a very small or large one by its first digits.
  public static func format(_ value: Double) -> String {
    if !value.isFinite { return value.isNaN ? "nan" : "\(value)" }
    return value != 0 && !(0.01..<1e6).contains(abs(value))
      ? String(format: "%.3g", value) : String(format: "%.4f", value)
  }

  /// `1,234,567`
  public static func grouped(_ number: Int) -> String {
    var digits = String(abs(number))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  private static func padded(_ number: Int, to largest: Int) -> String {
    let text = String(number)
    return String(repeating: " ", count: max(0, String(largest).count - text.count)) + text
  }

  /// `1:02:03`, or `2:03` below an hour; `–:––` for what is no number of seconds.
  public static func clock(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e12 else { return "–:––" }
    let whole = Int(seconds.rounded(.up))
    let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
    return hours > 0
      ? String(format: "%d:%02d:%02d", hours, minutes, rest)
      : String(format: "%d:%02d", minutes, rest)
  }

  /// Writes to standard error, and lets nothing that goes wrong there disturb the run.
  public static func writeToStandardError(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data(text.utf8))
  }

  /// The width in columns of the terminal that standard error is, or 80.
  public static func terminalWidth() -> Int { terminalWidth(of: STDERR_FILENO) ?? 80 }

  /// The width in columns of the terminal that is open as this file; nil if it is none.
  public static func terminalWidth(of descriptor: Int32) -> Int? {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return nil }
    return Int(size.ws_col)
  }
}
