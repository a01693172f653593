import Datasets
import Layers
import Tensors

/// What determines a run of `mixer`.
struct MixerConfiguration: SteppedConfiguration, DigitsConfiguration {
  var patch = 2
  var stride = 2
  var blocks = 1
  var batchSize = 64
  var epochs = 12
  var steps = 0
  var learningRate = 0.05
  var decayFactor = 0.2
  var decayEvery = 5
  var momentum = 0.9
  var validation = 0
  var seed: UInt64 = 0
  var precision = DType.float32
  var gradients = GradientSource.tape
  var drawnTrain = 60_000
  var drawnTest = 10_000

  static let settings: [Setting<Self>] = [
    .whole("patch", \.patch, in: 1...28, "side of a square patch in pixels"),
    .whole("stride", \.stride, in: 1...28, "pixels from one patch to the next, in both directions"),
    .whole(
      "blocks", \.blocks, in: 1...100, "mixing blocks one after the other; the document has one"),
    .whole("batch_size", \.batchSize, in: 1...60_000, "images in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .decayFactor,
    .decayEvery,
    .real("momentum", \.momentum, in: 0...0.9999, "how much of the last step is in the next"),
    .validation,
    .seed(\.seed, "what weights and the order of the images are drawn from"),
    .precision,
    .gradients,
    .drawnTrain(),
    .drawnTest,
  ]

  func validateTogether() throws {
    guard (28 - patch) % stride == 0 else {
      throw AdjointError(
        .usage,
        "patch=\(patch), stride=\(stride): patches have to reach the edge of 28 pixels, so that 28 − patch "
          + "is a multiple of stride")
    }
    guard gradients == .tape || blocks == 1 else {
      throw AdjointError(
        .usage,
        "gradients=by-hand, blocks=\(blocks): the gradients written out by hand are those of one block"
      )
    }
  }

  func onPixels(_ network: any Layer) -> (network: any Layer, layout: InputLayout) {
    (Sequential([PatchCut(patches, height: 28, width: 28), network]), .images)
  }

  /// Patches in a row of patches, and rows of them.
  var patchesAcross: Int { (28 - patch) / stride + 1 }
  /// L.
  var positions: Int { patchesAcross * patchesAcross }
  /// D.
  var features: Int { patch * patch }
  /// What the images are cut into.
  var patches: ImagePatches { ImagePatches(side: patch, stride: stride) }
}
