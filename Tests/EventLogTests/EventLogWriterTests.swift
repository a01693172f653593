import Foundation
import Testing

@testable import EventLog

@Suite struct EventLogWriterTests {
  @Test func readsBackWhatWasWritten() throws {
    try withTemporaryFolder { folder in
      let writer = try EventLogWriter(directory: folder, resumedStep: 10)
      let png = Data(EventEncodingTests.png)
      writer.scalar("loss", value: 0.25, step: 10, wallTime: 5)
      writer.histogram("weights", values: [0, 4], step: 11, buckets: 2, wallTime: 6)
      writer.image("digit", png: png, width: 2, height: 1, step: 12, wallTime: 7)
      writer.text("note", "hello", step: 13, wallTime: 8)
      try writer.close()
      var reader = try EventLogReader(file: writer.url)
      let events = try reader.events()
      #expect(events[0].contents == [.fileVersion("brain.Event:2")])
      #expect(abs(events[0].wallTime - Date().timeIntervalSince1970) < 60)
      #expect(events[1].contents == [.sessionStart])
      #expect(events[1].step == 10)
      #expect(
        Array(events[2...]) == [
          Event(wallTime: 5, step: 10, contents: [.scalar(tag: "loss", value: 0.25)]),
          Event(
            wallTime: 6, step: 11,
            contents: [.histogram(tag: "weights", minimum: 0, limits: [2, 4], counts: [1, 1])]),
          Event(
            wallTime: 7, step: 12,
            contents: [.image(tag: "digit", png: png, width: 2, height: 1)]),
          Event(wallTime: 8, step: 13, contents: [.text(tag: "note", "hello")]),
        ])
    }
  }

  @Test func everyOpeningMakesANewFile() throws {
    try withTemporaryFolder { folder in
      let writers = try (0..<5).map { _ in try EventLogWriter(directory: folder) }
      #expect(Set(writers.map(\.url.lastPathComponent)).count == 5)
      for writer in writers {
        #expect(writer.url.lastPathComponent.hasPrefix("events.out.tfevents."))
        try writer.close()
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == 5)
    }
  }

  /// TensorBoard reads in the order of names: a file that goes on with another has to come after it, also in
  /// the same second and after the clock was set back.
  @Test func laterFilesSortLater() throws {
    try withTemporaryFolder { folder in
      try Data().write(to: folder.appendingPathComponent("events.out.tfevents.4000000000.a.9.0"))
      try Data().write(to: folder.appendingPathComponent("events.out.tfevents.x.a.9.0"))
      let names = try (0..<12).map { _ in
        let writer = try EventLogWriter(directory: folder)
        try writer.close()
        return writer.url.lastPathComponent
      }
      #expect(names == names.sorted())
      #expect(names[0].hasPrefix("events.out.tfevents.4000000001."))
    }
  }

  @Test func nestedFoldersAreMade() throws {
    try withTemporaryFolder { folder in
      let nested = folder.appendingPathComponent("runs/mnist/1")
      try EventLogWriter(directory: nested).close()
      #expect(try FileManager.default.contentsOfDirectory(atPath: nested.path).count == 1)
    }
  }

  @Test func valuesWaitInTheBufferUntilFlushed() throws {
    try withTemporaryFolder { folder in
      let writer = try EventLogWriter(directory: folder)
      writer.scalar("loss", value: 1, step: 1)
      var before = try EventLogReader(file: writer.url)
      #expect(try before.records().count == 1)
      try writer.flush()
      var after = try EventLogReader(file: writer.url)
      #expect(try after.records().count == 2)
    }
  }

  @Test func manyValuesReachTheFileWithoutFlush() throws {
    try withTemporaryFolder { folder in
      let writer = try EventLogWriter(directory: folder)
      for step in 0..<5000 { writer.scalar("loss", value: 1, step: step) }
      let size = try Data(contentsOf: writer.url).count
      #expect(size > 100_000)
      try writer.close()
      try writer.close()
      var reader = try EventLogReader(file: writer.url)
      #expect(try reader.records().count == 5001)
    }
  }

  @Test func folderUnderAFile() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("file")
      try Data().write(to: file)
      let wanted = file.appendingPathComponent("run")
      let error = #expect(throws: EventLogError.self) { try EventLogWriter(directory: wanted) }
      #expect(error?.errno == ENOTDIR)
      #expect(error?.path == wanted.path)
      #expect(error?.description == "\(wanted.path): cannot make the folder: Not a directory")
      #expect(error?.localizedDescription == error?.description)
    }
  }

  @Test func fileInTheFoldersPlace() throws {
    try withTemporaryFolder { folder in
      let file = folder.appendingPathComponent("file")
      try Data().write(to: file)
      let error = #expect(throws: EventLogError.self) { try EventLogWriter(directory: file) }
      #expect(error?.description == "\(file.path): cannot make the folder: File exists")
    }
  }

  /// Linux's `/dev/full` refuses every byte, as a full disk does.
  @Test(.enabled(if: FileManager.default.fileExists(atPath: "/dev/full")))
  func fullDisk() throws {
    try withTemporaryFolder { folder in
      let writer = try EventLogWriter(directory: folder)
      let descriptor = try #require(openDescriptor(of: writer.url))
      let full = open("/dev/full", O_WRONLY)
      dup2(full, descriptor)
      close(full)
      for step in 0..<5000 { writer.scalar("loss", value: 1, step: step) }
      let message = "\(writer.url.path): cannot write the event file: No space left on device"
      for _ in 0..<2 {
        let error = #expect(throws: EventLogError.self) { try writer.flush() }
        #expect(error?.errno == ENOSPC)
        #expect(error?.description == message)
      }
      // Room again: what was kept goes on where it stopped, and no record is torn.
      let file = open(writer.url.path, O_WRONLY | O_APPEND)
      dup2(file, descriptor)
      close(file)
      try writer.close()
      var reader = try EventLogReader(file: writer.url)
      #expect(try reader.records().count == 5001)
    }
  }

  @Test func loggingAfterClosingStops() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      let writer = try EventLogWriter(
        directory: FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID())"))
      try FileManager.default.removeItem(at: writer.url.deletingLastPathComponent())
      try writer.close()
      writer.scalar("loss", value: 1, step: 1)
    }
    // This room stands alone, and stops as the standard library does.
    let printed = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    #expect(printed.contains(" is closed; open a new one to log more"))
  }

  private func openDescriptor(of url: URL) -> Int32? {
    (3..<256).first { descriptor in
      let link = "/proc/self/fd/\(descriptor)"
      return (try? FileManager.default.destinationOfSymbolicLink(atPath: link)) == url.path
    }
  }
}
