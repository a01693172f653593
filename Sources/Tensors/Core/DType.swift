/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable, Codable {
  /// IEEE 754 single precision: what networks train in.
  case float32
  /// IEEE 754 double precision: what gradients are checked in.
  case float64

  /// Bytes of one element.
  public var size: Int { self == .float32 ? 4 : 8 }
}
