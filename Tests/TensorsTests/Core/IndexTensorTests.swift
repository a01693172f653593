import TestSupport
import Testing

@testable import Tensors

@Suite struct IndexTensorTests {
  @Test func valuesAndShapes() {
    let labels = IndexTensor([3, -1, 7])
    #expect(labels.shape == [3])
    #expect(labels.count == 3)
    #expect(labels.values == [3, -1, 7])
    #expect(IndexTensor([1, 2, 3, 4], shape: [2, 2]).shape == [2, 2])
    let written = IndexTensor(shape: [4]) { buffer in
      for index in buffer.indices { buffer[index] = Int32(index * index) }
    }
    #expect(written.values == [0, 1, 4, 9])
    #expect(IndexTensor([]).values == [])
  }

  @Test func otherShapes() {
    let labels = IndexTensor([1, 2, 3, 4, 5, 6])
    let matrix = labels.reshaped(to: [2, 3])
    #expect(matrix == IndexTensor([1, 2, 3, 4, 5, 6], shape: [2, 3]))
    #expect(matrix.reshaped(to: [6]) == labels)
  }

  @Test func equality() {
    #expect(IndexTensor([1, 2]) == IndexTensor([1, 2]))
    #expect(IndexTensor([1, 2]) != IndexTensor([1, 3]))
    #expect(IndexTensor([1, 2]) != IndexTensor([1, 2], shape: [2, 1]))
  }

  static let mistakes = [
    Mistake("IndexTensor: 3 values for shape [2, 2], which has 4 elements") {
      _ = IndexTensor([1, 2, 3], shape: [2, 2])
    },
    Mistake("reshaped: [3] has 3 elements, [2, 2] has 4") {
      _ = IndexTensor([1, 2, 3]).reshaped(to: [2, 2])
    },
    Mistake("test: index -1 in row 2 is not in 0 ..< 10") {
      IndexTensor([0, 9, -1, 10]).requireBelow(10, for: "test")
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in IndexTensorTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
