extension GradientCheck.Case {
  /// A case of an operation whose result holds elements of its inputs: dxₖ = Σ dyᵢ over all i for which yᵢ is xₖ.
  ///
  /// - Parameters:
  ///   - label: what is special about it, such as the shapes.
  ///   - parameters: with elements that are all different; see ``Sampler/distinctParameters(_:)``.
  ///   - body: a tensor of any shape, whose elements that come from no parameter are equal to none.
  public static func selection(
    _ label: String, _ parameters: [Parameter], _ body: @escaping () -> Tensor
  ) -> GradientCheck.Case {
    let byHand = { (dy: Tensor) -> [Tensor?] in
      var places: [Double: (parameter: Int, index: Int)] = [:]
      for (parameter, values) in parameters.map(\.value.doubles).enumerated() {
        for (index, value) in values.enumerated() { places[value] = (parameter, index) }
      }
      var gradients = parameters.map { [Double](repeating: 0, count: $0.count) }
      for (value, cotangent) in zip(body().doubles, dy.doubles) {
        if let (parameter, index) = places[value] { gradients[parameter][index] += cotangent }
      }
      return zip(gradients, parameters).map { Tensor($0, shape: $1.shape, dtype: dy.dtype) }
    }
    return GradientCheck.Case(label, parameters, byHand: byHand, body)
  }
}

extension Sampler {
  /// Parameters whose elements are all different: odd sixteenths, in random order over all of them.
  ///
  /// No two elements change places within the step of a difference, so that maxima stay where they are.
  public mutating func distinctParameters(_ shapes: [Shape]) -> [Parameter] {
    let count = shapes.reduce(0) { $0 + $1.count }
    let order = (0..<count).map { (normal(), $0) }.sorted { $0.0 < $1.0 }
    var rest = order.map { Double(2 * $0.1 + 1) / 16 }[...]
    return shapes.map { shape in
      defer { rest = rest.dropFirst(shape.count) }
      return Parameter(Tensor(Array(rest.prefix(shape.count)), shape: shape, dtype: dtype))
    }
  }

  /// A parameter whose elements are all different; see ``distinctParameters(_:)``.
  public mutating func distinctParameter(_ shape: Shape) -> Parameter {
    distinctParameters([shape])[0]
  }
}
