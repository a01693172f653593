import Foundation
import Testing

/// `adjoint check` holds the tape against gradients by hand, which must not be the tape's own.
@Suite struct ByHandTests {
  /// The files that may ask the tape: the one that is asked, and the check that compares what it says.
  static let tape: Set = ["Gradients.swift", "GradientCheck.swift"]

  @Test(arguments: ["Tensors", "Layers"])
  func gradientsByHandDoNotAskTheTape(room: String) throws {
    let files = try ImportTests().swiftFiles(in: room)
    let asking = try files.filter { file in
      try String(contentsOf: file, encoding: .utf8).split(separator: "\n").contains { line in
        line.contains("valueWithGradient")
          && !line.trimmingPrefix(while: \.isWhitespace).hasPrefix("//")
      }
    }
    #expect(Set(asking.map(\.lastPathComponent)) == (room == "Tensors" ? Self.tape : []))
  }
}
