import COneDNN

/// Matrix products: ours for small ones and some with short vectors, oneDNN's for the others, OpenBLAS in double.
enum Product {
  /// Above this many multiplications (2²⁰ and a little) a library's blocking beats a loop that keeps C in
  /// registers.
  static let smallProduct = 1.05e6
  private static let rectifier = Kernel("relu")

  /// c[m, n] = op(a) op(b) (+ bias, ReLU)
  static func matmul(
    _ dtype: DType, m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage,
    transposeB: Bool, bias: Storage?, relu: Bool, into c: Storage
  ) {
    switch dtype {
    case .float32:
      // In floating point: the product of three lengths need not fit into an integer.
      if Double(m) * Double(n) * Double(k) <= smallProduct {
        small(
          m: m, n: n, k: k, a, transposeA: transposeA, b, transposeB: transposeB, bias: bias,
          relu: relu, into: c)
      } else if !ownMatmul(
        m: m, n: n, k: k, a, transposeA: transposeA, b, transposeB: transposeB, bias: bias,
        relu: relu, into: c)
      {
        library(
          adjoint_float32, m, n, k, a, transposeA, b, transposeB, bias: bias, into: c)
        // oneDNN's own rectifier would turn NaN into zero, and hide it.
        if relu { rectifier.run(.float32, .init(m * n), c, into: c) }
      }
    case .float64:
      double(
        m: m, n: n, k: k, a, transposeA: transposeA, b, transposeB: transposeB, bias: bias,
        relu: relu, into: c)
    case .bfloat16:
      require(
        bias == nil && !relu,
        "matmul \(m)×\(k) by \(k)×\(n): in bfloat16 it has no bias and no rectifier")
      library(adjoint_bfloat16, m, n, k, a, transposeA, b, transposeB, into: c)
    }
  }
}
