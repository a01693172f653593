import Foundation
import TestSupport
import Testing

@testable import Datasets

@Suite struct PartFileTests {
  private let folder: TemporaryFolder
  private var place: URL { folder.file("set.gz") }

  init() throws { folder = try TemporaryFolder() }

  /// The number of a process that is no more.
  private func deadProcess() throws -> Int32 {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["true"]
    try process.run()
    process.waitUntilExit()
    return process.processIdentifier
  }

  @Test func eachProcessHasItsOwn() throws {
    let name = PartFile.url(for: place).lastPathComponent
    #expect(name == "set.gz.\(ProcessInfo.processInfo.processIdentifier).part")
  }

  @Test func whatTheDeadLeftIsRemoved() throws {
    let dead = try deadProcess()
    try folder.write([1, 2], "set.gz.\(dead).part")
    try folder.write([3], "set.gz")
    PartFile.removeLeftovers(of: place)
    #expect(try folder.contents == ["set.gz"])
    PartFile.removeLeftovers(of: place)
    #expect(try folder.contents == ["set.gz"])
  }

  /// The first process is there for as long as the machine runs, and others may not send it a signal.
  @Test func whatTheLivingWriteStays() throws {
    let names = [1, ProcessInfo.processInfo.processIdentifier].map { "set.gz.\($0).part" }
    for name in names { try folder.write([1], name) }
    PartFile.removeLeftovers(of: place)
    #expect(try Set(folder.contents) == Set(names))
  }

  @Test func whatIsNoneOfItsNamesStays() throws {
    let dead = try deadProcess()
    let names = [
      "other.gz.\(dead).part", "set.gz.\(dead)", "set.gz.\(dead).part.gz", "set.gz.part",
      "set.gz..part", "set.gz.\(dead).\(dead).part", "set.gz.\(dead)x.part", "set.gz.+\(dead).part",
      "set.gz.-\(dead).part", "set.gz.0\(dead).part", "set.gz.0.part", "set.gz.99999999999.part",
      "my.set.gz.\(dead).part", "set.\(dead).part",
    ]
    for name in names { try folder.write([1], name) }
    PartFile.removeLeftovers(of: place)
    #expect(try Set(folder.contents) == Set(names))
  }

  @Test func aFolderThatIsMissingHasNone() throws {
    PartFile.removeLeftovers(of: folder.file("absent/set.gz"))
    #expect(try folder.contents == [])
  }
}
