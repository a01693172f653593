import Checkpoints
import EventLog
import Figures
import Foundation
import Tensors

/// Writes what a run measures: `metrics.jsonl` and a TensorBoard event file.
///
/// `metrics.jsonl` holds one line for each step, `{"step":1,"epoch":1,"loss":2.3,"learning_rate":0.1}`, and
/// one for each epoch, `{"step":3750,"epoch":1,"metrics":{"test_accuracy":0.93,…}}`, and one for each measure between
/// the ends of epochs, `{"step":500,"epoch":1,"measured":{"test_accuracy":0.85,…}}`. It holds no times, so that two
/// runs of one configuration write the same bytes.
final class MetricsLog {
  private let file: AppendFile
  private let events: EventLogWriter
  private var pending: [Step] = []
  /// The step whose learning rate TensorBoard was told last.
  private var noted: (epoch: Int, rate: Double)?
  /// Formatting waits until this many steps are there: the loop stays in its caches.
  private static let batch = 2048

  private struct Step {
    let step: Int
    let epoch: Int
    let loss: Double
    let rate: Double
  }

  /// - Parameters:
  ///   - run: where the files lie.
  ///   - keeping: how many bytes of an existing `metrics.jsonl` stand; what follows them is cut off.
  ///   - resumedStep: the steps that a run which goes on had taken; nil for a new one. What earlier event files
  ///     say of later steps is void: TensorBoard takes them from the new file, which begins with a mark.
  init(in run: RunDirectory, keeping bytes: Int, resumedStep: Int?) throws {
    file = try AppendFile(run.metrics)
    try file.truncate(toBytes: bytes)
    // What is noted before the first step belongs to step 0, and is noted again by a run that begins there.
    events = try MetricsLog.writing {
      try EventLogWriter(
        directory: run.folder, resumedStep: resumedStep.map { $0 > 0 ? $0 + 1 : 0 })
    }
    pending.reserveCapacity(MetricsLog.batch)
  }

  /// The length of `metrics.jsonl` after ``flush()``.
  var byteCount: Int { file.byteCount }

  /// Says which step came before the first one that is logged here, where that is within an epoch.
  func goOn(after epoch: Int, rate: Double) { noted = (epoch, rate) }

  /// Logs a step. This never fails: what the disk does not take is kept, and ``flush()`` tries again.
  @inline(__always)
  func step(_ step: Int, epoch: Int, loss: Double, rate: Double) {
    pending.append(Step(step: step, epoch: epoch, loss: loss, rate: rate))
    if pending.count == MetricsLog.batch { writePending() }
  }

  /// Logs an epoch; never fails, as ``step(_:epoch:loss:rate:)``.
  func epoch(_ epoch: History.Epoch) {
    writePending()
    append(
      "{\"step\":\(epoch.step),\"epoch\":\(epoch.epoch),\"metrics\":\(fields(epoch.metrics))}\n")
    for (name, value) in epoch.metrics.sorted(by: { $0.key < $1.key }) {
      events.scalar("epoch/\(name)", value: value, step: epoch.step)
    }
  }

  /// Logs what was measured between the ends of epochs; never fails, as ``step(_:epoch:loss:rate:)``.
  func measure(_ measure: History.Measure, epoch: Int) {
    writePending()
    append(
      "{\"step\":\(measure.step),\"epoch\":\(epoch),\"measured\":\(fields(measure.metrics))}\n")
    for (name, value) in measure.metrics.sorted(by: { $0.key < $1.key }) {
      events.scalar("step/\(name)", value: value, step: measure.step)
    }
  }

  private func fields(_ metrics: [String: Double]) -> String {
    let fields = metrics.sorted { $0.key < $1.key }.map {
      "\(JSONText.quoted($0.key)):\(json($0.value))"
    }
    return "{\(fields.joined(separator: ","))}"
  }

  /// Notes something for TensorBoard alone, after that many steps.
  func summary(_ summary: RunSummary, step: Int) {
    switch summary {
    case .scalar(let tag, let value): events.scalar(tag, value: value, step: step)
    case .histogram(let tag, let values): events.histogram(tag, values: values, step: step)
    case .image(let tag, let image):
      events.image(
        tag, png: PNG.encode(image), width: image.width, height: image.height, step: step)
    case .text(let tag, let text): events.text(tag, text, step: step)
    }
  }

  /// Notes for TensorBoard what a run that is over after that many steps has come to, as `final/test_accuracy`.
  ///
  /// It stands at the step behind the last: there a run that is gone on with begins to take the place of what was
  /// said before, and one that was killed before it had its result says this twice.
  func end(_ metrics: [String: Double], step: Int) {
    for (name, value) in metrics.sorted(by: { $0.key < $1.key }) {
      summary(.scalar("final/\(name)", value), step: step + 1)
    }
  }

  /// Brings everything to the disk. After an error nothing is lost, and the next call goes on where this one stopped.
  func flush() throws {
    writePending()
    try file.flush()
    try MetricsLog.writing { try events.sync() }
  }

  func close() throws {
    try flush()
    try MetricsLog.writing { try events.close() }
  }

  private static func writing<R>(_ body: () throws -> R) throws -> R {
    do { return try body() } catch let error as EventLogError {
      throw AdjointError(.init(writeFailure: error.errno), error.description)
    }
  }

  private func append(_ lines: String) {
    // The lines stay in memory, so the next flush meets the same error and throws it.
    try? file.append(lines)
  }

  private func writePending() {
    let now = Date().timeIntervalSince1970
    var text = ""
    text.reserveCapacity(pending.count * 64)
    for step in pending {
      text += "{\"step\":\(step.step),\"epoch\":\(step.epoch),\"loss\":\(json(step.loss))"
      text += ",\"learning_rate\":\(json(step.rate))}\n"
      events.scalar("step/loss", value: step.loss, step: step.step, wallTime: now)
      // A function of the steps alone, so that a resumed run says what one that was never stopped says.
      if noted.map({ $0 != (step.epoch, step.rate) }) ?? true {
        events.scalar("step/learning_rate", value: step.rate, step: step.step, wallTime: now)
        noted = (step.epoch, step.rate)
      }
    }
    pending.removeAll(keepingCapacity: true)
    append(text)
  }

  /// JSON has no NaN and no infinity.
  private func json(_ number: Double) -> String { number.isFinite ? "\(number)" : "null" }
}
