import Foundation
import Tensors

/// The lowest coefficients of an image's two-dimensional cosine transform (type II, orthonormal).
///
/// c(u, v) = α(u) α(v) Σ_rows Σ_columns x cos(π (2 row + 1) u / 2 height) cos(π (2 column + 1) v / 2 width), where
/// α² is 1/length for frequency 0 and 2/length for the others.
/// Ahmed, Natarajan and Rao, "Discrete cosine transform", doi:10.1109/T-C.1974.223784.
struct LowFrequencies {
  /// Which they are, lowest first: by u + v, then by u.
  let pairs: [(u: Int, v: Int)]
  /// `[count, height · width]`
  private let basis: Tensor

  /// - Parameters:
  ///   - count: how many, at most as many as there are pixels.
  ///   - height: rows of an image.
  ///   - width: columns of an image.
  init(count: Int, height: Int, width: Int) {
    let all = (0..<height).flatMap { u in (0..<width).map { (u: u, v: $0) } }
    let lowest = Array(all.sorted { ($0.u + $0.v, $0.u) < ($1.u + $1.v, $1.u) }.prefix(count))
    func wave(_ frequency: Int, _ length: Int) -> [Double] {
      let scale = ((frequency == 0 ? 1 : 2) / Double(length)).squareRoot()
      return (0..<length).map { place in
        scale * cos(Double.pi * Double((2 * place + 1) * frequency) / Double(2 * length))
      }
    }
    let values = lowest.flatMap { pair in
      let across = wave(pair.v, width)
      return wave(pair.u, height).flatMap { down in across.map { Float(down * $0) } }
    }
    pairs = lowest
    basis = Tensor(values, shape: [lowest.count, height * width])
  }

  /// - Parameter images: `[count, height · width]`.
  /// - Returns: one row of coefficients for each image.
  func coefficients(of images: Tensor) -> Tensor { matmul(images, basis, transposeB: true) }
}
