/// How gradients are worked out.
enum GradientSource: String, Codable, Sendable, CaseIterable {
  case tape
  case byHand = "by-hand"
}
