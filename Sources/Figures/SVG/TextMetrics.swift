/// How wide a text will be, near enough to lay figures out without a font at hand.
enum TextMetrics {
  /// Pixels that `text` takes at `size` pixels, by the proportions of a common sans-serif face.
  static func width(_ text: String, size: Double = 12) -> Double {
    text.unicodeScalars.reduce(0) { $0 + proportion($1) } * size
  }

  /// `text`, or its beginning and an ellipsis where it is wider than `limit` pixels.
  static func fit(_ text: String, into limit: Double, size: Double = 12) -> String {
    guard width(text, size: size) > limit else { return text }
    var kept = text
    while !kept.isEmpty, width(kept + "…", size: size) > limit { kept.removeLast() }
    return kept + "…"
  }

  private static func proportion(_ scalar: Unicode.Scalar) -> Double {
    switch scalar {
    case "i", "j", "l", "I", "'", "|", ".", ",", ":", ";", "!": 0.28
    case "f", "r", "t", "(", ")", "[", "]", "-", " ", "/": 0.36
    case "m", "w", "M", "W", "@", "%": 0.88
    case "A"..."Z", "+", "=", "×", "<", ">": 0.67
    case "\u{1100}"...: scalar.value < 0x2000 || scalar.value > 0x2e7f ? 1 : 0.6
    default: 0.57
    }
  }
}
