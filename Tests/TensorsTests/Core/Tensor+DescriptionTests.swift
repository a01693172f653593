import Testing

@testable import Tensors

@Suite struct TensorDescriptionTests {
  @Test func descriptions() {
    #expect("\(Tensor([0.1, -2] as [Float], shape: [2]))" == "Tensor [2] float32 [0.1, -2.0]")
    #expect("\(Tensor(scalar: 0.1, dtype: .float64))" == "Tensor [] float64 [0.1]")
    #expect("\(Tensor.zeros([0, 3]))" == "Tensor [0, 3] float32 []")
    let long = Tensor((0..<9).map { Float($0) }, shape: [3, 3])
    #expect(
      "\(long)" == "Tensor [3, 3] float32 [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, …]")
  }
}
