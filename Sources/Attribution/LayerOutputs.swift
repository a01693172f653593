import Layers
import Tensors

/// What a layer of a network gave for some images.
public struct LayerOutput: Sendable {
  /// The layer's path, `layer1.0.conv1`, or its type where it has no parameters with names; from the second output
  /// of the same name on with a number, `ReLU#2`.
  public let name: String
  /// The layer's path; empty where it has no parameters with names.
  public let path: String
  /// The layer's type: `Conv2d`.
  public let type: String
  /// What the layer is to those who look into a network.
  public let kind: LayerKind
  /// The output, its first axis the images.
  public let value: Tensor

  /// Whether it is maps, `[batch, height, width, channels]`.
  public var isMaps: Bool { value.rank == 4 }
  /// How many channels of maps, or features of rows, it has.
  public var units: Int { value.rank > 1 ? value.shape[value.rank - 1] : 0 }
}

/// The outputs of all layers of a network, in inference, in the order in which they are ready.
///
/// - Parameters:
///   - network: its layers bear the names of their parameters, as `namedParameters(of:)` gave them.
///   - x: a batch of its inputs.
public func layerOutputs(of network: any Layer, on x: Tensor) -> [LayerOutput] {
  var outputs: [LayerOutput] = []
  let names = LayerNames()
  let inspection = Inspection { named, y in
    outputs.append(
      LayerOutput(
        name: names.next(named), path: named.path, type: named.type,
        kind: type(of: named.layer).kind, value: y.detached))
  }
  _ = network(x, .inference.inspected(by: inspection))
  return outputs
}

extension [LayerOutput] {
  /// The output of that name.
  ///
  /// - Throws: `AdjointError` of kind usage that lists the names there are.
  public func named(_ name: String) throws -> LayerOutput {
    if let found = first(where: { $0.name == name }) { return found }
    throw AdjointError(
      .usage,
      "there is no layer \(name) in this network; there are \(map(\.name).joined(separator: ", "))")
  }

  /// The last maps that still have places to tell apart: of at least 4 × 4, else of more than one place; not those
  /// inside a block, which its shortcut passes by, as long as there are others.
  ///
  /// - Throws: `AdjointError` of kind usage where no layer gives such maps.
  public func lastMaps() throws -> LayerOutput {
    let kinds = Dictionary(map { ($0.name, $0.kind) }) { first, _ in first }
    /// Whether a layer that is no mere sequence lies around it.
    func isInBlock(_ output: LayerOutput) -> Bool {
      let words = output.name.split(separator: ".")
      return words.indices.dropFirst().contains { end in
        kinds[words[..<end].joined(separator: ".")].map { $0 != .sequence } ?? false
      }
    }
    for places in [4, 2] {
      let maps = filter {
        $0.isMaps && Swift.min($0.value.shape[1], $0.value.shape[2]) >= places
      }
      if let found = maps.last(where: { !isInBlock($0) }) ?? maps.last { return found }
    }
    throw AdjointError(
      .usage,
      "no layer of this network gives maps [batch, height, width, channels] of more than one place")
  }
}

/// Tells the outputs of one run apart.
final class LayerNames {
  private var counts: [String: Int] = [:]

  /// The name of the next output of this layer.
  func next(_ layer: Inspection.NamedLayer) -> String {
    let name = layer.path.isEmpty ? layer.type : layer.path
    let count = counts[name, default: 0] + 1
    counts[name] = count
    return count == 1 ? name : "\(name)#\(count)"
  }
}
