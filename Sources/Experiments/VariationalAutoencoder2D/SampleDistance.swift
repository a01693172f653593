import Foundation
import Tensors

/// How far two sets of points in the plane are from one another, as sets drawn from distributions.
enum SampleDistance {
  /// The sliced Wasserstein distance of order 2 of two sets of equally many points.
  ///
  /// SW² = (1/K) Σₖ (1/n) Σᵢ (aₖ₍ᵢ₎ − bₖ₍ᵢ₎)², where aₖ₍ᵢ₎ are the projections of the points on direction k in
  /// rising order. The K directions are (cos θ, sin θ) with θ = π (k + ½) / K: in the plane evenly spaced
  /// directions take the place of random ones, and nothing is drawn.
  ///
  /// N. Bonneel, J. Rabin, G. Peyré and H. Pfister, "Sliced and Radon Wasserstein barycenters of measures",
  /// J. Math. Imaging Vis. 51 (2015), doi:10.1007/s10851-014-0506-3.
  ///
  /// - Parameters:
  ///   - a: `[count, 2]`, not empty.
  ///   - b: of the same shape.
  ///   - directions: K.
  static func slicedWasserstein(_ a: Tensor, _ b: Tensor, directions: Int = 64) -> Double {
    require(
      a.rank == 2 && a.shape[1] == 2 && a.shape == b.shape && a.shape[0] > 0 && directions > 0,
      "slicedWasserstein: shapes \(a.shape) and \(b.shape), \(directions) directions; the shapes have to "
        + "be the same [count, 2]")
    let axes = (0..<directions).flatMap { k in
      let angle = Double.pi * (Double(k) + 0.5) / Double(directions)
      return [cos(angle), sin(angle)]
    }
    let frame = Tensor(axes, shape: [directions, 2], dtype: a.dtype)
    let count = a.shape[0]
    // A row for each direction.
    let (left, right) = (
      matmul(frame, a, transposeB: true).floats, matmul(frame, b, transposeB: true).floats
    )
    var total = 0.0
    for k in 0..<directions {
      let range = (k * count)..<((k + 1) * count)
      for (x, y) in zip(left[range].sorted(), right[range].sorted()) {
        let difference = Double(x) - Double(y)
        total += difference * difference
      }
    }
    return (total / Double(count * directions)).squareRoot()
  }

  /// The maximum mean discrepancy of two sets of points under a Gaussian kernel, biased estimate.
  ///
  /// MMD² = mean k(aᵢ, aⱼ) + mean k(bᵢ, bⱼ) − 2 mean k(aᵢ, bⱼ) over all pairs, those of a point with itself
  /// included, k(x, y) = exp(−|x − y|² / (2 h²)). So it is never negative, and of the order 1/√n for two sets
  /// of one distribution.
  ///
  /// A. Gretton and others, "A kernel two-sample test", JMLR 13 (2012), equation 5.
  ///
  /// - Parameters:
  ///   - a: `[count, features]`, not empty.
  ///   - b: `[count, features]`; the counts may differ.
  ///   - bandwidth: h, positive; see ``medianDistance(_:)``.
  static func maximumMeanDiscrepancy(_ a: Tensor, _ b: Tensor, bandwidth: Double) -> Double {
    require(
      a.rank == 2 && b.rank == 2 && a.shape[1] == b.shape[1] && a.shape[0] > 0 && b.shape[0] > 0
        && bandwidth > 0,
      "maximumMeanDiscrepancy: shapes \(a.shape) and \(b.shape), bandwidth \(bandwidth); the shapes have "
        + "to be [count, features] with the same features, the bandwidth positive")
    let square =
      meanKernel(a, a, bandwidth) + meanKernel(b, b, bandwidth) - 2 * meanKernel(a, b, bandwidth)
    return max(square, 0).squareRoot()
  }

  /// The median distance between the first points of a set: the usual bandwidth (Gretton and others 2012, section 8).
  static func medianDistance(_ a: Tensor, first count: Int = 500) -> Double {
    let points = a.doubles
    let rows = min(count, a.shape[0])
    var distances: [Double] = []
    for i in 0..<rows {
      for j in 0..<i {
        distances.append(
          hypot(points[2 * i] - points[2 * j], points[2 * i + 1] - points[2 * j + 1]))
      }
    }
    distances.sort()
    return distances.isEmpty ? 1 : distances[distances.count / 2]
  }

  /// Rows of a whose kernels with all of b are formed at once: they stay in the caches.
  private static let block = 32

  /// With rows extended to (x/h, −|x|²/2h², 1) and (y/h, 1, −|y|²/2h²) the exponent is one matrix product.
  private static func meanKernel(_ a: Tensor, _ b: Tensor, _ bandwidth: Double) -> Double {
    let (left, right) = (a / bandwidth, b / bandwidth)
    func halfSquares(_ x: Tensor) -> Tensor {
      (sum(x * x, axis: 1) * -0.5).reshaped(to: [x.shape[0], 1])
    }
    let (m, n) = (a.shape[0], b.shape[0])
    let rows = concatenate([left, halfSquares(left), .ones([m, 1], dtype: a.dtype)], axis: 1)
    let columns = concatenate([right, .ones([n, 1], dtype: b.dtype), halfSquares(right)], axis: 1)
    var total = 0.0
    for start in stride(from: 0, to: m, by: block) {
      let part = slice(rows, axis: 0, from: start, count: min(block, m - start))
      total += sum(exp(matmul(part, columns, transposeB: true))).item
    }
    return total / (Double(m) * Double(n))
  }
}
