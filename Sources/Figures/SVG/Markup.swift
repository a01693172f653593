import Foundation

/// Text and numbers as XML and HTML want them.
package enum Markup {
  /// `text` with the characters that mean something in markup replaced, and those that XML forbids dropped.
  package static func escape(_ text: String) -> String {
    var escaped = ""
    escaped.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "'": escaped += "&#39;"
      case "\t", "\n": escaped.unicodeScalars.append(scalar)
      case "\u{0}"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{fffe}", "\u{ffff}": break
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// A coordinate in as few characters as hold it to a hundredth of a pixel.
  ///
  /// Far outside any figure it is clamped: renderers hold coordinates in single precision.
  static func number(_ value: Double) -> String {
    let hundredths = Int((min(max(value, -1e6), 1e6) * 100).rounded())
    let sign = hundredths < 0 ? "-" : ""
    let (whole, fraction) = hundredths.magnitude.quotientAndRemainder(dividingBy: 100)
    if fraction == 0 { return "\(sign)\(whole)" }
    if fraction % 10 == 0 { return "\(sign)\(whole).\(fraction / 10)" }
    return "\(sign)\(whole).\(fraction < 10 ? "0" : "")\(fraction)"
  }

  /// A PNG as an address that carries its own data.
  static func address(ofPNG png: Data) -> String {
    "data:image/png;base64,\(png.base64EncodedString())"
  }
}
