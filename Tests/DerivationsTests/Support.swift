import Testing

/// The numbers of the scripts in Reference: multiples of a power of two.
func grid(
  _ rows: Int, _ columns: Int, _ a: Int, _ b: Int, _ c: Int, _ modulus: Int, _ divisor: Double
) -> [Double] {
  (0..<rows).flatMap { i in
    (0..<columns).map { j in
      Double((a * i + b * j + c) % modulus - modulus / 2) / divisor
    }
  }
}

/// Expects each number to be near the other of its place.
func expect(
  _ values: [Double], near expected: [Double], within tolerance: Double,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(values.count == expected.count, sourceLocation: sourceLocation)
  for (value, other) in zip(values, expected) {
    #expect(abs(value - other) <= tolerance, sourceLocation: sourceLocation)
  }
}
