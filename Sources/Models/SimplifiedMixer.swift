import Layers
import Tensors

/// One mixing layer: first the positions of each feature are mixed, then the features of each position; both times
/// what comes out is added to what went in.
///
/// Input and output `[batch, L, D]`.
public struct MixerBlock: Layer {
  /// Θ₁ and b₁, `[L, L]` and `[L]`: FC-1, which maps the transpose's rows, the columns of X.
  public let positions: Linear
  /// Θ₂ and b₂, `[D, D]` and `[D]`: FC-2.
  public let features: Linear

  /// A block with new weights, as PyTorch's `nn.Linear` draws them by default.
  public init(positions: Int, features: Int, random: inout Philox) {
    self.positions = Linear(positions, positions, activation: .relu, random: &random)
    self.features = Linear(features, features, activation: .relu, random: &random)
  }

  /// A block over given layers; stops if they do not keep the lengths.
  public init(positions: Linear, features: Linear) {
    require(
      positions.inputs == positions.outputs && features.inputs == features.outputs,
      "MixerBlock: layers from \(positions.inputs) to \(positions.outputs) and from \(features.inputs) to "
        + "\(features.outputs); each has to keep its length")
    self.positions = positions
    self.features = features
  }

  /// S₁ = X + max(Xᵀ Θ₁ᵀ + b₁, 0)ᵀ = X + max(Θ₁ X + b₁ 1ᵀ, 0);  S₁ + max(S₁ Θ₂ᵀ + b₂, 0)
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let (batch, length, width) = (x.shape[0], positions.inputs, features.inputs)
    require(
      x.shape == [batch, length, width],
      "input of shape \(x.shape); it has to be [batch, \(length), \(width)]")
    let s1 = (x + positions.mapColumns(of: x, context)).reshaped(to: [batch * length, width])
    return (s1 + features(s1, context)).reshaped(to: [batch, length, width])
  }
}

/// The MLP-Mixer reduced to three fully connected layers: a mixing block, the mean over the features, a classifier.
///
/// After Tolstikhin et al., "MLP-Mixer: an all-MLP architecture for vision", NeurIPS 2021. With one block the order
/// of its parameters is that of `MLPMixer`, where its gradients are written out.
public struct SimplifiedMixer: Layer {
  /// The mixing blocks; the simplified network has one.
  public let blocks: [MixerBlock]
  /// Θ₃ and b₃, `[K, L]` and `[K]`: FC-3.
  public let head: Linear

  /// - Parameters:
  ///   - positions: L.
  ///   - features: D.
  ///   - classes: K.
  ///   - blocks: how many mixing blocks follow one another.
  ///   - random: draws the weights, as PyTorch's `nn.Linear` does by default.
  public init(positions: Int, features: Int, classes: Int, blocks: Int = 1, random: inout Philox) {
    require(blocks >= 1, "SimplifiedMixer: \(blocks) blocks; there has to be at least 1")
    self.blocks = (0..<blocks).map { _ in
      MixerBlock(positions: positions, features: features, random: &random)
    }
    head = Linear(positions, classes, random: &random)
  }

  /// A mixer over given layers; stops if there is no block, or if they do not fit together.
  public init(blocks: [MixerBlock], head: Linear) {
    require(
      !blocks.isEmpty
        && blocks.allSatisfy {
          $0.positions.inputs == head.inputs && $0.features.inputs == blocks[0].features.inputs
        },
      "SimplifiedMixer: blocks of \(blocks.map { "\($0.positions.inputs) × \($0.features.inputs)" }) and a "
        + "head of \(head.inputs) inputs; they have to be of one size, at least one")
    self.blocks = blocks
    self.head = head
  }

  /// Logits of samples.
  ///
  /// - Parameters:
  ///   - x: `[batch, L, D]`, or `[batch, L·D]` with one position after the other.
  ///   - context: the mode.
  /// - Returns: `[batch, K]`.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    let (length, width) = (head.inputs, blocks[0].features.inputs)
    var h = x.reshaped(to: [x.shape[0], length, width])
    for block in blocks { h = block(h, context) }
    return head(mean(h, axis: 2), context)
  }
}
