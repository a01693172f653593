import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets

@Suite struct DrawnTissueTests {
  @Test(arguments: [28, 64])
  func aFileOfPathMNISTsLayout(size: Int) throws {
    let folder = try TemporaryFolder()
    let file = try MedMNIST.synthesize(
      "pathmnist", size: size, count: 60, seed: 5, into: folder.url)
    #expect(file.lastPathComponent == (size == 28 ? "pathmnist.npz" : "pathmnist_64.npz"))
    #expect(
      try NPZ(file).names == [
        "synthetic", "train_images", "train_labels", "val_images", "val_labels", "test_images",
        "test_labels",
      ])
    #expect(MedMNIST.isDrawn(file))
    let (train, validation, test) = try MedMNIST.load("pathmnist", size: size, from: folder.url)
    #expect([train, validation, test].map(\.count) == [51, 5, 4])
    #expect((train.height, train.width, train.channels) == (size, size, 3))
    #expect(train.classFrequencies.allSatisfy { (5...6).contains($0) })
    #expect(
      train.description == "drawn by the program (seed 5) in the layout of PathMNIST, \(file.path)")
  }

  @Test func theSameArgumentsMakeTheSameBytes() throws {
    let (one, other) = (try TemporaryFolder(), try TemporaryFolder())
    let first = try MedMNIST.synthesize("pathmnist", count: 12, seed: 1, into: one.url)
    let second = try MedMNIST.synthesize("pathmnist", count: 12, seed: 1, into: other.url)
    #expect(try Data(contentsOf: first) == (try Data(contentsOf: second)))
    let third = try MedMNIST.synthesize("pathmnist", count: 12, seed: 2, into: other.url)
    #expect(try Data(contentsOf: first) != (try Data(contentsOf: third)))
    // An image does not depend on how many there are.
    let few = try MedMNIST.load("pathmnist", from: one.url).train
    _ = try MedMNIST.synthesize("pathmnist", count: 40, seed: 1, into: other.url)
    let many = try MedMNIST.load("pathmnist", from: other.url).train
    #expect(many.labels.starts(with: few.labels) && many.pixels.starts(with: few.pixels))
  }

  /// The mean colour tells little: the nearest class mean is right for hardly more than one in four.
  @Test func colourAloneDoesNotTellTheClass() {
    let labels = (0..<540).map { Int(DrawnTissue.label($0, of: .train, seed: 0)) }
    let means = labels.enumerated().map { index, label -> [Double] in
      let image = DrawnTissue.image(index, of: .train, label: UInt8(label), size: 28, seed: 0)
      return (0..<3).map { channel in
        let values = stride(from: channel, to: image.count, by: 3).map { Double(image[$0]) }
        return values.reduce(0, +) / Double(values.count)
      }
    }
    let half = labels.count / 2
    let centres = (0..<9).map { label in
      let members = (0..<half).filter { labels[$0] == label }
      return (0..<3).map { channel in
        members.reduce(0) { $0 + means[$1][channel] } / Double(members.count)
      }
    }
    func distance(_ index: Int, _ label: Int) -> Double {
      zip(means[index], centres[label]).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }
    let right = (half..<labels.count).filter { index in
      labels[index] == (0..<9).min { distance(index, $0) < distance(index, $1) }
    }
    #expect(Double(right.count) / Double(half) < 0.35, "chance is 0.11")
  }

  @Test func argumentsThatAreNone() throws {
    let folder = try TemporaryFolder()
    expectError(.usage, "bloodmnist: cannot be drawn; what can is pathmnist") {
      _ = try MedMNIST.synthesize("bloodmnist", count: 20, into: folder.url)
    }
    for count in [10, 107_181] {
      expectError(
        .usage,
        "pathmnist: a count of \(count); between 11 and the real set's 107180 images can be drawn"
      ) { _ = try MedMNIST.synthesize("pathmnist", count: count, into: folder.url) }
    }
    expectError(.usage, "pathmnist: there is no size 63; known are 28, 64, 128, 224") {
      _ = try MedMNIST.synthesize("pathmnist", size: 63, count: 20, into: folder.url)
    }
    #expect(try folder.contents.isEmpty)
  }
}
