import Foundation
import TestSupport
import Testing

@testable import Training

@Suite struct TensorBoardTests {
  /// What TensorBoard's own reader sees of a short run; where a Python that has TensorBoard is found.
  @Test(.enabled(if: TensorBoard.python != nil, "needs a Python with tensorboard"))
  func tensorBoardReadsTheRun() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let plan = TrainingPlan(
      epochs: 2, learningRate: 0.5, schedule: .step(size: 1, factor: 0.5))
    // Stopped within the second epoch and gone on with: no step may be there twice.
    let outcomes = [1.0, 2, 4].map { StepOutcome(loss: $0, count: 2, correct: 1) }
    let first = ScriptedTask(outcomes)
    first.onStep = { if $0 == 3 { first.stop.raise() } }
    for task in [first, ScriptedTask(outcomes)] {
      _ = try makeTrainer(task, plan, in: run, resume: task !== first).train()
    }
    let seen = try TensorBoard.read(run.folder)
    let mean = Double(Float(7.0 / 3))
    let expected: [String: [[Double]]] = [
      "step/loss": [[1, 1], [2, 2], [3, 4], [4, 1], [5, 2], [6, 4]],
      "step/learning_rate": [[1, 0.5], [4, 0.25], [5, 0.25]],
      "epoch/train_loss": [[3, mean], [6, mean]],
      "epoch/train_accuracy": [[3, 0.5], [6, 0.5]],
      "epoch/held_out": [[3, 7.5], [6, 7.5]],
    ]
    #expect(seen.scalars == expected)
  }
}

private enum TensorBoard {
  struct Seen: Decodable {
    var scalars: [String: [[Double]]]
  }

  /// `ADJOINT_PYTHON`, else `python3` where that can import TensorBoard.
  static let python: String? = {
    let chosen = ProcessInfo.processInfo.environment["ADJOINT_PYTHON"] ?? ""
    guard chosen.isEmpty else { return chosen }
    let probe = try? run(["python3", "-c", "import tensorboard"])
    return probe?.status == 0 ? "python3" : nil
  }()

  static func read(_ folder: URL) throws -> Seen {
    let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let script = tests.appendingPathComponent("EventLogTests/Reference/read_back.py")
    let result = try run([try #require(python), script.path, folder.path])
    try #require(result.status == 0)
    return try JSONDecoder().decode(Seen.self, from: result.output)
  }

  private static func run(_ arguments: [String]) throws -> (status: Int32, output: Data) {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, data)
  }
}
