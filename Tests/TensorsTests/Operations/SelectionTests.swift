import TestSupport
import Testing

@testable import Tensors

@Suite struct SelectionTests {
  @Test(arguments: ReferenceCase.named("concatenate", "slice", "gather", "pad"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    let attributes = reference.attributes
    reference.check { inputs in
      switch reference.name {
      case "concatenate": concatenate(inputs, axis: attributes.axis ?? .max)
      case "slice":
        slice(
          inputs[0], axis: attributes.axis ?? .max, from: attributes.start ?? -1,
          count: attributes.count ?? -1)
      case "gather": gather(inputs[0], IndexTensor(reference.indices ?? []))
      default:
        pad(
          inputs[0], axis: attributes.axis ?? .max, before: attributes.before ?? -1,
          after: attributes.after ?? -1,
          mode: attributes.mode == "edge" ? .edge : .constant(0))
      }
    }
  }

  @Test(arguments: DType.full)
  func partsOfNothing(dtype: DType) {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3], dtype: dtype)
    #expect(slice(x, axis: 1, from: 3, count: 0).shape == [2, 0])
    #expect(gather(x, IndexTensor([]), axis: 1).shape == [2, 0])
    #expect(concatenate([x, .zeros([2, 0], dtype: dtype)], axis: -1).doubles == x.doubles)
    let nothing = Tensor.zeros([2, 0], dtype: dtype)
    let padded = pad(nothing, axis: 1, before: 1, after: 1, mode: .constant(9))
    #expect(padded.doubles == [9, 9, 9, 9])
    #expect(pad(x, axis: 0, before: 0, after: 0).doubles == x.doubles)
  }

  /// Rows that are named more than once receive the sum of their cotangents.
  @Test(arguments: DType.full)
  func gatherAddsUp(dtype: DType) {
    let x = Tensor.zeros([3, 2], dtype: dtype)
    let dy = Tensor([1, 10, 2, 20, 4, 40], shape: [3, 2], dtype: dtype)
    let slopes = valueWithGradient(at: [x]) {
      sum(gather($0[0], IndexTensor([2, 0, 2])) * dy)
    }.gradients[0]
    #expect(slopes?.doubles == [2, 20, 0, 0, 5, 50])
  }

  /// Labels of the rows that a shuffled order names.
  @Test func gathersLabels() {
    let rows: ArraySlice<Int32> = [0, 2, 2, 1][1...]
    #expect(gather(IndexTensor([5, 6, 7]), IndexTensor(rows)).values == [7, 7, 6])
    #expect(gather(IndexTensor([5]), IndexTensor([])).values == [])
  }

  static let mistakes = [
    Mistake("slice: positions 2 ..< 6 of axis 1 of shape [2, 5]") {
      _ = slice(.ones([2, 5]), axis: 1, from: 2, count: 4)
    },
    Mistake("slice: positions -1 ..< 1 of axis 0 of shape [2, 5]") {
      _ = slice(.ones([2, 5]), axis: 0, from: -1, count: 2)
    },
    Mistake("slice: positions 2 ..< 9223372036854775807 of axis 0 of shape [5]") {
      _ = slice(.ones([5]), axis: 0, from: 2, count: .max)
    },
    Mistake("pad: 9223372036854775807 positions before and 1 after") {
      _ = pad(.ones([5]), axis: 0, before: .max, after: 1)
    },
    Mistake("concatenate: there is no tensor") { _ = concatenate([]) },
    Mistake(
      "concatenate: [2, 3] float32 and [2, 4] float32 along axis 0: all other axes and the type have to "
        + "be the same"
    ) { _ = concatenate([.ones([2, 3]), .ones([2, 4])]) },
    Mistake("gather: index 5 in row 2 is not in 0 ..< 5") {
      _ = gather(.ones([5]), IndexTensor([0, 4, 5]))
    },
    Mistake("gather: index 2 in row 1 is not in 0 ..< 2") {
      _ = gather(IndexTensor([7, 8]), IndexTensor([0, 2]))
    },
    Mistake("gather: labels of shape [1, 2] by indices of shape [1]; both have to have one axis") {
      _ = gather(IndexTensor([7, 8], shape: [1, 2]), IndexTensor([0]))
    },
    Mistake("gather: indices of shape [1, 2]; they have to be [count]") {
      _ = gather(.ones([5]), IndexTensor([0, 1], shape: [1, 2]))
    },
    Mistake("pad: -1 positions before and 2 after") {
      _ = pad(.ones([5]), axis: 0, before: -1, after: 2)
    },
    Mistake("pad: axis 0 of shape [0] has no edge to repeat") {
      _ = pad(.ones([0]), axis: 0, before: 1, after: 0, mode: .edge)
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in SelectionTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
