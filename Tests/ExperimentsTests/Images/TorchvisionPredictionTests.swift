import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets
@testable import Experiments

/// A file of weights with torchvision's names gives torchvision's logits. Names and shapes in it come from torchvision,
/// not from the model that reads it.
@Suite struct TorchvisionPredictionTests {
  /// What Reference/torchvision_resnet18.py wrote.
  private struct Stored: Decodable {
    /// In the order of the state dictionary, in which weights are drawn.
    let names: [String]
    let shapes: [[Int]]
    /// Of three images and nine classes, float64.
    let logits: [Double]

    init() throws {
      let url = try #require(
        Bundle.module.url(
          forResource: "torchvision_resnet18", withExtension: "json", subdirectory: "Reference"))
      self = try JSONDecoder().decode(Stored.self, from: Data(contentsOf: url))
    }
  }

  /// Writes `w.safetensors` and `x.npy` with what the script drew, rounded to float32.
  private func draw(_ stored: Stored, to folder: TemporaryFolder) throws {
    var numbers = NumPyRandom(seed: 0)
    var weights: [String: Tensor] = [:]
    var counts: [String: IndexTensor] = [:]
    for (name, lengths) in zip(stored.names, stored.shapes) {
      let shape = Shape(lengths)
      if name.hasSuffix("num_batches_tracked") {
        counts[name] = IndexTensor([0], shape: shape)
        continue
      }
      var drawn = numbers.randn(shape.count)
      if shape.rank > 1 {
        let scale = (2 / Double(shape.count / shape[0])).squareRoot()
        drawn = drawn.map { $0 * scale }
      } else if name.hasSuffix("running_var") {
        drawn = drawn.map { 1 + 0.1 * abs($0) }
      } else {
        drawn = drawn.map { (name.hasSuffix("weight") ? 1 : 0) + 0.1 * $0 }
      }
      weights[name] = Tensor(drawn, shape: shape, dtype: .float32)
    }
    try SafeTensors.write(weights, indices: counts, to: folder.file("w.safetensors"))
    let images = Tensor(
      numbers.randn(3 * 3 * 40 * 40), shape: [3, 3, 40, 40], dtype: .float32)
    try NPY.encode(images).write(to: folder.file("x.npy"))
  }

  @Test func resNet18GivesTorchvisionsLogits() throws {
    let stored = try Stored()
    try #require(stored.names.count == 122 && stored.shapes.count == 122)
    let folder = try TemporaryFolder()
    try draw(stored, to: folder)
    var notes: [String] = []
    let shape = try Prediction.run(
      model: "resnet18", changes: [], weights: folder.file("w.safetensors"),
      input: folder.file("x.npy"), output: folder.file("y.npy"), note: { notes.append($0) })
    let y = try NPY.read(folder.file("y.npy"))
    #expect(shape == [3, 9] && y.shape == [3, 9] && y.dtype == .float32)
    // Names and numbers are taken as they are.
    #expect(notes == [])
    let scale = stored.logits.map(abs).max() ?? 0
    try #require(stored.logits.count == y.count && scale > 0.1)
    for (index, (found, expected)) in zip(y.doubles, stored.logits).enumerated() {
      // In float32 the sums of eighteen layers are rounded one after the other.
      #expect(
        abs(found - expected) <= 3e-5 * scale,
        "logit \(index): \(found), torchvision has \(expected)")
    }
  }
}
