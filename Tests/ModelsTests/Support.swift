import Testing

/// The numbers that the scripts of Reference make by whole-number arithmetic:
/// ((a·i + b·j + c) mod modulus − ⌊modulus / 2⌋) / divisor in row i and column j.
func grid(
  _ rows: Int, _ columns: Int, _ a: Int, _ b: Int, _ c: Int, _ modulus: Int, _ divisor: Double
) -> [Double] {
  (0..<rows).flatMap { i in
    (0..<columns).map { j in
      Double((a * i + b * j + c) % modulus - modulus / 2) / divisor
    }
  }
}
