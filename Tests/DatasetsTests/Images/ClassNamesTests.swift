import Datasets
import Foundation
import TestSupport
import Testing

@Suite struct ClassNamesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  private func names(_ bytes: [UInt8], _ count: Int) throws -> [String] {
    try ClassNames.load(folder.write(bytes, "names.txt"), count: count)
  }

  @Test(arguments: [
    "tench\ngreat white shark\nécrevisse\n", "tench\r\ngreat white shark\r\nécrevisse",
    "\u{FEFF}tench\ngreat white shark\nécrevisse",
  ])
  func aNameInEachLine(text: String) throws {
    #expect(try names(Array(text.utf8), 3) == ["tench", "great white shark", "écrevisse"])
  }

  @Test(arguments: [
    (
      Array("a\nb\n".utf8),
      "line 3: expected a name for each of 3 classes, found the end of the file"
    ),
    (Array("a\nb\nc\nd".utf8), "line 4: expected a name for each of 3 classes, found more"),
    (Array("a\n\nc".utf8), "line 2: expected a name, found an empty line"),
    ([97, 10, 98, 0xFF], "line 2: expected a name in UTF-8, found other bytes"),
    ([], "line 1: expected a name for each of 3 classes, found the end of the file"),
  ])
  func whatIsWrongIsNamed(bytes: [UInt8], words: String) {
    expectError(.badData, "\(folder.path)/names.txt: \(words)") { _ = try names(bytes, 3) }
  }

  @Test func noFile() {
    expectError(.noInput, "\(folder.path)/names.txt: cannot be opened: No such file or directory") {
      _ = try ClassNames.load(folder.file("names.txt"), count: 1)
    }
  }
}
