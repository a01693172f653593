extension Product {
  private static let rowProduct = Kernel("row_product")
  private static let narrowPaths = !Threads.hasWidePaths

  /// Whether b has few long rows. Measured for 50 and 100 of 3,072 elements with AVX2 and on Zen 4: oneDNN takes 1.1 to
  /// 1.4 times as long, for it brings them into an order of its own, and their number is not one of whole vectors.
  static func suitsRows(n: Int, k: Int) -> Bool {
    narrowPaths && (4...128).contains(n) && k >= 1024
  }

  /// c[m, n] = a bᵀ (+ bias, ReLU) in float32, n at least 4, k at least 1; see `RowProduct.cpp`.
  static func rowMatmul(
    m: Int, n: Int, k: Int, _ a: Storage, _ b: Storage, bias: Storage?, relu: Bool, into c: Storage
  ) {
    rowProduct.run(.float32, .init(m, n, k, relu ? 1 : 0), a, b, bias, into: c)
  }
}
