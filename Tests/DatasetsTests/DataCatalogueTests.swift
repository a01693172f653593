import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct DataCatalogueTests {
  @Test func theNamesThereAre() throws {
    let names = DataCatalogue.sources.map(\.name)
    #expect(names.prefix(5) == ["mnist", "cifar10", "cifar100", "drawn-digits", "ett"])
    #expect(Set(names).count == names.count && names.contains("organsmnist_224"))
    #expect(try DataCatalogue.source(named: "mnist").files.count == 4)
    expectError(
      .usage,
      """
      there is no data set named mnits; did you mean mnist? (there are bloodmnist, breastmnist, chestmnist, \
      cifar10, cifar100, dermamnist, drawn-digits, ett, mnist, octmnist, organamnist, organcmnist, \
      organsmnist, pathmnist, pneumoniamnist, retinamnist, tissuemnist)
      """
    ) { _ = try DataCatalogue.source(named: "mnits") }
  }

  @Test(arguments: DataCatalogue.sources.flatMap(\.files).map(\.name))
  func checksumsHaveTheirLengths(name: String) throws {
    let file = try #require(DataCatalogue.sources.flatMap(\.files).first { $0.name == name })
    #expect(file.md5.count == 32 && file.sha256.map { $0.count == 64 } ?? true)
    #expect((file.md5 + (file.sha256 ?? "")).allSatisfy { "0123456789abcdef".contains($0) })
    #expect(file.limit > 0 && file.byteCount.map { $0 == file.limit } ?? true)
  }

  @Test func spellingsOfAFile() {
    #expect(
      DataCatalogue.mnist.files[0].spellings == [
        "train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-images.idx3-ubyte.gz",
        "train-images.idx3-ubyte",
      ])
    let other = DataSource.File(name: "ETTh1.csv", byteCount: 1, md5: "", sha256: "")
    #expect(other.spellings == ["ETTh1.csv"])
  }

  @Test func partsOfAnArchive() {
    let parts = DataCatalogue.cifar10.parts
    #expect(parts.count == 6)
    #expect(parts[4].name == "data_batch_5.bin")
    #expect(parts[5].places == ["test_batch.bin", "cifar-10-batches-bin/test_batch.bin"])
    #expect(DataCatalogue.mnist.parts.map(\.name) == DataCatalogue.mnist.files.map(\.name))
  }

  /// Runs where the files are at hand as they were published.
  @Test(.enabled(if: (try? DataDirectory().locate(set: "mnist")) != nil))
  func theRealFilesHaveTheChecksums() throws {
    let folder = try #require(try DataDirectory().locate(set: "mnist"))
    for (file, place) in zip(DataCatalogue.mnist.files, DataCatalogue.mnist.find(in: folder)) {
      let url = try #require(place)
      guard url.pathExtension == "gz" else { continue }
      #expect(try Checksum(of: url).mismatch(with: file) == nil)
    }
  }
}
