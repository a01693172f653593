import Datasets
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@testable import Experiments

/// What is looked at before an image network is trained.
@Suite(.serialized) struct ImageTrainingTests {
  typealias Change = (key: String, value: String)

  private func train(
    _ name: String, _ folder: TemporaryFolder, _ data: DataDirectory, to run: String,
    _ changes: [Change]
  ) throws -> ExperimentRunner.Summary {
    var request = ExperimentRunner.Request(data: data)
    request.changes =
      [("data", "folder"), ("size", "16"), ("epochs", "1"), ("steps", "0")] + changes
    request.output = folder.file(run)
    request.isQuiet = true
    return try ExperimentRunner.train(name, request)
  }

  @Test func aFolderOfOneClass() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writePictures()
    let settings: [Change] = [("network", "resnet20"), ("batch_size", "6")]
    let run = try train("cifar10-resnet", folder, data, to: "run", settings).run
    for part in ["train", "val", "test"] {
      try FileManager.default.removeItem(at: folder.file("pictures/\(part)/dark"))
    }
    let words = "\(folder.path)/pictures: has one class, bright; a classifier needs at least two"
    expectError(.badData, words) {
      _ = try train("cifar10-resnet", folder, data, to: "other", settings)
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/other"))
    expectError(.badData, words) {
      _ = try ExperimentRunner.evaluate(URL(fileURLWithPath: run), data: data)
    }
    // It can be looked at.
    let rows = try DataSets.inspect("folder", size: 16, in: data).rows
    #expect(rows.contains(["training", "6 images, 16 × 16 × 3, 1 classes"]))
  }

  /// Optimisers and checkpoints know parameters by their names, which counting leaves as they are.
  @Test func countingKeepsTheNames() throws {
    let network = try #require(ImageNetworks.network("resnet20", .init(classes: 10), seed: 0))
    let parameters = parameters(of: network.network)
    let names = parameters.map(\.name)
    #expect(network.multiplications(image: [32, 32, 3]) == 442_368 + 17 * 2_359_296 + 640)
    #expect(parameters.map(\.name) == names && names[0] == "conv1.weight")
  }

  /// One image has no variance where its maps have one place: with five max poolings it comes to that at 16 pixels.
  @Test func aBatchOfOneImage() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writePictures()
    let settings: [Change] = [("batch_size", "11"), ("test", "never")]
    expectError(
      .usage,
      "batch_size=11: leaves one of the 12 training images over, and the batch normalisation of vgg needs two "
        + "where maps are 1 × 1, as those of 16 × 16 pixels become; take another batch_size"
    ) { _ = try train("cifar10-vgg", folder, data, to: "run", settings) }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/run"))
    // The image that is left over is not come to, or its maps have more places than one.
    let short = try train("cifar10-vgg", folder, data, to: "short", settings + [("steps", "1")])
    #expect(short.steps == 1)
    #expect(try train("cifar10-resnet", folder, data, to: "large", settings).steps == 2)
  }
}
