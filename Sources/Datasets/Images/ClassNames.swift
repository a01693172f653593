import Foundation
import Tensors

/// What the classes of a network are called: a text file with a name in each line, in the order of its outputs, as
/// `imagenet_classes.txt` is.
public enum ClassNames {
  /// Reads a file of UTF-8 for a network of so many classes.
  ///
  /// Throws no input where it cannot be opened; bad data, naming the line, where a name is missing or no UTF-8, or where
  /// there are not as many as classes.
  public static func load(_ file: URL, count: Int) throws -> [String] {
    func fault(_ line: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(.badData, "\(file.path): line \(line): expected \(expected), found \(found)")
    }
    let classes = "a name for each of \(count) classes"
    var lines = TextLines(try InputFile.bytes(of: file))
    var names: [String] = []
    while let line = lines.next() {
      let number = names.count + 1
      guard number <= count else { throw fault(number, classes, "more") }
      guard !line.isEmpty else { throw fault(number, "a name", "an empty line") }
      guard let name = String(validating: line, as: UTF8.self) else {
        throw fault(number, "a name in UTF-8", "other bytes")
      }
      names.append(name)
    }
    guard names.count == count else {
      throw fault(names.count + 1, classes, "the end of the file")
    }
    return names
  }
}
