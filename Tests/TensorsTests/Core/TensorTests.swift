import TestSupport
import Testing

@testable import Tensors

@Suite struct TensorTests {
  @Test(arguments: DType.full)
  func making(dtype: DType) {
    #expect(Tensor([1, 2, 3, 4], shape: [2, 2], dtype: dtype).doubles == [1, 2, 3, 4])
    #expect(Tensor(scalar: 2.5, dtype: dtype).item == 2.5)
    #expect(Tensor(scalar: 2.5, dtype: dtype).shape == [])
    #expect(Tensor.zeros([3], dtype: dtype).doubles == [0, 0, 0])
    #expect(Tensor.full([2], -7, dtype: dtype).doubles == [-7, -7])
    #expect(Tensor.identity(2, dtype: dtype).doubles == [1, 0, 0, 1])
    #expect(Tensor.identity(3, dtype: dtype).doubles == [1, 0, 0, 0, 1, 0, 0, 0, 1])
    #expect(Tensor.identity(1, dtype: dtype).doubles == [1])
    #expect(Tensor.identity(0, dtype: dtype).shape == [0, 0])
    #expect(Tensor.zeros([0, 3], dtype: dtype).doubles == [])
    #expect(Tensor.ones([2, 3], dtype: dtype).rank == 2)
  }

  @Test func writing() {
    let tensor = Tensor(shape: [2, 3]) { buffer in
      for index in buffer.indices { buffer[index] = Float(index) / 2 }
    }
    #expect(tensor.floats == [0, 0.5, 1, 1.5, 2, 2.5])
    struct Stop: Error {}
    withTensorLeakChecking {
      #expect(throws: Stop.self) { try Tensor(shape: [2]) { _ in throw Stop() } }
    }
  }

  /// Numbers are rounded once, to the nearest.
  @Test func rounding() {
    let values = [0.1, 1 / 3.0, 16_777_217, 1e-300, 1e300]
    #expect(
      Tensor(values, shape: [5], dtype: .float32).floats == values.map { Float($0) })
    #expect(Tensor(values, shape: [5], dtype: .float64).doubles == values)
    #expect(Tensor(values, shape: [5], dtype: .float64).floats == values.map { Float($0) })
  }

  @Test(arguments: DType.full)
  func bytes(dtype: DType) {
    let tensor = Tensor([1, -2, 0.5, .infinity, .nan, -0.0], shape: [2, 3], dtype: dtype)
    tensor.withBytes { bytes in
      #expect(bytes.count == 6 * dtype.size)
      let copy = Tensor(bytes: bytes, shape: [2, 3], dtype: dtype)
      copy.withBytes { copied in #expect(copied.elementsEqual(bytes)) }
      // The sign, exponent and first digits of 1.0, little-endian.
      let one: [UInt8] = dtype == .float32 ? [0x80, 0x3F] : [0xF0, 0x3F]
      #expect(bytes.prefix(dtype.size).suffix(2).elementsEqual(one))
    }
  }

  @Test func values() {
    var a = Tensor([1, 2] as [Float], shape: [2])
    let b = a
    a.makeUnique()
    #expect(a.storage !== b.storage)
    #expect(a.floats == b.floats)
    let own = a.storage
    #expect(b.detached.storage === b.storage)
    #expect(own === a.storage)
  }

  static let mistakes = [
    Mistake("Tensor: 3 values for shape [2, 2], which has 4 elements") {
      _ = Tensor([1, 2, 3] as [Float], shape: [2, 2])
    },
    Mistake("Tensor: 3 values for shape [], which has 1 elements") {
      _ = Tensor([1, 2, 3], shape: [], dtype: .float64)
    },
    Mistake("item: a tensor of shape [2] has 2 elements, not one") { _ = Tensor.ones([2]).item },
    Mistake("item: a tensor of shape [0] has 0 elements, not one") { _ = Tensor.ones([0]).item },
    Mistake("Tensor.identity(-2): the number of rows has to be at least 0") {
      _ = Tensor.identity(-2)
    },
    Mistake("Shape: length 8589934592 of axis 0 is not in 0 ..< 2³¹") {
      _ = Tensor.identity(1 << 33)
    },
    Mistake("Tensor: 8 bytes for [3] of float32, which takes 12") {
      _ = [1.0].withUnsafeBytes { Tensor(bytes: $0, shape: [3], dtype: .float32) }
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in TensorTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
