import Foundation
import TestSupport
import Testing

/// The inputs that the fuzzers have found worth keeping, read once more: none stops the process, and each is either
/// read or refused in the reader's own words.
@Suite struct CorpusTests {
  static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Soak/Fuzzing/Corpus")

  @Test(arguments: FileReaders.all.map(\.name))
  func inputs(name: String) throws {
    let reader = try #require(FileReaders.all.first { $0.name == name })
    let place = Self.folder.appendingPathComponent(name)
    let files = try FileManager.default.contentsOfDirectory(atPath: place.path).sorted()
    #expect(!files.isEmpty)
    var wasRead = 0
    for file in files {
      let bytes = [UInt8](try Data(contentsOf: place.appendingPathComponent(file)))
      let clock = ContinuousClock()
      let start = clock.now
      let peak = try peakMemory {
        do {
          try FileReaders.read(bytes, with: reader)
          wasRead += 1
        } catch let error where FileReaders.isRefusal(error) {}
      }
      #expect(clock.now - start < .seconds(5), "\(file)")
      #expect(peak ?? 0 < 4 * bytes.count + 64_000_000, "\(file)")
    }
    // What the program's own writers wrote is among them.
    #expect(wasRead > 0)
  }
}
