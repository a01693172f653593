import TestSupport
import Testing

@testable import Tensors

@Suite struct ShapeTests {
  @Test func lengths() {
    let shape: Shape = [2, 3, 5]
    #expect(shape.rank == 3)
    #expect(shape.count == 30)
    #expect(shape.lengths == [2, 3, 5])
    #expect("\(shape)" == "[2, 3, 5]")
    #expect(shape[1] == 3)
    #expect(Shape.scalar.count == 1)
    #expect(Shape.scalar.rank == 0)
    #expect("\(Shape.scalar)" == "[]")
    #expect(Shape([4, 0, 7]).count == 0)
    #expect(Shape([1, 2, 3, 4, 5, 6]).count == 720)
    #expect(Shape.matrix(3, 4) == [3, 4])
    #expect(Shape([Int(Int32.max)])[0] == 2_147_483_647)
  }

  @Test func equality() {
    #expect(Shape([]) != [1])
    #expect(Shape([0]) != [])
    #expect(Shape([2, 3]) != [3, 2])
    #expect(Shape([2]) != [2, 0])
    #expect(Set<Shape>([[2], [2], [2, 1]]).count == 2)
  }

  @Test func changes() {
    let shape: Shape = [2, 3, 5]
    #expect(shape.removing(axis: 1) == [2, 5])
    #expect(shape.replacing(axis: 2, with: 0) == [2, 3, 0])
    #expect(shape.resolve(axis: -1, for: "test") == 2)
    #expect(shape.resolve(axis: -3, for: "test") == 0)
    #expect(shape.split(at: 0) == (1, 2, 15))
    #expect(shape.split(at: 1) == (2, 3, 5))
    #expect(shape.split(at: 2) == (6, 5, 1))
  }

  static let mistakes = [
    Mistake("Shape: 7 axes; at most 6 are supported") { _ = Shape([1, 1, 1, 1, 1, 1, 1]) },
    Mistake("Shape: length -2 of axis 1 is not in 0 ..< 2³¹") { _ = Shape([3, -2]) },
    Mistake("Shape: length 2147483648 of axis 0 is not in 0 ..< 2³¹") { _ = Shape([1 << 31]) },
    Mistake("Shape: [1073741824, 524288] has more than 2⁴⁸ elements") {
      _ = Shape([1 << 30, 1 << 19])
    },
    Mistake("Shape: [1073741824, 524288, 0] has more than 2⁴⁸ elements") {
      _ = Shape([1 << 30, 1 << 19, 0])
    },
    Mistake("Shape: [1073741824, 262144, 1073741824] has more than 2⁴⁸ elements") {
      _ = Shape([1 << 30, 1 << 18, 1]).replacing(axis: 2, with: 1 << 30)
    },
    Mistake("Shape: axis 2 of [2, 3], which has 2 axes") { _ = Shape([2, 3])[2] },
    Mistake("test: axis -3 of a tensor of shape [2, 3], which has 2 axes") {
      _ = Shape([2, 3]).resolve(axis: -3, for: "test")
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in ShapeTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
