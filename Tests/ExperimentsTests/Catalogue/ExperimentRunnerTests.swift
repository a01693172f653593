import Datasets
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct ExperimentRunnerTests {
  /// What `sha256sum` says of the file that its publisher offers.
  private let images = RunEnvironment.DataFile(
    name: "train-images-idx3-ubyte.gz",
    sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609")
  private let other = String(repeating: "0", count: 64)

  @Test func publishedFilesAreNotMentioned() {
    #expect(ExperimentRunner.unpublished([]) == [])
    #expect(ExperimentRunner.unpublished([images]) == [])
  }

  @Test func filesWithAPublishedNameAre() {
    let labels = RunEnvironment.DataFile(name: "t10k-labels-idx1-ubyte.gz", sha256: other)
    #expect(
      ExperimentRunner.unpublished([.init(name: images.name, sha256: other), images, labels]) == [
        "train-images-idx3-ubyte.gz: is not the published file: expected SHA-256 \(images.sha256), "
          + "found \(other)",
        "t10k-labels-idx1-ubyte.gz: is not the published file: expected SHA-256 "
          + "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6, found \(other)",
      ])
  }

  /// Own files, unpacked ones, and those of which nobody states a sum.
  @Test(arguments: ["mine.gz", "", "train-images-idx3-ubyte", "data_batch_1.bin"])
  func filesThatNobodyStatesASumOfAreNot(name: String) {
    #expect(ExperimentRunner.unpublished([.init(name: name, sha256: other)]) == [])
  }

  @Test func publishedFilesWithoutASumAreNot() throws {
    let files = DataCatalogue.sources.flatMap(\.files).filter { $0.sha256 == nil }
    #expect(!files.isEmpty)
    for file in files {
      #expect(ExperimentRunner.unpublished([.init(name: file.name, sha256: other)]) == [])
    }
  }

  /// A run that is gone on with notes what it was asked to at first, unless it is asked otherwise.
  @Test func whatIsNotedStays() throws {
    let folder = try TemporaryFolder()
    var request = ExperimentRunner.Request(data: folder.noData)
    request.output = folder.file("run")
    request.isQuiet = true
    request.options.tracking = try TrackingOptions("norms", interval: 1)
    request.options.pause = .steps(4)
    let run = URL(fileURLWithPath: try ExperimentRunner.train("two-layer-toy", request).run)
    func goOn(_ tracking: TrackingOptions?, to steps: Int) throws -> TrackingOptions? {
      var next = ExperimentRunner.Request(data: folder.noData)
      next.resume = run
      next.isQuiet = true
      next.options.tracking = tracking
      next.options.pause = .steps(steps)
      _ = try ExperimentRunner.train("two-layer-toy", next)
      return try RunDirectory.read(
        SavedConfiguration<TwoLayerToyConfiguration>.self,
        from: run.appendingPathComponent("configuration.json")
      ).tracking
    }
    func eventFilesWithNorms() throws -> Int {
      try FileManager.default.contentsOfDirectory(atPath: run.path).filter {
        $0.hasPrefix("events.out.tfevents.")
      }.count { name in
        let bytes = try Data(contentsOf: run.appendingPathComponent(name))
        return bytes.firstRange(of: Data("norm/weight".utf8)) != nil
      }
    }
    #expect(try goOn(nil, to: 6) == request.options.tracking)
    #expect(try eventFilesWithNorms() == 2)
    #expect(try goOn(TrackingOptions.none, to: 8) == TrackingOptions.none)
    #expect(try eventFilesWithNorms() == 2)

    let file = run.appendingPathComponent("configuration.json")
    let text = try String(contentsOf: file, encoding: .utf8)
      .replacing("\"norms\" : false", with: "\"norms\" : true, \"interval\" : 0")
    try Data(text.utf8).write(to: file)
    expectError(
      .badData, "\(file.path): tracking.interval: expected at least 1 step, found 0"
    ) { _ = try goOn(nil, to: 10) }
  }

  /// A name says which file is meant.
  @Test func noTwoPublishedFilesHaveTheSameName() {
    let names = DataCatalogue.sources.flatMap(\.files).map(\.name)
    #expect(Set(names).count == names.count)
  }
}
