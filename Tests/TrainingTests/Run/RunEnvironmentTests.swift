import Figures
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite struct RunEnvironmentTests {
  @Test func thereAndBack() throws {
    let folder = try TemporaryFolder()
    let run = try folder.run()
    var environment = RunEnvironment.current(
      data: "digits", dataFiles: [.init(name: "a.gz", sha256: "00ff")])
    // The file has whole seconds.
    environment.started = Date(timeIntervalSince1970: 1_700_000_000)
    try run.write(environment, to: run.environment)
    #expect(try RunDirectory.read(RunEnvironment.self, from: run.environment) == environment)

    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: run.environment))
    let json = try #require(object as? [String: Any])
    #expect(
      json.keys.sorted() == [
        "compiler", "cores", "data", "data_files", "is_optimized", "onednn", "processor", "started",
        "system", "threads", "vector_target", "version",
      ])
    #expect(json["started"] as? String == "2023-11-14T22:13:20Z")
    #expect(json["data_files"] as? [[String: String]] == [["name": "a.gz", "sha256": "00ff"]])
  }

  /// Each process that goes on is noted, and told from the one before it.
  @Test func processesThatGoOn() throws {
    var begun = RunEnvironment.current(data: "digits")
    begun.started = Date(timeIntervalSince1970: 1_700_000_000)
    begun.threads = 2
    begun.vectorTarget = "AVX2"
    var next = begun
    #expect(begun.changes(in: next).isEmpty)
    next.started = Date(timeIntervalSince1970: 1_700_000_100)
    next.threads = 1
    next.vectorTarget = "AVX3"
    #expect(begun.changes(in: next) == ["threads 1 (2 before)", "vectors AVX-512 (AVX2 before)"])
    let resumed = begun.resumed(at: 30, in: next)
    #expect(resumed.started == begun.started && resumed.threads == 2)
    #expect(resumed.changes(in: next).isEmpty)
    #expect(
      resumed.changes(in: begun) == ["threads 2 (1 before)", "vectors AVX2 (AVX-512 before)"])
    let again = resumed.resumed(at: 70, in: next)
    #expect(again.resumptions?.map(\.step) == [30, 70])
    #expect(again.resumptions?.map(\.threads) == [1, 1])

    let folder = try TemporaryFolder()
    let run = try folder.run()
    try run.write(again, to: run.environment)
    #expect(try RunDirectory.read(RunEnvironment.self, from: run.environment) == again)
    let html = Report(title: "t", sections: [RunReport.provenance(again, configuration: "")]).html()
    #expect(html.contains("30, 70"))
    #expect(html.contains("step 30: threads 1 (2 before), vectors AVX-512 (AVX2 before)"))
    let section = RunReport.provenance(begun, configuration: "")
    #expect(!Report(title: "t", sections: [section]).html().contains("gone on with"))
  }

  /// Where a process computes as the one before it did, nothing is said, however the run began.
  @Test func onlyChangesAreTold() {
    var first = RunEnvironment.current(data: "digits")
    first.threads = 2
    var second = first
    second.threads = 1
    func html(_ processes: [RunEnvironment]) -> String {
      let environment = processes.enumerated().reduce(first) { $0.resumed(at: $1.0, in: $1.1) }
      return Report(
        title: "t", sections: [RunReport.provenance(environment, configuration: "")]
      ).html()
    }
    #expect(
      html([first, second, second, first]).contains(
        "<td>step 1: threads 1 (2 before); step 3: threads 2 (1 before)</td>"))
    let many = html([RunEnvironment](repeating: first, count: 11))
    #expect(many.contains("<td>0, 1, 2, 3, 4, 5, 6, 7, 8, 9, …</td>"))
    #expect(!many.contains("otherwise than before"))
    #expect(!html([RunEnvironment](repeating: first, count: 10)).contains("…"))
  }

  @Test func saysWhereItRan() {
    let environment = RunEnvironment.current(data: "digits")
    #expect(environment.version == adjointVersion)
    #expect(environment.threads >= 1 && environment.threads <= environment.cores)
    #expect(environment.dataFiles.isEmpty)
    #expect(!environment.processor.isEmpty && !environment.system.isEmpty)
    #expect(environment.onednn.split(separator: ".").count == 3)
    #expect(abs(environment.started.timeIntervalSinceNow) < 60)
  }
}
