import Foundation
import Testing

@testable import Training

@Suite struct ProgressDisplayTests {
  private static let snapshot = ProgressDisplay.Snapshot(
    epoch: 12, epochs: 60, step: 131_250, totalSteps: 225_000, loss: 0.0912345, accuracy: 0.974,
    samplesPerSecond: 287_112.9, secondsLeft: 62.2)

  /// 131250/225000 = 58 %; 23 of 40 cells are 57.5 %, rounded from 23.33.
  @Test func barAsWideAsItMayBe() {
    #expect(
      ProgressDisplay.barLine(Self.snapshot, width: 200)
        == "epoch 12/60 ━━━━━━━━━━━━━━━━━━━━━━━─────────────────"
        + "  58 %  loss 0.0912  accuracy 97.40 %  287,112 samples/s  1:03 left")
  }

  private static let narrower: [(Int, String)] = [
    (
      100,
      "epoch 12/60 ━━━━━━━━━━━━────────  58 %  loss 0.0912  accuracy 97.40 %  287,112 samples/s  1:03 left"
    ),
    (80, "epoch 12/60 ━━━━━━────  58 %  loss 0.0912  accuracy 97.40 %  287 k/s  1:03 left"),
    (60, "epoch 12/60 ━━━━━━━━━━───────  58 %  loss 0.0912  1:03 left"),
    (40, "epoch 12/60 ━━━━━━────  58 %  1:03 left"),
    (30, "epoch 12/60 ━━━━━━─────  58 %"),
    (22, "epoch 12/60 58 %"),
    (10, "epoch 12/"),
    (0, ""),
  ]

  @Test(arguments: narrower)
  func leavesOutWhatDoesNotFit(width: Int, line: String) {
    #expect(ProgressDisplay.barLine(Self.snapshot, width: width) == line)
  }

  /// Three digits at most, rounded up to the next unit where they would be four.
  @Test(arguments: [
    (0.4, "0.4 /s"), (999.4, "999 /s"), (999.6, "1 k/s"), (1234, "1.23 k/s"), (999_400, "999 k/s"),
    (999_600, "1 M/s"), (123_456_789, "123 M/s"),
  ])
  func ratesInFewCharacters(samplesPerSecond: Double, words: String) {
    var snapshot = Self.snapshot
    snapshot.samplesPerSecond = samplesPerSecond
    // Too narrow for a rate in words.
    let line = ProgressDisplay.barLine(snapshot, width: 80)
    #expect(line.hasSuffix("accuracy 97.40 %  \(words)  1:03 left"), "\(line)")
  }

  private static let extremes: [ProgressDisplay.Snapshot] = [
    snapshot,
    .init(
      epoch: 1, epochs: 1_000_000, step: 0, totalSteps: 1, loss: .nan, accuracy: nil,
      samplesPerSecond: 0, secondsLeft: .infinity),
    .init(
      epoch: 999_999, epochs: 1_000_000, step: 1_000_000_000, totalSteps: 1_000_000_000,
      loss: 1e300, accuracy: 1, samplesPerSecond: 123_456_789, secondsLeft: 359_999),
    .init(
      epoch: 1, epochs: 1, step: 5, totalSteps: 0, loss: -1e-12, accuracy: 0, samplesPerSecond: 1,
      secondsLeft: 0),
  ]

  /// A line that is as wide as the terminal would wrap on some, and could not be drawn over again.
  @Test(arguments: 20...200)
  func neverWraps(width: Int) {
    for snapshot in Self.extremes {
      let line = ProgressDisplay.barLine(snapshot, width: width)
      #expect(line.count < width)
      #expect(line.hasPrefix("epoch "))
      #expect(!line.contains("\n"))
    }
  }

  @Test func barIsDrawnOverItself() {
    let screen = Screen()
    let progress = screen.progress(.bar, width: 40)
    progress.update(Self.snapshot)
    progress.endOfEpoch(Self.snapshot, metrics: ["test_accuracy": 0.5])
    progress.finish()
    progress.finish()
    let line = "\r\u{1B}[2Kepoch 12/60 ━━━━━━────  58 %  1:03 left"
    #expect(screen.text == line + line + "\n")
  }

  /// From the end of the first epoch on: what was held back, or else the test part.
  @Test(arguments: [
    (["test_accuracy": 0.9712, "train_accuracy": 1, "test_loss": 0.1], "test 97.12 %"),
    (["test_accuracy": 0.5, "validation_auc": 0.25], "validation auc 0.2500"),
    (["validation_loss": 2.5, "validation_mse": 1.5], "validation mse 1.5000"),
    (["test_loss": 0.5], "test loss 0.5000"),
  ])
  func showsWhatWasMeasured(metrics: [String: Double], words: String) {
    let screen = Screen()
    let progress = screen.progress(.bar, width: 120)
    progress.endOfEpoch(Self.snapshot, metrics: metrics)
    #expect(screen.text.contains("  accuracy 97.40 %  \(words)  287,112 samples/s"))
  }

  /// On a narrow terminal what was measured goes first: samples in a second stay.
  @Test func whatWasMeasuredMakesRoom() {
    let line = ProgressDisplay.barLine(Self.snapshot, measured: "test 97.12 %", width: 80)
    #expect(line.contains("  58 %  loss 0.0912  accuracy 97.40 %  287 k/s  1:03 left"))
    #expect(line.count < 80)
  }

  @Test func showsNothingElseOfWhatWasMeasured() {
    let screen = Screen()
    let progress = screen.progress(.bar, width: 120)
    progress.endOfEpoch(Self.snapshot, metrics: ["train_accuracy": 1, "test_pace": 3])
    #expect(screen.text.contains("  accuracy 97.40 %  287,112 samples/s"))
  }

  /// What takes long where no step is taken stands below the bar, and leaves nothing behind.
  @Test func whatIsShownInPassing() {
    let screen = Screen()
    let progress = screen.progress(.bar, width: 40)
    progress.update(Self.snapshot)
    progress.show("measuring what it came to, which takes long …")
    progress.finish()
    progress.finish()
    let line = "\r\u{1B}[2Kepoch 12/60 ━━━━━━────  58 %  1:03 left"
    let words = "measuring what it came to, which takes "
    #expect(words.count == 39)
    #expect(screen.text == line + "\n" + words + "\r\u{1B}[2K")
    for style in [ProgressDisplay.Style.lines, .silent] {
      let screen = Screen()
      screen.progress(style).show("measuring")
      #expect(screen.text.isEmpty)
    }
  }

  @Test func plainLines() {
    let screen = Screen()
    let progress = screen.progress(.lines)
    progress.update(Self.snapshot)
    progress.endOfEpoch(
      Self.snapshot,
      metrics: ["train_loss": 0.00123456, "train_accuracy": 0.97, "test_accuracy": 1, "auc": 0.5])
    progress.finish()
    #expect(
      screen.text
        == "epoch 12/60  step 131,250  auc 0.5000  test accuracy 100.00 %  train accuracy 97.00 %  "
        + "train loss 0.00123  287,112 samples/s\n")
  }

  @Test func silence() {
    let screen = Screen()
    let progress = screen.progress(.silent)
    progress.update(Self.snapshot)
    progress.endOfEpoch(Self.snapshot, metrics: ["loss": 1])
    progress.note("a remark")
    progress.finish()
    #expect(screen.text.isEmpty)
    progress.note("the disk is full", isUrgent: true)
    #expect(screen.text == "the disk is full\n")
  }

  @Test func onlyABarWantsUpdates() {
    #expect(ProgressDisplay(.bar).wantsUpdates)
    #expect(!ProgressDisplay(.lines).wantsUpdates && !ProgressDisplay(.silent).wantsUpdates)
  }

  @Test(arguments: [
    (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (100_000, "100,000"),
  ])
  func thousandsAreGrouped(number: Int, text: String) {
    #expect(ProgressDisplay.grouped(number) == text)
  }

  @Test(arguments: [
    (0.0, "0:00"), (0.1, "0:01"), (59.5, "1:00"), (3599.5, "1:00:00"), (3723, "1:02:03"),
    (359_999, "99:59:59"), (443_045, "123:04:05"), (Double.infinity, "–:––"), (.nan, "–:––"),
  ])
  func timeLeft(seconds: Double, text: String) {
    #expect(ProgressDisplay.clock(seconds) == text)
  }
}
