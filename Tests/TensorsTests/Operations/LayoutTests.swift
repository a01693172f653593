import TestSupport
import Testing

@testable import Tensors

@Suite struct LayoutTests {
  @Test(arguments: ReferenceCase.named("reshape", "transpose"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check { inputs in
      if let shape = reference.attributes.shape { return inputs[0].reshaped(to: Shape(shape)) }
      return inputs[0].permuted(to: reference.attributes.axes ?? [])
    }
  }

  /// A matrix turned by its own loop and by the general one, around the sides of the loop's squares.
  @Test(arguments: [1, 2, 31, 32, 33, 65, 300], [1, 5, 31, 32, 33, 64, 300])
  func transposes(rows: Int, columns: Int) {
    var random = SplitMix(state: 1)
    for dtype in DType.full {
      let x = random.tensor([rows, columns]).converted(to: dtype)
      let values = x.doubles
      let turned = x.transposed()
      #expect(turned.shape == [columns, rows])
      #expect(
        turned.doubles
          == (0..<(rows * columns)).map { values[$0 % rows * columns + $0 / rows] })
      #expect(x.permuted(to: [1, 0]).doubles == turned.doubles)
      #expect(turned.transposed().doubles == values)
    }
  }

  /// Matrices that lie one after the other, around the sides of the blocks they are turned in.
  @Test(arguments: [1, 3, 4, 5, 16, 33], [1, 4, 7, 8, 35])
  func transposesEveryMatrix(rows: Int, columns: Int) {
    var random = SplitMix(state: 2)
    for dtype in DType.full {
      let x = random.tensor([2, 3, rows, columns]).converted(to: dtype)
      let turned = x.transposed()
      #expect(turned.shape == [2, 3, columns, rows])
      #expect(turned.doubles == x.permuted(to: [0, 1, 3, 2]).doubles)
    }
    #expect(Tensor.ones([0, rows, columns]).transposed().shape == [0, columns, rows])
  }

  /// Every order of four axes, element by element.
  @Test func permutations() {
    let lengths = [2, 3, 4, 5]
    let x = Tensor((0..<120).map { Float($0) }, shape: Shape(lengths))
    func orders(_ rest: [Int]) -> [[Int]] {
      if rest.isEmpty { return [[]] }
      return rest.flatMap { first in orders(rest.filter { $0 != first }).map { [first] + $0 } }
    }
    for axes in orders([0, 1, 2, 3]) {
      let y = x.permuted(to: axes)
      #expect(y.shape.lengths == axes.map { lengths[$0] })
      let strides = [60, 20, 5, 1]
      var expected: [Float] = []
      for a in 0..<lengths[axes[0]] {
        for b in 0..<lengths[axes[1]] {
          for c in 0..<lengths[axes[2]] {
            for d in 0..<lengths[axes[3]] {
              let at = [a, b, c, d]
              expected.append(Float((0..<4).map { at[$0] * strides[axes[$0]] }.reduce(0, +)))
            }
          }
        }
      }
      #expect(y.floats == expected, "\(axes)")
    }
  }

  @Test(arguments: DType.full)
  func broadcasts(dtype: DType) {
    let row = Tensor([1, 2, 3], shape: [3], dtype: dtype)
    #expect(broadcast(row, to: [2, 3]).doubles == [1, 2, 3, 1, 2, 3])
    #expect(broadcast(row.reshaped(to: [3, 1]), to: [3, 2]).doubles == [1, 1, 2, 2, 3, 3])
    #expect(broadcast(Tensor(scalar: 7, dtype: dtype), to: [2, 1, 2]).doubles == [7, 7, 7, 7])
    #expect(broadcast(row, to: [0, 3]).shape == [0, 3])
    let dy = Tensor((0..<12).map { Double($0) }, shape: [2, 3, 2], dtype: dtype)
    let slopes = valueWithGradient(at: [row.reshaped(to: [3, 1])]) {
      sum(broadcast($0[0], to: [2, 3, 2]) * dy)
    }.gradients[0]
    #expect(slopes?.shape == [3, 1])
    #expect(slopes?.doubles == [14, 22, 30])
  }

  @Test func conversions() {
    let values: [Double] = [0.1, -0.0, 1e300, -1e300, 1e-300, .infinity, .nan, 16_777_217]
    let double = Tensor(values, shape: [8], dtype: .float64)
    let single = double.converted(to: .float32).floats
    for (found, right) in zip(single, values.map { Float($0) }) {
      #expect(found == right || (found.isNaN && right.isNaN))
    }
    #expect(single[1].sign == .minus)
    let x = Tensor([0.5, -3] as [Float], shape: [2])
    #expect(x.converted(to: .float64).doubles == [0.5, -3])
    let slopes = valueWithGradient(at: [x]) { sum($0[0].converted(to: .float64) * 3) }.gradients[0]
    #expect(slopes?.dtype == .float32)
    #expect(slopes?.doubles == [3, 3])
  }

  @Test func reshapesShareStorage() {
    let x = Tensor.ones([2, 3, 4])
    let before = Memory.counters
    let y = x.reshaped(to: [6, 4])
    let z = x.flattened(from: 1)
    #expect(Memory.counters.liveBytes == before.liveBytes)
    #expect(y.shape == [6, 4])
    #expect(z.shape == [2, 12])
    #expect(x.flattened(from: -1).shape == [2, 3, 4])
    #expect(Tensor.ones([2, 0, 4]).flattened(from: 1).shape == [2, 0])
  }

  static let mistakes = [
    Mistake("reshaped: [2, 3] has 6 elements, [4] has 4") {
      _ = Tensor.ones([2, 3]).reshaped(to: [4])
    },
    Mistake("transposed: shape [3] has no rows and columns; it takes at least two axes") {
      _ = Tensor.ones([3]).transposed()
    },
    Mistake("permuted: [0, 0] does not name each of the 2 axes of shape [2, 3] once") {
      _ = Tensor.ones([2, 3]).permuted(to: [0, 0])
    },
    Mistake(
      "broadcast: [3] cannot become [3, 2]: its axes, from the back, have to be of the same length or "
        + "of length 1"
    ) { _ = broadcast(.ones([3]), to: [3, 2]) },
    Mistake(
      "broadcast: [1, 3] cannot become [3]: its axes, from the back, have to be of the same length or "
        + "of length 1"
    ) { _ = broadcast(.ones([1, 3]), to: [3]) },
    Mistake("flattened: axis 2 of a tensor of shape [2, 3], which has 2 axes") {
      _ = Tensor.ones([2, 3]).flattened(from: 2)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in LayoutTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
