import Tensors

/// Biases moved by as little as it takes to keep rectified units clear of the kink, where a difference of values is no
/// derivative.
enum ClearBiases {
  /// The row of biases nearest to `bias` with which no element of `units` is within `margin` of zero.
  ///
  /// - Parameters:
  ///   - bias: `[units]`.
  ///   - units: `[rows, units]`, with `bias` in them.
  ///   - margin: how far from zero they have to be.
  static func nearest(to bias: Tensor, units: Tensor, margin: Double) -> Tensor {
    let (rows, width) = (units.shape[0], units.shape[1])
    let (values, biases) = (units.doubles, bias.doubles)
    let moved = (0..<width).map { unit in
      let column = (0..<rows).map { values[$0 * width + unit] }.sorted()
      return biases[unit] + shift(column, margin)
    }
    return Tensor(moved, shape: bias.shape, dtype: bias.dtype)
  }

  /// What a report says of it: which biases with their verb, such as `$b_1$ is`, and how far they were moved at most.
  static func words(_ biases: String, movedBy largest: Double) -> String {
    let kink = "the kink of its rectifier, where a difference of values is no derivative"
    return largest == 0
      ? "no unit is near \(kink)"
      : "\(biases) moved by up to \(String(format: "%.2g", largest)), so that no unit is at \(kink)"
  }

  /// The smallest shift after which no value is within the margin of zero: none, or one that puts a value just
  /// outside on either side.
  private static func shift(_ sorted: [Double], _ margin: Double) -> Double {
    let slack = 1e-9
    var best = Double.infinity
    // Zero may lie below all, above all, or in a gap between neighbours that is wide enough.
    let edges = [-Double.infinity] + sorted + [.infinity]
    for (low, high) in zip(edges, edges.dropFirst()) where high - low > 2 * margin + 2 * slack {
      let (least, most) = (margin + slack - high, -margin - slack - low)
      best = [best, min(max(0, least), most)].min { abs($0) < abs($1) } ?? best
    }
    return best
  }
}
