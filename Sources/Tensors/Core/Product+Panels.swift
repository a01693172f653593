extension Product {
  private static let panels = Kernel("panel_product")
  private static let shortVectors = !Threads.hasLongVectors

  /// Whether oneDNN reads b in place although its rows push each other out of the cache. Measured with AVX2: it takes
  /// 1.1 to 2.2 times as long as panels there, and elsewhere as long or a little less.
  static func suitsPanels(m: Int, n: Int) -> Bool {
    shortVectors && n % 256 == 0 && (m <= 256 || n <= 512)
  }

  /// c[m, n] = op(a) b in float32; see `PanelProduct.cpp`.
  static func panelMatmul(
    m: Int, n: Int, k: Int, _ a: Storage, transposeA: Bool, _ b: Storage, into c: Storage
  ) {
    panels.run(.float32, .init(m, n, k, transposeA ? 1 : 0), a, b, into: c)
  }
}
