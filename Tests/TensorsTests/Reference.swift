import Foundation
import Testing

@testable import Tensors

/// One stored computation of PyTorch, with its gradients; `Reference/operations.py` and
/// `Reference/images.py` write them.
struct ReferenceCase: Decodable, Sendable, CustomTestStringConvertible {
  struct Values: Decodable, Sendable {
    let shape: [Int]
    let values: [Double]

    func tensor(_ dtype: DType) -> Tensor { Tensor(values, shape: Shape(shape), dtype: dtype) }
  }

  struct Attributes: Decodable, Sendable {
    let scalar, slope, smoothing, minimum, maximum, delta: Double?
    let axis, start, count, before, after, window, stride, padding, dilation: Int?
    let transposeA, transposeB: Bool?
    let shape, axes: [Int]?
    let weights: [Double]?
    let ignored: Int?
    let mode, approximation: String?
    let geometry: ConvolutionGeometry?
    let outputPadding: Extent?
  }

  let name: String
  let dtype: DType
  let attributes: Attributes
  let inputs: [Values]
  let labels: [Int32]?
  let indices: [Int32]?
  let cotangent: Values
  let output: Values
  let gradients: [Values]

  var testDescription: String { "\(name) \(dtype) \(inputs.map(\.shape))" }

  private struct File: Decodable {
    let source: String
    let cases: [ReferenceCase]
  }

  static let all: [ReferenceCase] = ["operations", "images"].flatMap { name in
    let url = Bundle.module.url(
      forResource: name, withExtension: "json", subdirectory: "Reference")!
    do {
      return try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).cases
    } catch {
      fatalError("Reference/\(name).json: \(error)")
    }
  }

  static func named(_ names: String...) -> [ReferenceCase] {
    let found = all.filter { names.contains($0.name) }
    precondition(Set(found.map(\.name)) == Set(names), "no stored case of one of \(names)")
    return found
  }

  /// Computes the operation and its gradients and compares both with PyTorch's.
  ///
  /// An element may be off by `tolerance` of its own magnitude plus that of the largest element, in
  /// gradients also of the largest of the cotangent: sums are taken in another order here than there.
  /// In float64 the tolerance is 2⁻²⁹ times as large.
  func check(
    tolerance: Double = 3e-7, sourceLocation: SourceLocation = #_sourceLocation,
    _ operation: ([Tensor]) -> Tensor
  ) {
    let parameters = inputs.enumerated().map {
      Parameter($0.element.tensor(dtype), name: "input \($0.offset)")
    }
    let allowed = dtype == .float32 ? tolerance : tolerance * 0x1p-29
    var result: Tensor?
    let (_, computed) = valueWithGradient(of: parameters) {
      let y = operation(parameters.map(\.value))
      result = y.detached
      return sum(y * cotangent.tensor(dtype))
    }
    guard let result else { return }
    #expect(result.shape == Shape(output.shape), sourceLocation: sourceLocation)
    #expect(result.dtype == dtype, sourceLocation: sourceLocation)
    expect(result, output, 0, allowed, "the value", sourceLocation)
    let largest = cotangent.values.map(abs).max() ?? 0
    for (index, gradient) in computed.values.enumerated() {
      #expect(gradient?.shape == Shape(gradients[index].shape), sourceLocation: sourceLocation)
      if let gradient {
        expect(gradient, gradients[index], largest, allowed, "gradient \(index)", sourceLocation)
      }
    }
  }

  private func expect(
    _ tensor: Tensor, _ stored: Values, _ least: Double, _ allowed: Double, _ what: String,
    _ sourceLocation: SourceLocation
  ) {
    let scale = stored.values.map(abs).reduce(least, max)
    for (index, (found, right)) in zip(tensor.doubles, stored.values).enumerated()
    where !(abs(found - right) <= allowed * (abs(right) + scale)) {
      Issue.record(
        "\(what), element \(index): \(found), PyTorch has \(right)", sourceLocation: sourceLocation)
      return
    }
  }
}
