import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// What a task keeps of its epochs in the run's folder.
@Suite struct EndOfEpochTests {
  private static let outcomes = [StepOutcome(loss: 1, count: 2), StepOutcome(loss: 2, count: 2)]

  private func task(_ epochs: @escaping (Int) -> Void) -> ScriptedTask {
    let task = ScriptedTask(Self.outcomes)
    task.onEndOfEpoch = { epoch, run in
      epochs(epoch)
      try AtomicFile.write(Data("\(epoch)".utf8), to: run.folder.appendingPathComponent("\(epoch)"))
    }
    return task
  }

  @Test func isCalledBeforeTheFirstStepAndAfterEachEpoch() throws {
    let folder = try TemporaryFolder()
    var seen: [Int] = []
    let run = try folder.run()
    let task = task { seen.append($0) }
    _ = try makeTrainer(task, TrainingPlan(epochs: 3, learningRate: 1), in: run).train()
    #expect(seen == [0, 1, 2, 3])
    #expect(try Data(contentsOf: run.folder.appendingPathComponent("2")) == Data("2".utf8))
  }

  /// The checkpoint that leaves an epoch behind is younger than what was kept of it: wherever the process is
  /// killed, a resumption either finds it or comes by again.
  @Test func isCalledAgainForAnEpochThatIsTrainedAgain() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    var seen: [Int] = []
    let killed = task { seen.append($0) }
    killed.onEndOfEpoch = { epoch, _ in
      seen.append(epoch)
      // No checkpoint is written after the first of the run: it is as if the process had been killed.
      if epoch == 2 { throw AdjointError(.internalFault, "killed") }
    }
    let plan = TrainingPlan(epochs: 3, learningRate: 1)
    #expect(throws: AdjointError(.internalFault, "killed")) {
      _ = try makeTrainer(killed, plan, in: run).train()
    }
    #expect(seen == [0, 1, 2])
    seen = []
    _ = try makeTrainer(task { seen.append($0) }, plan, in: run, resume: true).train()
    // Its only checkpoint was that before the first step.
    #expect(seen == [0, 1, 2, 3])
    for epoch in 0...3 {
      #expect(
        FileManager.default.fileExists(atPath: run.folder.appendingPathComponent("\(epoch)").path))
    }
  }
}
