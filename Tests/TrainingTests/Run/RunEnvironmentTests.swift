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
