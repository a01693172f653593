import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct PartFileTests {
  private let folder: TemporaryFolder
  private var place: URL { folder.file("set.gz") }

  init() throws { folder = try TemporaryFolder() }

  @Test func eachHasAName() throws {
    let parts = try (0..<2).map { _ in try PartFile(for: place) }
    let names = parts.map(\.url.lastPathComponent)
    #expect(names.allSatisfy { $0.wholeMatch(of: /set\.gz\.[0-9a-f]{16}\.part/) != nil })
    #expect(try Set(folder.contents) == Set(names) && names[0] != names[1])
    parts.forEach { $0.close() }
    #expect(try folder.contents == [])
  }

  @Test func comesToItsPlace() throws {
    try folder.write([9], "set.gz")
    let part = try PartFile(for: place)
    try part.write([1, 2, 3])
    try part.clear()
    try part.write([4, 5, 6].dropFirst())
    #expect(try Data(contentsOf: place) == Data([9]))
    try part.putInPlace()
    part.close()
    #expect(try folder.contents == ["set.gz"])
    #expect(try Data(contentsOf: place) == Data([5, 6]))
  }

  @Test func whatTheDeadLeftIsRemoved() throws {
    try folder.write([1, 2], "set.gz.0123456789abcdef.part")
    try folder.write([3], "set.gz")
    PartFile.removeLeftovers(of: place)
    #expect(try folder.contents == ["set.gz"])
    try folder.write([1, 2], "set.gz.0123456789abcdef.part")
    try PartFile(for: place).close()
    #expect(try folder.contents == ["set.gz"])
  }

  /// A process of which only the lock tells, as of one in another container.
  @Test func whatTheLivingWriteStays() throws {
    let part = try PartFile(for: place)
    let theirs = try folder.write([1], "set.gz.0123456789abcdef.part")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["sh", "-c", #"exec 9<"$0" && flock 9 && echo && cat"#, theirs.path]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    _ = try output.fileHandleForReading.read(upToCount: 1)
    PartFile.removeLeftovers(of: place)
    #expect(
      try Set(folder.contents) == [part.url.lastPathComponent, "set.gz.0123456789abcdef.part"])
    try input.fileHandleForWriting.close()
    process.waitUntilExit()
    PartFile.removeLeftovers(of: place)
    #expect(try folder.contents == [part.url.lastPathComponent])
    part.close()
  }

  @Test func whatIsNoneOfItsNamesStays() throws {
    let digits = "0123456789abcdef"
    let names = [
      "other.gz.\(digits).part", "set.gz.\(digits)", "set.gz.\(digits).part.gz", "set.gz.part",
      "set.gz..part", "set.gz.\(digits).\(digits).part", "set.gz.\(digits)0.part",
      "set.gz.0123456789abcde.part", "set.gz.0123456789abcdeg.part",
      "set.gz.0123456789ABCDEF.part", "set.gz.27182.part", "my.set.gz.\(digits).part",
      "set.\(digits).part",
    ]
    for name in names { try folder.write([1], name) }
    PartFile.removeLeftovers(of: place)
    #expect(try Set(folder.contents) == Set(names))
  }

  @Test func aFolderThatIsMissing() throws {
    let place = folder.file("absent/set.gz")
    PartFile.removeLeftovers(of: place)
    #expect(try folder.contents == [])
    expectError(.cannotWrite, "\(place.path): cannot be written: No such file or directory") {
      _ = try PartFile(for: place)
    }
  }
}
