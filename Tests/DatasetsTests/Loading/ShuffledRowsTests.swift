import Datasets
import Tensors
import TestSupport
import Testing

@Suite struct ShuffledRowsTests {
  /// 7 rows in batches of 3: two whole ones and one of a row.
  @Test func everyRowOnceAnEpoch() {
    var rows = ShuffledRows(count: 7, batchSize: 3, seed: 5)
    #expect(rows.batchesPerEpoch == 3)
    for epoch in 0..<4 {
      let batches = (0..<3).map { _ in Array(rows.next()) }
      #expect(batches.map(\.count) == [3, 3, 1])
      #expect(batches.flatMap { $0 }.sorted() == Array(0..<7))
      var random = Philox(seed: 5, stream: UInt64(epoch))
      #expect(batches.flatMap { $0 } == random.permutation(7))
      #expect(rows.position == LoaderPosition(epoch: epoch + 1))
    }
  }

  @Test(arguments: [(0, 0), (0, 2), (1, 1), (2, 0)])
  func goesOnFromAnyPlace(epoch: Int, batch: Int) throws {
    var whole = ShuffledRows(count: 7, batchSize: 3, seed: 1)
    for _ in 0..<(3 * epoch + batch) { _ = whole.next() }
    var part = ShuffledRows(count: 7, batchSize: 3, seed: 1)
    _ = part.next()
    try part.seek(to: LoaderPosition(epoch: epoch, batch: batch))
    for _ in 0..<5 { #expect(part.next() == whole.next()) }
    #expect(part.position == whole.position)
  }

  @Test(arguments: [(-1, 0), (0, -1), (0, 3), (1, Int.max)])
  func placesThatAreNone(epoch: Int, batch: Int) {
    var rows = ShuffledRows(count: 7, batchSize: 3, seed: 1)
    expectError(
      .badData,
      """
      position of the loader: expected an epoch from 0 and a batch in 0 ..< 3, found epoch \
      \(epoch), batch \(batch)
      """
    ) { try rows.seek(to: LoaderPosition(epoch: epoch, batch: batch)) }
    #expect(rows.position == LoaderPosition())
  }

  @Test func anEmptyEpochStopsWithWords() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = ShuffledRows(count: 0, batchSize: 3, seed: 0) }
    expectStop(result, "ShuffledRows: 0 rows in batches of 3; both must be positive")
  }
}
