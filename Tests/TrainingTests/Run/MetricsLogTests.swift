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
    try log.step(1, epoch: 1, loss: 2.302585092994046, rate: 1e-5)
    try log.step(2, epoch: 1, loss: 2, rate: .nan)
    try log.epoch(.init(epoch: 1, step: 2, metrics: ["b": .infinity, "a": 0.1]))
    try log.close()
    #expect(
      try text(of: run.metrics) == """
        {"step":1,"epoch":1,"loss":2.302585092994046,"learning_rate":1e-05}
        {"step":2,"epoch":1,"loss":2.0,"learning_rate":null}
        {"step":2,"epoch":1,"metrics":{"a":0.1,"b":null}}

        """)
    #expect(log.byteCount == (try Data(contentsOf: run.metrics)).count)
  }

  /// Steps wait in memory, and come out in order however many there are.
  @Test func manySteps() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let log = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    for step in 1...5000 { try log.step(step, epoch: 1, loss: Double(step), rate: 1) }
    try log.flush()
    #expect(try History(reading: run.metrics).losses == (1...5000).map(Double.init))
  }

  @Test func cutsWhatTheCheckpointDoesNotKnow() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let first = try MetricsLog(in: run, keeping: 0, resumedStep: nil)
    try first.step(1, epoch: 1, loss: 1, rate: 1)
    try first.flush()
    let known = first.byteCount
    try first.step(2, epoch: 1, loss: 2, rate: 1)
    try first.close()
    let second = try MetricsLog(in: run, keeping: known, resumedStep: 1)
    try second.step(2, epoch: 1, loss: 3, rate: 1)
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
