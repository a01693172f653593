/// How gradients are worked out.
enum GradientSource: String, Codable, Sendable, CaseIterable {
  case tape
  case byHand = "by-hand"

  /// `gradients by hand`
  var words: String { self == .byHand ? "gradients by hand" : "gradients from the tape" }
}
