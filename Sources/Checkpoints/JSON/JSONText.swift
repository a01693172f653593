/// JSON strings: what files are written with, and how errors show what they found.
package enum JSONText {
  /// A string literal; everything from the space upwards stands for itself.
  package static func quoted(_ string: String) -> String {
    var text = "\""
    for scalar in string.unicodeScalars {
      switch scalar {
      case "\"": text += "\\\""
      case "\\": text += "\\\\"
      case "\u{08}": text += "\\b"
      case "\u{09}": text += "\\t"
      case "\u{0A}": text += "\\n"
      case "\u{0C}": text += "\\f"
      case "\u{0D}": text += "\\r"
      case _ where scalar.value < 0x20: text += escaped(scalar)
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text + "\""
  }

  /// A name from a file as an error shows it: short, on one line, and without what moves a terminal's cursor.
  static func shown(_ name: String) -> String {
    let limit = 80
    let cut = name.unicodeScalars.prefix(limit)
    var text = ""
    for scalar in cut {
      switch scalar.properties.generalCategory {
      case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
        text += scalar.value <= 0xFFFF ? escaped(scalar) : "\u{FFFD}"
      default: text += scalar == "\"" ? "\\\"" : scalar == "\\" ? "\\\\" : String(scalar)
      }
    }
    return "\"\(text)\(cut.endIndex == name.unicodeScalars.endIndex ? "" : "…")\""
  }

  /// A byte as an error shows it; `nil` is the end.
  static func shown(byte: UInt8?) -> String {
    guard let byte else { return "the end" }
    guard (0x21..<0x7F).contains(byte) else { return "the byte 0x\(hexadecimal(UInt32(byte), 2))" }
    return "\"\(Character(UnicodeScalar(byte)))\""
  }

  private static func escaped(_ scalar: Unicode.Scalar) -> String {
    "\\u" + hexadecimal(scalar.value, 4)
  }

  private static func hexadecimal(_ number: UInt32, _ width: Int) -> String {
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: width - digits.count) + digits
  }
}
