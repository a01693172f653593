import Tensors

/// A learned vector for each of a number of things, such as words.  yᵢ = the row of W that the index names
///
/// Indices of any shape `[…]`, output `[…, features]`.  State: `weight`, `[count, features]`. It is no ``Layer``, whose
/// input is a tensor of numbers, but a property of a model like any other.
public struct Embedding: Sendable {
  /// W, `[count, features]`.
  public let weight: Parameter

  /// New vectors, standard normal unless said otherwise; stops if a length is below 1.
  ///
  /// - Parameters:
  ///   - count: how many things there are.
  ///   - features: the length of a vector.
  ///   - weightInitializer: what the vectors begin with.
  ///   - random: where the numbers come from.
  public init(
    _ count: Int, _ features: Int, weightInitializer: Initializer = .normal(),
    random: inout Philox
  ) {
    require(
      count >= 1 && features >= 1,
      "Embedding(\(count), \(features)): both lengths have to be at least 1")
    let shape: Shape = [count, features]
    self.init(
      weight: Parameter(
        weightInitializer.tensor(shape, fans: Fans(ofWeight: shape), random: &random),
        name: "weight"))
  }

  /// Given vectors, one to a row; stops if they are not a matrix.
  public init(weight: Parameter) {
    require(
      weight.shape.rank == 2,
      "Embedding: weight of \(weight.shape); it has to be [count, features]")
    self.weight = weight
  }

  /// How many things there are.
  public var count: Int { weight.shape[0] }
  /// The length of a vector.
  public var features: Int { weight.shape[1] }

  /// The vectors of the indices.  dW = the sum, to each row, of dy where it was named
  ///
  /// - Parameter indices: each a row of the weight; stops, naming where it stands in row-major order, if one is not.
  /// - Returns: the shape of the indices with one more axis, `features`.
  public func callAsFunction(_ indices: IndexTensor) -> Tensor {
    inLayer(self, named: qualifiedName) {
      let rows = gather(weight.value, indices.reshaped(to: [indices.count]))
      return rows.reshaped(to: Shape(indices.shape.lengths + [features]))
    }
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("Embedding", group: .layer) { sampler in
    let shapes: [(Int, Int, Shape)] = [
      (1, 1, [1]), (5, 3, [7]), (3, 8, [2, 3]), (7, 15, [1, 4]), (2, 17, [2, 1, 3]), (9, 33, [5]),
      (4, 16, []), (3, 5, [0]), (30, 31, [4, 9]),
    ]
    return shapes.map { count, features, shape in
      let layer = Embedding(weight: sampler.parameter([count, features]))
      let indices = sampler.labels(shape.count, below: count).reshaped(to: shape)
      return .init(
        "\(count) by \(features) at \(shape)", [layer.weight],
        byHand: { dy in
          let cotangents = dy.doubles
          var sums = [Double](repeating: 0, count: count * features)
          for (place, row) in indices.values.enumerated() {
            for feature in 0..<features {
              sums[Int(row) * features + feature] += cotangents[place * features + feature]
            }
          }
          return [Tensor(sums, shape: [count, features], dtype: dy.dtype)]
        }
      ) { layer(indices) }
    }
  }
}
