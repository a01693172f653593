import Foundation
import Testing

@testable import Tensors

/// Products and convolutions in as many shares as there are threads; each test in a process of its own.
@Suite struct SharesTests {
  /// Rows, columns and the length of the sums, transposed or not.
  private static let products: [(m: Int, n: Int, k: Int)] = [
    (200, 100, 300), (100, 300, 200), (97, 211, 150), (33, 1030, 65), (5, 700, 400), (701, 3, 500),
  ]

  /// Batches that the number of threads divides and does not divide, and fewer images than are shared out.
  private static let convolutions: [(image: Shape, outputs: Int, geometry: ConvolutionGeometry)] = [
    ([16, 9, 7, 16], 32, .init(padding: 1)), ([15, 12, 12, 8], 16, .init(stride: 2, padding: 1)),
    ([5, 17, 17, 3], 24, .init(padding: 1)), ([3, 8, 8, 16], 16, .init()),
    ([14, 6, 6, 32], 32, .init(padding: 1, groups: 32)),
    ([9, 10, 10, 16], 16, .init(padding: 2, dilation: 2, groups: 2)),
  ]

  /// Sums of k products of standard normal numbers against float64: added one after the other in NumPy they are off by
  /// 1.5e-7 k at most.
  @Test(arguments: [1, 2, 3, 7])
  func productsAreRightWhateverTheirShares(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      Threads.use(threads)
      var random = Philox(seed: 5)
      for (m, n, k) in SharesTests.products {
        for (transposeA, transposeB) in [
          (false, false), (true, false), (false, true), (true, true),
        ] {
          let a = SharesTests.drawn(transposeA ? [k, m] : [m, k], &random)
          let b = SharesTests.drawn(transposeB ? [n, k] : [k, n], &random)
          func result(_ dtype: DType) -> [Double] {
            matmul(
              a.converted(to: dtype), b.converted(to: dtype), transposeA: transposeA,
              transposeB: transposeB
            ).doubles
          }
          SharesTests.expect(result(.float32), near: result(.float64), within: 3e-7 * Double(k))
        }
        let (x, w, bias) = (
          SharesTests.drawn([m, k], &random), SharesTests.drawn([n, k], &random),
          SharesTests.drawn([n], &random)
        )
        let single = linear(x, w, bias).doubles
        let double = linear(
          x.converted(to: .float64), w.converted(to: .float64), bias.converted(to: .float64))
        SharesTests.expect(single, near: double.doubles, within: 3e-7 * Double(k))
      }
    }
  }

  @Test(arguments: [1, 2, 3, 7])
  func convolutionsAreRightWhateverTheirShares(threads: Int) async {
    await #expect(processExitsWith: .success) { [threads] in
      Threads.use(threads)
      for (index, (image, outputs, geometry)) in SharesTests.convolutions.enumerated() {
        let double = SharesTests.convolve(index, image, outputs, geometry, .float64)
        // Sums of up to some thousand terms, each rounded to 6e-8 of itself; bfloat16 has eight digits, and
        // rounds image, cotangent, weights and result.
        for (dtype, tolerance) in [(DType.float32, 4e-6), (.bfloat16, 0x1p-7)] {
          let found = SharesTests.convolve(index, image, outputs, geometry, dtype)
          for (a, b) in zip(found, double) {
            let largest = b.doubles.map(abs).max() ?? 0
            SharesTests.expect(a.doubles, near: b.doubles, within: tolerance * largest)
          }
        }
      }
    }
  }

  /// Beside threads that want every core, shares are done by whoever comes first: the bits are the same.
  @Test func whoDoesAShareDoesNotMatter() async {
    await #expect(processExitsWith: .success) {
      Threads.use(2)
      let (image, outputs, geometry) = SharesTests.convolutions[0]
      func results() -> [[Double]] {
        SharesTests.convolve(0, image, outputs, geometry, .float32).map(\.doubles)
      }
      let undisturbed = results()
      for _ in 0..<2 * Threads.available {
        Thread { while true {} }.start()
      }
      for _ in 0..<60 { #expect(results() == undisturbed) }
    }
  }

  private static func drawn(_ shape: Shape, _ random: inout Philox) -> Tensor {
    Tensor((0..<shape.count).map { _ in random.normal() }, shape: shape, dtype: .float32)
  }

  /// The output, and the gradients of a random weighting of it for image, weight and bias.
  private static func convolve(
    _ seed: Int, _ image: Shape, _ outputs: Int, _ geometry: ConvolutionGeometry, _ dtype: DType
  ) -> [Tensor] {
    var random = Philox(seed: UInt64(seed))
    // Weights of bfloat16 images are float32.
    let weights = dtype == .bfloat16 ? DType.float32 : dtype
    func parameter(_ shape: Shape, _ dtype: DType) -> Parameter {
      Parameter(drawn(shape, &random).converted(to: dtype))
    }
    let inputs = image[3] / geometry.groups
    let (x, w, b) = (
      parameter(image, dtype), parameter([outputs, 3, 3, inputs], weights),
      parameter([outputs], weights)
    )
    let y = convolution(x.value, w.value, b.value, geometry)
    let dy = drawn(y.shape, &random).converted(to: dtype)
    let (_, gradients) = valueWithGradient(of: [x, w, b]) {
      sum((convolution(x.value, w.value, b.value, geometry) * dy).converted(to: weights))
    }
    return [y] + gradients.values.compactMap { $0 }
  }

  private static func expect(
    _ found: [Double], near right: [Double], within tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(
      firstFar(found, from: right, within: tolerance) == nil, sourceLocation: sourceLocation)
  }
}
