/// One line of a derivation, as text.
public struct Formula: Sendable, Equatable {
  /// What is defined, such as `∂L/∂W₁`.
  public let symbol: String
  /// What it is equal to.
  public let value: String
  /// What the symbols in it mean.
  public let explanation: String

  /// A line `symbol = value, where explanation`.
  public init(symbol: String, value: String, where explanation: String) {
    self.symbol = symbol
    self.value = value
    self.explanation = explanation
  }
}
