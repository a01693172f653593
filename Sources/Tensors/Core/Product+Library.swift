import COneDNN

/// Products of batches, and of other types than that of their result.
extension Product {
  private static let smallProducts = Kernel("batched_matmul")

  /// c[batch, m, n] = op(a) op(b), matrix by matrix; of bfloat16 where oneDNN multiplies it.
  static func batchedMatmul(
    _ dtype: DType, batch: Int, m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool,
    _ b: Storage, transposeB: Bool, into c: Storage
  ) {
    let isSmall = Double(m) * Double(n) * Double(k) <= smallProduct
    if dtype == .float64 || dtype == .float32 && isSmall {
      smallProducts.run(
        dtype, .init(batch, m, n, k, transposeA ? 1 : 0, transposeB ? 1 : 0), a, b, into: c)
    } else {
      library(
        dtype == .float32 ? adjoint_float32 : adjoint_bfloat16, batch: batch, m, n, k, a,
        transposeA, b, transposeB, into: c)
    }
  }

  /// c[m, n] = op(a) op(b), where a and b are bfloat16 and c is float32.
  static func matmulIntoFloat32(
    m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage, transposeB: Bool,
    into c: Storage
  ) {
    library(adjoint_bfloat16_into_float32, m, n, k, a, transposeA, b, transposeB, into: c)
  }
}
