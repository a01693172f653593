import Layers
import Tensors

/// A number that a network gives for each image: what is explained, or made as large as can be.
///
/// ```swift
/// let score = Score(of: network, .output(3))
/// let map = score.saliency(of: image)
/// ```
public struct Score: Sendable {
  /// Which number.
  public enum Target: Sendable, Equatable {
    /// An element of the network's output, such as the logit of a class; the softmax is left out, for it would let a
    /// class win by others losing.
    case output(Int)
    /// A channel of a layer's maps, the mean over their places, or an element of its rows.
    case unit(Int, layer: String)
  }

  /// Takes images `[batch, …]`; its output is `[batch, outputs]`.
  public let network: any Layer
  /// Which of its numbers.
  public let target: Target

  /// The score of a network; layers are named as ``layerOutputs(of:on:)`` names them.
  public init(of network: any Layer, _ target: Target) {
    self.network = network
    self.target = target
  }

  /// The score of each image, `[batch]`, in inference.
  ///
  /// - Parameter x: `[batch, …]`.
  public func callAsFunction(_ x: Tensor) -> Tensor { value(x) }

  /// The scores and their gradient with respect to the images, of their shape: images do not mix in inference, so
  /// that of the sum has for each image its own. Only where a `BatchNorm` keeps no running statistics they do: such a
  /// network is to be given one image at a time.
  ///
  /// - Parameters:
  ///   - x: `[batch, …]`.
  ///   - rectifiers: how cotangents pass them.
  public func gradient(
    at x: Tensor, rectifiers: Inspection.Rectifiers = .plain
  ) -> (values: Tensor, gradient: Tensor) {
    var values: Tensor?
    let (_, gradients) = valueWithGradient(at: [x]) { leaves in
      let y = value(leaves[0], rectifiers: rectifiers)
      values = y.detached
      return sum(y)
    }
    return (values ?? value(x), gradients[0] ?? .zeros(x.shape, dtype: x.dtype))
  }

  /// The gradient with respect to a layer's output on these images, of its shape.
  func gradient(of layer: LayerOutput, on x: Tensor) -> Tensor {
    let (_, gradients) = valueWithGradient(at: [layer.value]) { leaves in
      sum(value(x, replacing: (layer.name, leaves[0])))
    }
    return gradients[0] ?? .zeros(layer.value.shape, dtype: layer.value.dtype)
  }

  private func value(
    _ x: Tensor, rectifiers: Inspection.Rectifiers = .plain,
    replacing replaced: (layer: String, by: Tensor)? = nil
  ) -> Tensor {
    require(x.rank >= 2, "Score: images of shape \(x.shape); it has to be [batch, …]")
    var context = Context.inference
    var found: Tensor?
    var layer: String?
    if case .unit(_, let name) = target { layer = name }
    if layer != nil || replaced != nil {
      let (outgoing, incoming) = (LayerNames(), LayerNames())
      context = context.inspected(
        by: Inspection(
          rectifiers: rectifiers,
          onOutput: { if incoming.next($0) == layer { found = $1 } },
          replacing: { name, _ in outgoing.next(name) == replaced?.layer ? replaced?.by : nil }))
    } else if rectifiers == .guided {
      context = context.inspected(by: Inspection(rectifiers: .guided))
    }
    let y = network(x, context)
    switch target {
    case .output(let index): return Score.column(index, of: y, "the network's output")
    case .unit(let index, let layer):
      guard let found else {
        stop("Score: there is no layer \(layer) in this network; layerOutputs(of:on:) lists them")
      }
      return Score.column(index, of: found, layer)
    }
  }

  /// An element of the last axis, the mean over those between it and the first.
  private static func column(_ index: Int, of y: Tensor, _ what: String) -> Tensor {
    let units = y.rank >= 2 ? y.shape[y.rank - 1] : 0
    require(
      index >= 0 && index < units,
      "Score: unit \(index) of \(what), which is of shape \(y.shape) and has \(units) units")
    let batch = y.shape[0]
    let rows =
      y.rank == 2
      ? y : mean(y.reshaped(to: [batch, y.count / max(batch * units, 1), units]), axis: 1)
    return slice(rows, axis: 1, from: index, count: 1).reshaped(to: [batch])
  }
}
