import Foundation
import Testing

#if canImport(FoundationXML)
  import FoundationXML
#endif
@testable import Figures

/// The elements of a document in order, each with its attributes and the text right inside it.
final class XMLElements: NSObject, XMLParserDelegate {
  struct Element {
    let name: String
    let attributes: [String: String]
    var text = ""

    subscript(_ attribute: String) -> String? { attributes[attribute] }
    func number(_ attribute: String) -> Double? { attributes[attribute].flatMap(Double.init) }
    func hasClass(_ name: String) -> Bool {
      (attributes["class"] ?? "").split(separator: " ").contains { $0 == name }
    }
  }

  private(set) var elements: [Element] = []
  private var open: [Int] = []

  /// Fails where the document is not well-formed.
  init(_ document: String) throws {
    super.init()
    let parser = XMLParser(data: Data(document.utf8))
    parser.delegate = self
    try #require(parser.parse(), "line \(parser.lineNumber): not well-formed")
  }

  func all(_ name: String) -> [Element] { elements.filter { $0.name == name } }
  var texts: [String] { all("text").map(\.text) }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
    qualifiedName: String?, attributes: [String: String]
  ) {
    open.append(elements.count)
    elements.append(Element(name: name, attributes: attributes))
  }

  func parser(
    _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
  ) {
    open.removeLast()
  }

  func parser(_ parser: XMLParser, foundCharacters text: String) {
    if let last = open.last { elements[last].text += text }
  }
}

/// The points of a path made of absolute moves and lines.
func points(ofPath path: String) -> [[(x: Double, y: Double)]] {
  path.split(separator: "M").map { run in
    run.split { "Lh".contains($0) }.compactMap { pair in
      let numbers = pair.split(separator: " ").compactMap { Double($0) }
      return numbers.count == 2 ? (numbers[0], numbers[1]) : nil
    }
  }
}

func bytes(hex: String) -> [UInt8] {
  let digits = hex.compactMap(\.hexDigitValue)
  return stride(from: 0, to: digits.count, by: 2).map { (i: Int) -> UInt8 in
    UInt8(digits[i] << 4 | digits[i + 1])
  }
}
