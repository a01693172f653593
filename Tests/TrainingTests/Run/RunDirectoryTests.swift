import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct RunDirectoryTests {
  private struct Value: Codable, Equatable {
    var batchSize = 16
    var learningRate = 0.1
    var metrics = ["train_loss": 0.5, "test_accuracy": 0.25, "aUC": 1]
    var worst = -Double.infinity
    var dataFiles = ["a/b"]
  }

  @Test func placesInTheFolder() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let names = [
      run.configuration, run.environment, run.metrics, run.result, run.report, run.checkpoints,
    ].map { $0.path.replacingOccurrences(of: run.folder.path + "/", with: "") }
    #expect(
      names == [
        "configuration.json", "environment.json", "metrics.jsonl", "result.json", "report.html",
        "checkpoints",
      ])
  }

  @Test func takesAwayWhatWasSaidOfAnEarlierEnd() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    try FileManager.default.createDirectory(at: run.figures, withIntermediateDirectories: true)
    let kept = [run.figures.appendingPathComponent("notes.txt")]
    let gone = [run.result, run.report, run.figures.appendingPathComponent("training-1.svg")]
    for file in kept + gone { try Data().write(to: file) }
    try run.removeResult()
    #expect(kept.allSatisfy { FileManager.default.fileExists(atPath: $0.path) })
    #expect(!gone.contains { FileManager.default.fileExists(atPath: $0.path) })
    try run.removeResult()
  }

  /// What is not the run's is not removed with all that is in it.
  @Test func aFolderInThePlaceOfTheReportStays() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let inside = run.report.appendingPathComponent("x")
    try FileManager.default.createDirectory(at: inside, withIntermediateDirectories: true)
    expectError(.cannotWrite, "\(run.report.path): cannot be removed: Is a directory") {
      try run.removeResult()
    }
    #expect(FileManager.default.fileExists(atPath: inside.path))
  }

  @Test func makesTheFoldersAbove() throws {
    let folder = try TemporaryFolder()
    let run = try RunDirectory(creating: folder.file("a/b/c"))
    var isFolder: ObjCBool = false
    #expect(FileManager.default.fileExists(atPath: run.folder.path, isDirectory: &isFolder))
    #expect(isFolder.boolValue)
  }

  @Test func doesNotWriteOverARun() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    try run.write(Value(), to: run.configuration)
    expectError(
      .usage,
      "\(run.folder.path): holds a run already; go on with it (--resume) or name another folder "
        + "(--output)"
    ) { _ = try RunDirectory(creating: run.folder) }
  }

  @Test func doesNotTakeOverCheckpoints() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    for name in ["step-9", "step-10", ".partial"] {
      let checkpoint = run.checkpoints.appendingPathComponent(name)
      try FileManager.default.createDirectory(at: checkpoint, withIntermediateDirectories: true)
    }
    expectError(
      .usage,
      "\(run.folder.path): holds a checkpoint of another run (checkpoints/step-10) without its "
        + "configuration.json; remove it or name another folder (--output)"
    ) { _ = try RunDirectory(creating: run.folder) }
  }

  @Test func belowAFileNoFolderCanBeMade() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: folder.file("file"))
    let place = folder.file("file/run")
    expectError(.cannotWrite, "\(place.path): cannot make this folder: Not a directory") {
      _ = try RunDirectory(creating: place)
    }
  }

  @Test func opensOnlyRuns() throws {
    let folder = try TemporaryFolder()
    let missing = folder.file("nothing")
    expectError(.noInput, "\(missing.path): there is no such run folder") {
      _ = try RunDirectory(opening: missing)
    }
    let run = try folder.run()
    expectError(
      .noInput, "\(run.folder.path): is not the folder of a run: it has no configuration.json"
    ) { _ = try RunDirectory(opening: run.folder) }
    try run.write(Value(), to: run.configuration)
    expectError(.noInput, "\(run.configuration.path): there is no such run folder") {
      _ = try RunDirectory(opening: run.configuration)
    }
    #expect(try RunDirectory(opening: run.folder).folder.path == run.folder.path)
  }

  /// Properties are in snake case; the keys of a dictionary are data and stay as they are.
  @Test func jsonThereAndBack() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    let file = folder.file("value.json")
    try run.write(Value(), to: file)
    #expect(
      try text(of: file) == """
        {
          "batch_size" : 16,
          "data_files" : [
            "a/b"
          ],
          "learning_rate" : 0.1,
          "metrics" : {
            "aUC" : 1,
            "test_accuracy" : 0.25,
            "train_loss" : 0.5
          },
          "worst" : "-inf"
        }

        """)
    #expect(try RunDirectory.read(Value.self, from: file) == Value())
  }

  @Test(arguments: [
    ("{", "byte 1: expected a string for a key of an object, found the end"),
    (#"{"batch_size":16}"#, "expected the key learning_rate, found none"),
    (
      #"{"batch_size":"16","learning_rate":1,"metrics":{},"worst":1,"data_files":[]}"#,
      "expected Int for batch_size, found something else"
    ),
    (
      #"{"batch_size":16,"learning_rate":1,"metrics":{"train_loss":[]},"worst":1,"data_files":[]}"#,
      "expected Double for metrics.train_loss, found something else"
    ),
    (
      #"{"batch_size":16,"learning_rate":null,"metrics":{},"worst":1,"data_files":[]}"#,
      "expected Double for learning_rate, found something else"
    ),
  ])
  func damagedJSON(json: String, message: String) throws {
    let folder = try TemporaryFolder()
    let file = folder.file("value.json")
    try Data(json.utf8).write(to: file)
    expectError(.badData, "\(file.path): \(message)") {
      _ = try RunDirectory.read(Value.self, from: file)
    }
  }

  @Test func missingJSON() throws {
    let folder = try TemporaryFolder()
    expectError(.noInput, "\(folder.path)/value.json: cannot be opened: No such file or directory")
    {
      _ = try RunDirectory.read(Value.self, from: folder.file("value.json"))
    }
  }

  @Test func newFolderIsNamedByDateAndTime() throws {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.dateFormat = "yyyy-MM-dd HH:mm:ss"
    let date = try #require(format.date(from: "2031-02-03 04:05:06"))
    let parent = try TemporaryFolder()
    let names = try (0..<3).map { _ in
      let run = try RunDirectory(creatingFor: "mnist-mlp", below: parent.path, now: date)
      return run.folder.path
    }
    #expect(
      names
        == ["", "-2", "-3"].map { "\(parent.path)/runs/mnist-mlp-20310203-040506\($0)" })
  }

  /// Each has a folder of its own, and none removes what another only just made.
  @Test func manyBeginAtTheSameMoment() throws {
    let parent = try TemporaryFolder()
    let date = Date()
    let found = Mutex<[Result<String, any Error>]>([])
    DispatchQueue.concurrentPerform(iterations: 24) { _ in
      let result = Result {
        let run = try RunDirectory(creatingFor: "toy", below: parent.path, now: date)
        try run.prepareToGoOn()
        return run.folder.path
      }
      found.withLock { $0.append(result) }
    }
    let folders = try found.withLock { try $0.map { try $0.get() } }
    #expect(Set(folders).count == 24)
    let shared = try RunDirectory(creating: parent.file("runs"))
    let errors = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 24) { _ in
      do { for _ in 0..<20 { try shared.prepareToGoOn() } } catch { errors.withLock { $0 += 1 } }
    }
    #expect(errors.withLock { $0 } == 0)
  }

  /// What was there before is not taken away, and what was made is, as far as nothing is in it.
  @Test func takesAwayOnlyWhatItMade() throws {
    let files = FileManager.default
    let parent = try TemporaryFolder()
    try RunDirectory(creating: parent.url).removeIfEmpty()
    #expect(files.fileExists(atPath: parent.path))
    let deep = parent.file("a/b/run")
    let run = try RunDirectory(creating: deep)
    #expect(files.fileExists(atPath: deep.path))
    run.removeIfEmpty()
    #expect(!files.fileExists(atPath: parent.file("a").path))
    let full = try RunDirectory(creating: deep)
    try Data("x".utf8).write(to: full.metrics)
    full.removeIfEmpty()
    #expect(files.fileExists(atPath: full.metrics.path))
    try RunDirectory(creatingFor: "toy", below: parent.path).removeIfEmpty()
    #expect(!files.fileExists(atPath: parent.file("runs").path))
  }
}
