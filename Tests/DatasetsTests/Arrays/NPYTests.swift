import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct NPYTests {
  /// NumPy has no bfloat16; every number of it is one of float32.
  @Test func bfloat16BecomesFloat32() throws {
    let folder = try TemporaryFolder()
    let file = folder.file("x.npy")
    let x = Tensor([0.5, -3, 1e30], shape: [3], dtype: .float32).converted(to: .bfloat16)
    try NPY.encode(x).write(to: file)
    let read = try NPY.read(file)
    #expect(read.dtype == .float32)
    #expect(read.floats == x.converted(to: .float32).floats)
  }
}
