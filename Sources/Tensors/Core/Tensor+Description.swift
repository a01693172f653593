extension Tensor: CustomStringConvertible {
  /// `Tensor [2, 3] float32 [0.5, 1.0, …]`: the shape, the type, and the first few elements.
  public var description: String {
    let shown = 8
    let first = reshaped(to: [count]).detached
    let values = slice(first, axis: 0, from: 0, count: min(shown, count)).doubles.map {
      dtype == .float32 ? "\(Float($0))" : "\($0)"
    }
    let tail = count > shown ? ", …" : ""
    return "Tensor \(shape) \(dtype) [\(values.joined(separator: ", "))\(tail)]"
  }
}
