import Tensors

extension Philox {
  /// What weights are drawn from: a stream of its own, for the loader's are those of the epochs, from 0.
  init(ofWeights seed: UInt64) { self.init(seed: seed, stream: .max) }
}
