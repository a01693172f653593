import Foundation
import TestSupport
import Testing

@testable import EventLog

/// What TensorBoard's own reader sees in our files; runs where a Python that has TensorBoard is found.
@Suite(.enabled(if: TensorBoard.python != nil, "needs a Python with tensorboard"))
struct TensorBoardTests {
  @Test func readsEveryKind() throws {
    try withTemporaryFolder { folder in
      let writer = try EventLogWriter(directory: folder)
      for step in 0..<300 {
        writer.scalar("train/loss", value: 1 / Double(step + 1), step: step)
      }
      writer.histogram("weights", values: [1, 2, 4, 5], step: 4, buckets: 2)
      writer.histogram("nothing", values: [.nan], step: 4)
      writer.image("digit", png: Data(EventEncodingTests.png), width: 2, height: 1, step: 5)
      writer.text("configuration", "**seed** 7 — é", step: 6)
      try writer.close()
      let seen = try TensorBoard.read(folder)
      let loss = try #require(seen.scalars["train/loss"])
      #expect(loss.count == 300)
      for (step, entry) in loss.enumerated() {
        #expect(entry == [Double(step), Double(Float(1 / Double(step + 1)))])
      }
      #expect(seen.histograms == ["weights": [[4, 4, 46, 2, 2]], "nothing": [[4, 0, 0]]])
      #expect(seen.images == ["digit": [[5, 2, 1, 30]]])
      #expect(seen.texts == ["configuration": ["**seed** 7 — é"]])
    }
  }

  /// The first run went on to step 4 after its checkpoint at step 2; the second repeats steps 3 and 4.
  @Test func resumedRunReplacesTheStepsItRepeats() throws {
    try withTemporaryFolder { folder in
      let first = try EventLogWriter(directory: folder)
      for step in 1...4 { first.scalar("loss", value: 1, step: step) }
      try first.close()
      let second = try EventLogWriter(directory: folder, resumedStep: 3)
      for step in 3...5 { second.scalar("loss", value: 2, step: step) }
      try second.close()
      let seen = try TensorBoard.read(folder)
      #expect(seen.scalars["loss"] == [[1, 1], [2, 1], [3, 2], [4, 2], [5, 2]])
    }
  }
}
