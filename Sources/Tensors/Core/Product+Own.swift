/// Products that oneDNN takes long for.
extension Product {
  private static let panels = Kernel("panel_product")
  private static let rowProduct = Kernel("row_product")
  private static let shortVectors = !Threads.hasLongVectors
  private static let narrowPaths = !Threads.hasWidePaths

  /// Whether oneDNN reads b in place although its rows push each other out of the cache. Measured with AVX2: it takes
  /// 1.1 to 2.2 times as long as panels there, and elsewhere as long or a little less.
  static func suitsPanels(m: Int, n: Int) -> Bool {
    shortVectors && n % 256 == 0 && (m <= 256 || n <= 512)
  }

  /// c[m, n] = op(a) b, less v[m, n] times s[m] row by row, in float32; see `PanelProduct.cpp`.
  static func panelMatmul(
    m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage,
    less subtracted: (v: Storage, s: Storage)? = nil, into c: Storage
  ) {
    panels.run(
      .float32, .init(m, n, k, transposeA ? 1 : 0), a, b, subtracted?.v, subtracted?.s, into: c)
  }

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

  /// c[m, n] = op(a) op(b) (+ bias, ReLU) in float32 where oneDNN takes longer for it; else false, and nothing is done.
  static func ownMatmul(
    m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage, transposeB: Bool,
    bias: Storage?, relu: Bool, into c: Storage
  ) -> Bool {
    if !transposeB && bias == nil && !relu && suitsPanels(m: m, n: n) {
      panelMatmul(m: m, n: n, k: k, a, transposeA: transposeA, b, into: c)
      return true
    }
    guard !transposeA && transposeB && suitsRows(n: n, k: k) else { return false }
    rowMatmul(m: m, n: n, k: k, a, b, bias: bias, relu: relu, into: c)
    return true
  }
}
