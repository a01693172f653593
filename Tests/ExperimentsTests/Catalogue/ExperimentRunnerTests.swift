import Datasets
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

  /// A name says which file is meant.
  @Test func noTwoPublishedFilesHaveTheSameName() {
    let names = DataCatalogue.sources.flatMap(\.files).map(\.name)
    #expect(Set(names).count == names.count)
  }
}
