import Checkpoints
import Figures
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@testable import Datasets
@testable import Experiments

extension TemporaryFolder {
  /// Drawn tissue in PathMNIST's layout, a few images of 28 pixels in each part, and CIFAR-10's files.
  func writeImages() throws -> DataDirectory {
    let drawn = file("drawn")
    let medical = file("medmnist")
    for folder in [drawn, medical] {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    }
    _ = try MedMNIST.synthesize("pathmnist", count: 120, seed: 4, into: drawn)
    let all = try MedMNIST.load("pathmnist", size: 28, from: drawn)
    let parts = [
      ("train", all.train[0..<16]), ("val", all.validation[0..<8]), ("test", all.test[0..<8]),
    ]
    let members = parts.flatMap { name, set in
      [
        NPZ.Member("\(name)_images", shape: [set.count, 28, 28, 3], bytes: set.pixels),
        NPZ.Member(
          "\(name)_labels", shape: [set.count, 1], bytes: set.labels.map { UInt8($0) }),
      ]
    }
    try NPZ.write(
      members + [NPZ.Member(MedMNIST.drawnMark, shape: [1], integers: [4])],
      to: medical.appendingPathComponent("pathmnist.npz"))
    try writePneumonia(medical)
    return try writeCIFAR(batch: 3, test: 10)
  }

  /// Grey images of two classes, one of them darker.
  private func writePneumonia(_ folder: URL) throws {
    let members = [("train", 16), ("val", 6), ("test", 6)].flatMap { name, count in
      let pixels = (0..<count * 784).map { place -> UInt8 in
        let isBright = place / 784 % 2 == 1
        return UInt8(place * 37 % 97 + (isBright ? 80 : 0))
      }
      return [
        NPZ.Member("\(name)_images", shape: [count, 28, 28], bytes: pixels),
        NPZ.Member("\(name)_labels", shape: [count, 1], bytes: (0..<count).map { UInt8($0 % 2) }),
      ]
    }
    try NPZ.write(members, to: folder.appendingPathComponent("pneumoniamnist.npz"))
  }

  /// Grey images in ChestMNIST's layout: the first finding is brightness, the second comes by turns, the third with
  /// both, others not at all.
  func writeChest() throws -> DataDirectory {
    let members = [("train", 24), ("val", 8), ("test", 8)].flatMap { name, count in
      var (pixels, targets): ([UInt8], [UInt8]) = ([], [])
      for image in 0..<count {
        let (isBright, isSecond) = (image % 2 == 1, image / 2 % 2 == 1)
        pixels += (0..<784).map { UInt8(($0 + image) * 37 % 97 + (isBright ? 120 : 0)) }
        let had = [isBright, isSecond, isBright && isSecond]
        targets += had.map { $0 ? 1 : 0 } + [UInt8](repeating: 0, count: 11)
      }
      return [
        NPZ.Member("\(name)_images", shape: [count, 28, 28], bytes: pixels),
        NPZ.Member("\(name)_labels", shape: [count, 14], bytes: targets),
      ]
    }
    try NPZ.write(members, to: file("chestmnist.npz"))
    return DataDirectory(explicit: url, environment: [:])
  }

  /// PNG files of two classes, one of them darker, 20 × 12 pixels: 12 to train on, 4 held back, 4 to test on.
  func writePictures() throws -> DataDirectory {
    for (part, count) in [("train", 12), ("val", 4), ("test", 4)] {
      for number in 0..<count {
        let name = number % 2 == 0 ? "dark" : "bright"
        let pixels = (0..<20 * 12).map { UInt8($0 * (number + 3) % 90 + number % 2 * 120) }
        let picture = PixelImage(width: 20, height: 12, channels: 1, pixels: pixels)
        try write(PNG.encode(picture), "pictures/\(part)/\(name)/\(number).png")
      }
    }
    return DataDirectory(explicit: file("pictures"), environment: [:])
  }

  /// A file with new weights of a network.
  func writeWeights(
    _ name: String, _ form: ImageNetworks.Form, to file: String, seed: UInt64 = 5
  ) throws -> AnyImageNetwork {
    let network = try #require(ImageNetworks.network(name, form, seed: seed))
    for (_, buffer) in namedBuffers(of: network.network) where buffer.value.rank == 1 {
      // Statistics that matter, not 0 and 1.
      buffer.value = buffer.value + 0.25
    }
    try SafeTensors.write(stateDictionary(of: network.network), to: self.file(file))
    return network
  }
}

/// The newest checkpoint of a run.
func newestCheckpoint(_ summary: ExperimentRunner.Summary) throws -> URL {
  let folder = URL(fileURLWithPath: summary.run + "/checkpoints")
  return try #require(try Checkpoint.latest(in: folder))
}
