import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints
@testable import Training

/// Six steps to an epoch, two epochs.
private let plan = TrainingPlan(
  epochs: 2, learningRate: 0.1, schedule: .exponential(factor: 0.9), scheduleUnit: .step)

/// What kills and disks do to a run: the short form of two parts of the soak.
@Suite struct DiskTests {
  private func trainer(
    _ task: SmallTask, in run: RunDirectory, patience: Double = 0, screen: Screen = Screen()
  ) throws -> Trainer {
    try makeTrainer(task, plan, in: run, resume: true, progress: screen.progress(.silent)) {
      $0.secondsBetweenCheckpoints = 0
      $0.secondsToWaitForDisk = patience
    }
  }

  /// A run in memory that nothing happened to, and a folder for others.
  private struct Whole {
    let folder: TemporaryFolder
    let state: [String: [UInt8]]
    let optimizer: [String: [UInt8]]
    let metrics: String

    func expectSame(
      _ task: SmallTask, _ run: RunDirectory, _ comment: Comment,
      sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      #expect(bits(task.modelState) == state, comment, sourceLocation: sourceLocation)
      #expect(bits(task.optimizer.state) == optimizer, comment, sourceLocation: sourceLocation)
      #expect(try text(of: run.metrics) == metrics, comment, sourceLocation: sourceLocation)
      let names = try FileManager.default.subpathsOfDirectory(atPath: run.folder.path)
      #expect(
        !names.contains { $0.contains("/.") }, "\(comment): \(names)",
        sourceLocation: sourceLocation)
    }
  }

  private func whole() throws -> Whole {
    let folder = try TemporaryFolder(inMemory: true)
    let run = try folder.run("whole")
    let task = SmallTask(.adam)
    _ = try trainer(task, in: run).train()
    return Whole(
      folder: folder, state: bits(task.modelState), optimizer: bits(task.optimizer.state),
      metrics: try text(of: run.metrics))
  }

  /// Killed one operation on the disk later with each start, until it ends.
  @Test func killedAgainAndAgain() throws {
    let whole = try whole()
    let run = try whole.folder.run("killed")
    var newest = -1
    for operations in 0..<500 {
      let task = SmallTask(.adam)
      let death = Countdown(after: operations)
      do {
        try interfering({ _ in if death.next() > 0 { throw SimulatedDeath() } }) {
          _ = try trainer(task, in: run).train()
        }
      } catch is SimulatedDeath {
        let found = try Checkpoint.latest(in: run.checkpoints).flatMap(Checkpoint.step(of:)) ?? -1
        #expect(found >= newest, "killed before operation \(operations)")
        newest = found
        continue
      }
      // What dies last may be the removal of what is not needed, which is tried and left.
      if !death.isOver { return try whole.expectSame(task, run, "after \(operations) kills") }
    }
    Issue.record("it does not come to its end")
  }

  /// Full from each operation on; then there is room, and the run goes on.
  @Test(arguments: [ENOSPC, EROFS])
  func refusedFromAnyOperationOn(code: Int32) throws {
    let whole = try whole()
    let reason = String(cString: strerror(code))
    for operations in stride(from: 0, to: 1000, by: 3) {
      let run = try whole.folder.run("\(code)-\(operations)")
      let refusal = Countdown(after: operations)
      let first = SmallTask(.adam)
      do {
        try interfering({ _ in if refusal.next() > 0 { throw CallFailure(code: code) } }) {
          _ = try trainer(first, in: run).train()
        }
      } catch let error as AdjointError {
        #expect(error.kind == (code == ENOSPC ? .diskFull : .cannotWrite))
        // Between them stands what was refused, which is another operation each time.
        #expect(error.message.hasSuffix(": \(reason)"), "\(error.message)")
        #expect(error.message.hasPrefix(run.folder.path), "\(error.message)")
      }
      let second = SmallTask(.adam)
      _ = try trainer(second, in: run).train()
      try whole.expectSame(second, run, "refused from operation \(operations) on")
      try FileManager.default.removeItem(at: run.folder)
      if !refusal.isOver {
        #expect(operations > 50)
        return
      }
    }
    Issue.record("it does not come to its end")
  }

  /// One operation is refused; the run tries again, says so, and goes on as if nothing had been.
  @Test func waitsForRoom() throws {
    let whole = try whole()
    for operations in stride(from: 8, to: 100, by: 13) {
      let run = try whole.folder.run("\(operations)")
      let (task, screen) = (SmallTask(.adam), Screen())
      let refusal = Countdown(after: operations)
      try interfering({ _ in if refusal.next() == 1 { throw CallFailure(code: ENOSPC) } }) {
        _ = try trainer(task, in: run, patience: 30, screen: screen).train()
      }
      try whole.expectSame(task, run, "refused operation \(operations)")
      let lines = screen.text.split(separator: "\n")
      guard !lines.isEmpty else { continue }
      #expect(lines.count == 2)
      #expect(
        lines[0].hasSuffix(": No space left on device; trying again for 30 s"), "\(lines[0])")
      #expect(lines.last == "adjoint: there is room again; going on")
    }
  }

  /// Who asks it to stop does not want it to wait.
  @Test func doesNotWaitOnceInterrupted() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let run = try folder.run()
    let task = SmallTask()
    let isFull = StopFlag()
    task.onStep = {
      guard $0 == 3 else { return }
      isFull.raise()
      task.stop.raise()
    }
    let began = ContinuousClock().now
    expectError(
      .diskFull, "\(run.metrics.path): cannot write beyond byte 0: No space left on device"
    ) {
      try interfering({ _ in if isFull.isRaised { throw CallFailure(code: ENOSPC) } }) {
        _ = try trainer(task, in: run, patience: 1000).train()
      }
    }
    #expect(ContinuousClock().now - began < .seconds(60))
    #expect(try Checkpoint.latest(in: run.checkpoints)?.lastPathComponent == "step-000000000")
  }

  @Test func folderTakenAway() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let run = try folder.run()
    let task = SmallTask()
    task.onStep = {
      if $0 == 7 { try FileManager.default.removeItem(at: run.folder) }
    }
    expectError(
      .cannotWrite,
      "\(run.metrics.path): cannot write it: it was removed or replaced while it was open"
    ) { _ = try trainer(task, in: run).train() }
  }
}
