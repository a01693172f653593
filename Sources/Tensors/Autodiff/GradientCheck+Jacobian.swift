extension GradientCheck.Case {
  /// The derivative of every element of the body by every element of a parameter, two ways.
  ///
  /// - Parameter index: the position of the parameter in the list.
  /// - Returns: by the tape, one unit cotangent after the other, and by five-point central differences;
  ///   both of the axes of the body, then those of the parameter.
  public func jacobian(of index: Int) -> (tape: Tensor, differences: Tensor) {
    let parameter = parameters[index]
    let value = body()
    let axes = Shape([value.count, parameter.count])
    let rows = (0..<value.count).flatMap { row in
      let unit = (0..<value.count).map { $0 == row ? 1.0 : 0 }
      let cotangent = Tensor(unit, shape: value.shape, dtype: value.dtype)
      return tapeGradients(cotangent)[index].doubles
    }
    let columns = (0..<parameter.count).flatMap { slopes(of: parameter, at: $0) }
    let shape = Shape(value.shape.lengths + parameter.shape.lengths)
    return (
      Tensor(rows, shape: shape, dtype: value.dtype),
      Tensor(columns, shape: [axes[1], axes[0]], dtype: value.dtype).transposed()
        .reshaped(to: shape)
    )
  }

  /// The derivative of every element of the body by one element of a parameter; as `slope`, but not
  /// summed.
  private func slopes(of parameter: Parameter, at index: Int) -> [Double] {
    let step = GradientCheck.step
    let original = parameter.value.detached
    defer { parameter.value = original }
    func values(_ t: Double) -> [Double] {
      var moved = original.doubles
      moved[index] += t
      parameter.value = Tensor(moved, shape: original.shape, dtype: original.dtype)
      return body().doubles
    }
    let (near, nearBack) = (values(step), values(-step))
    let (far, farBack) = (values(2 * step), values(-2 * step))
    return near.indices.map {
      (8 * (near[$0] - nearBack[$0]) - (far[$0] - farBack[$0])) / (12 * step)
    }
  }
}
