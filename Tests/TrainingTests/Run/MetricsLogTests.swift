import EventLog
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct MetricsLogTests {
  @Test func lines() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let log = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    log.step(1, epoch: 1, loss: 2.302585092994046, rate: 1e-5)
    log.step(2, epoch: 1, loss: 2, rate: .nan)
    log.epoch(.init(epoch: 1, step: 2, metrics: ["b": .infinity, "a": 0.1]))
    try log.close()
    #expect(
      try text(of: run.metrics) == """
        {"step":1,"epoch":1,"loss":2.302585092994046,"learning_rate":1e-05}
        {"step":2,"epoch":1,"loss":2.0,"learning_rate":null}
        {"step":2,"epoch":1,"metrics":{"a":0.1,"b":null}}

        """)
    #expect(log.byteCount == (try Data(contentsOf: run.metrics)).count)
  }

  /// A task may call its metrics what it likes.
  @Test func namesWithQuotes() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let log = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    let metrics = ["F1 \"macro\"": 0.5, "a\\b\n": 0.25]
    log.step(1, epoch: 1, loss: 1, rate: 1)
    log.epoch(.init(epoch: 1, step: 1, metrics: metrics))
    try log.close()
    #expect(try History(reading: run.metrics).epochs.map(\.metrics) == [metrics])
  }

  /// Steps wait in memory, and come out in order however many there are.
  @Test func manySteps() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let log = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    for step in 1...5000 { log.step(step, epoch: 1, loss: Double(step), rate: 1) }
    try log.flush()
    #expect(try History(reading: run.metrics).losses == (1...5000).map(Double.init))
  }

  /// The learning rate is told where it changes and at the start of an epoch, however the log is divided.
  @Test func learningRatesOfAResumedRunAreThoseOfAWholeOne() throws {
    let folder = try TemporaryFolder()
    let rates = [1, 1, 0.5, 0.5, 0.5, 0.5]
    func noted(_ name: String, stops: [Int]) throws -> [Int] {
      let run = try folder.run(name)
      var bytes = 0
      for (first, end) in zip([0] + stops, stops + [6]) {
        let log = try MetricsLog(in: run, keeping: bytes, resumedStep: first > 0 ? first : nil)
        if ![0, 4].contains(first) { log.goOn(after: first / 4 + 1, rate: rates[first - 1]) }
        for step in first..<end {
          log.step(step + 1, epoch: step / 4 + 1, loss: 1, rate: rates[step])
          try log.flush()
        }
        bytes = log.byteCount
        try log.close()
      }
      let files = try FileManager.default.contentsOfDirectory(atPath: run.folder.path)
      return try files.filter { $0.hasPrefix("events.") }.sorted().flatMap { file in
        var reader = try EventLogReader(file: run.folder.appendingPathComponent(file))
        return try reader.events().filter { event in
          event.contents.contains {
            if case .scalar("step/learning_rate", _) = $0 { true } else { false }
          }
        }.map(\.step)
      }
    }
    #expect(try noted("whole", stops: []) == [1, 3, 5])
    for stop in 1...5 { #expect(try noted("part\(stop)", stops: [stop]) == [1, 3, 5]) }
  }

  /// Logging never fails; the next flush does, and the one after that goes on.
  @Test func fullDisk() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let log = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    try refusing(ENOSPC) {
      for step in 1...5000 { log.step(step, epoch: 1, loss: 1, rate: 1) }
      expectError(
        .diskFull, "\(run.metrics.path): cannot write beyond byte 0: No space left on device"
      ) { try log.flush() }
    }
    try log.close()
    #expect(try History(reading: run.metrics).losses.count == 5000)
  }

  @Test func cutsWhatTheCheckpointDoesNotKnow() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let first = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    first.step(1, epoch: 1, loss: 1, rate: 1)
    try first.flush()
    let known = first.byteCount
    first.step(2, epoch: 1, loss: 2, rate: 1)
    try first.close()
    let second = try MetricsLog(in: run, keeping: known, resumedStep: 1)
    second.step(2, epoch: 1, loss: 3, rate: 1)
    try second.close()
    #expect(try History(reading: run.metrics).losses == [1, 3])
  }

  @Test func cutWithinALine() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    try Data("{\"step\":1}\n".utf8).write(to: run.metrics)
    expectError(
      .badData,
      "\(run.metrics.path): byte 3: expected the end of the last line to keep, found \"t\""
    ) { _ = try MetricsLog(in: run, keeping: 4, resumedStep: 1) }
  }
}
