import Tensors

/// Normalisation of each row by its own mean and variance; see `layerNormalization`.
///
/// Input `[…, features]`, or with several trailing axes.  State as PyTorch's: `weight` γ and `bias` β, of the
/// shape of a row.
/// Ba, Kiros and Hinton, "Layer normalization", 2016, arXiv:1607.06450.
public struct LayerNorm: Layer {
  /// A normalisation.
  public static let kind = LayerKind.normalization
  /// γ, at first 1.
  public let weight: Parameter?
  /// β, at first 0.
  public let bias: Parameter?
  /// The trailing axes that are normalised over.
  public let shape: Shape
  /// ε, which keeps the root away from zero.
  public let epsilon: Double

  /// A layer over the last axis, of that length.
  public init(_ features: Int, epsilon: Double = 1e-5, isAffine: Bool = true) {
    self.init(Shape([features]), epsilon: epsilon, isAffine: isAffine)
  }

  /// A layer over trailing axes; stops if there are none, or an empty one.
  ///
  /// - Parameters:
  ///   - shape: their lengths.
  ///   - epsilon: ε.
  ///   - isAffine: whether there are γ and β.
  public init(_ shape: Shape, epsilon: Double = 1e-5, isAffine: Bool = true) {
    require(
      shape.rank >= 1 && shape.count >= 1,
      "LayerNorm(\(shape)): there has to be at least one axis, and none may be empty")
    weight = isAffine ? Parameter(.ones(shape), name: "weight") : nil
    bias = isAffine ? Parameter(.zeros(shape), name: "bias") : nil
    self.shape = shape
    self.epsilon = epsilon
  }

  /// γ ∘ x̂ + β
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    require(
      x.shape.lengths.suffix(shape.rank).elementsEqual(shape.lengths),
      "input of shape \(x.shape); its last axes have to be \(shape)")
    return layerNormalization(
      x, weight?.value, bias?.value, axes: shape.rank, epsilon: epsilon)
  }
}

/// Normalisation of groups of channels of each image; see `groupNormalization`.
///
/// Input `[batch, …, channels]`.  State as PyTorch's: `weight` γ and `bias` β, `[channels]`.
/// Wu and He, "Group normalization", ECCV 2018.
public struct GroupNorm: Layer {
  /// A normalisation.
  public static let kind = LayerKind.normalization
  /// γ, `[channels]`, at first 1.
  public let weight: Parameter?
  /// β, `[channels]`, at first 0.
  public let bias: Parameter?
  /// In how many groups the channels fall.
  public let groups: Int
  /// The length of the last axis.
  public let channels: Int
  /// ε, which keeps the root away from zero.
  public let epsilon: Double

  /// A layer; stops unless the groups divide the channels.
  ///
  /// - Parameters:
  ///   - groups: in how many groups the channels fall.
  ///   - channels: the length of the last axis.
  ///   - epsilon: ε.
  ///   - isAffine: whether there are γ and β.
  public init(_ groups: Int, _ channels: Int, epsilon: Double = 1e-5, isAffine: Bool = true) {
    require(
      groups >= 1 && channels >= 1 && channels % groups == 0,
      "GroupNorm(\(groups), \(channels)): both have to be at least 1, and the groups have to divide the "
        + "channels")
    weight = isAffine ? Parameter(.ones([channels]), name: "weight") : nil
    bias = isAffine ? Parameter(.zeros([channels]), name: "bias") : nil
    self.groups = groups
    self.channels = channels
    self.epsilon = epsilon
  }

  /// γ ∘ x̂ + β
  public func forward(_ x: Tensor, _ context: Context) -> Tensor {
    require(
      x.rank >= 2 && x.shape[x.rank - 1] == channels,
      "input of shape \(x.shape); it has to be [batch, …, \(channels)]")
    return groupNormalization(
      x, weight?.value, bias?.value, groups: groups, epsilon: epsilon)
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("LayerNorm", group: .layer) { sampler in
    ([
      ([1, 1], [1]), ([3, 7], [7]), ([2, 8], [8]), ([4, 9], [9]), ([3, 15], [15]), ([2, 16], [16]),
      ([2, 2, 3, 17], [17]), ([33], [33]), ([2, 3, 5], [3, 5]), ([2, 3, 4], [2, 3, 4]),
      ([2, 1, 3, 2], [3, 2]),
    ] as [(Shape, Shape)]).map { shape, row in
      let x = sampler.parameter(shape)
      let layer = LayerNorm(row, epsilon: 0.1)
      convert(layer, to: sampler.dtype)
      layer.weight!.value = sampler.tensor(row)
      layer.bias!.value = sampler.tensor(row)
      return .init(
        "\(shape) over \(row)", [x, layer.weight!, layer.bias!],
        byHand: { dy in
          naiveNormalizationGradients(x.value, [layer.weight!, layer.bias!], dy) { $0 / row.count }
        }
      ) { layer(x.value, .inference) }
    }
  }
  GradientCheck.register("GroupNorm", group: .layer) { sampler in
    ([
      ([1, 1, 1, 1], 1), ([2, 2, 2, 6], 3), ([3, 7], 1), ([3, 8], 2), ([2, 1, 2, 9], 3),
      ([2, 2, 15], 5), ([2, 3, 1, 16], 4), ([1, 2, 2, 17], 17), ([1, 3, 17], 1),
      ([1, 1, 2, 33], 3),
    ] as [(Shape, Int)]).map { shape, groups in
      let x = sampler.parameter(shape)
      let layer = GroupNorm(groups, shape[shape.rank - 1], epsilon: 0.1)
      convert(layer, to: sampler.dtype)
      layer.weight!.value = sampler.tensor([layer.channels])
      layer.bias!.value = sampler.tensor([layer.channels])
      let (image, channels) = (shape.count / shape[0], layer.channels)
      return .init(
        "\(shape) in \(groups)", [x, layer.weight!, layer.bias!],
        byHand: { dy in
          naiveNormalizationGradients(x.value, [layer.weight!, layer.bias!], dy) {
            $0 / image * groups + $0 % channels / (channels / groups)
          }
        }
      ) { layer(x.value, .inference) }
    }
  }
}
