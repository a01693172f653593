import Tensors

extension Score {
  /// Where a layer's maps speak for the score.  m = max(Σ_k α_k A_k, 0),  α_k the mean of ∂y/∂A_k over its places
  ///
  /// Selvaraju, Cogswell, Das, Vedantam, Parikh and Batra, "Grad-CAM: visual explanations from deep networks via
  /// gradient-based localization", ICCV 2017.
  ///
  /// - Parameters:
  ///   - x: the images, `[batch, …]`.
  ///   - layer: a layer's maps on these images, `[batch, height, width, channels]`, such as the last ones.
  /// - Returns: `[batch, height, width]`, of the maps' size; ``resized(_:height:width:)`` brings it to that of the
  ///   images.
  public func gradCAM(of x: Tensor, layer: LayerOutput) -> Tensor {
    let maps = layer.value
    require(
      layer.isMaps && maps.shape[0] == x.shape[0],
      "gradCAM: \(layer.name) gives \(maps.shape) for images of shape \(x.shape); it has to be maps, "
        + "[batch, height, width, channels]")
    let (batch, channels) = (maps.shape[0], maps.shape[3])
    let gradient = gradient(of: layer, on: x)
    let weights = mean(
      gradient.reshaped(to: [batch, maps.count / (batch * channels), channels]), axis: 1)
    let weighted = maps * broadcast(weights.reshaped(to: [batch, 1, 1, channels]), to: maps.shape)
    return relu(sum(weighted, axis: 3))
  }
}

/// Maps in another size, by lines between the middles of their pixels; beyond the outermost middles as there.
///
/// As PyTorch's `interpolate` in its bilinear mode without aligned corners.
///
/// - Parameters:
///   - maps: `[batch, height, width]`.
///   - height: rows of the result, at least 1.
///   - width: columns of the result, at least 1.
/// - Returns: `[batch, height, width]`.
public func resized(_ maps: Tensor, height: Int, width: Int) -> Tensor {
  require(
    maps.rank == 3 && maps.count > 0 && height >= 1 && width >= 1,
    "resized: maps of shape \(maps.shape) to \(height) × \(width); they have to be [batch, height, width], "
      + "and nothing may be empty")
  let rows = interpolation(from: maps.shape[1], to: height, dtype: maps.dtype)
  let columns = interpolation(from: maps.shape[2], to: width, dtype: maps.dtype)
  let batch = (0..<maps.shape[0]).map { index in
    let map = slice(maps, axis: 0, from: index, count: 1)
      .reshaped(to: [maps.shape[1], maps.shape[2]])
    return matmul(matmul(rows, map), columns, transposeB: true).reshaped(to: [1, height, width])
  }
  return concatenate(batch)
}

/// The matrix that takes `count` values along an axis to `size`, each row with at most two entries.
private func interpolation(from count: Int, to size: Int, dtype: DType) -> Tensor {
  var values = [Double](repeating: 0, count: size * count)
  for target in 0..<size {
    let middle = (Double(target) + 0.5) * Double(count) / Double(size) - 0.5
    let place = min(max(middle, 0), Double(count - 1))
    let lower = Int(place)
    values[target * count + lower] += 1 - (place - Double(lower))
    values[target * count + min(lower + 1, count - 1)] += place - Double(lower)
  }
  return Tensor(values, shape: [size, count], dtype: dtype)
}
