import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

extension TemporaryFolder {
  /// A place to look for data where there are none, whatever this machine has.
  var noData: DataDirectory { DataDirectory(environment: ["HOME": path]) }

  /// MNIST's four files with a few images of the given size.
  func writeMNIST(side: Int = 28, train: Int = 30, test: Int = 12) throws -> DataDirectory {
    func words(_ values: Int...) -> [UInt8] {
      values.flatMap { value in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
    }
    let folder = file("mnist")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    for (name, count) in [("train", train), ("t10k", test)] {
      let pixels = (0..<count * side * side).map { UInt8(truncatingIfNeeded: $0 &* 37 >> 3) }
      try Data(words(0x803, count, side, side) + pixels)
        .write(to: folder.appendingPathComponent("\(name)-images-idx3-ubyte"))
      try Data(words(0x801, count) + (0..<count).map { UInt8($0 % 10) })
        .write(to: folder.appendingPathComponent("\(name)-labels-idx1-ubyte"))
    }
    return DataDirectory(explicit: url, environment: ["HOME": path])
  }

  /// CIFAR-10's six files with a few images, whose classes differ by their colours.
  func writeCIFAR(batch: Int = 12, test: Int = 20) throws -> DataDirectory {
    let folder = file("cifar10")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    var noise: UInt32 = 1
    func record(_ label: Int) -> [UInt8] {
      [UInt8(label)]
        + (0..<3072).map { place in
          noise = noise &* 1_664_525 &+ 1_013_904_223
          let colour = [label * 37 % 100, label * 53 % 100, label * 71 % 100][place / 1024]
          return UInt8(50 + colour + Int(noise >> 26))
        }
    }
    for (number, name) in ((1...5).map { "data_batch_\($0)" } + ["test_batch"]).enumerated() {
      let count = number < 5 ? batch : test
      let bytes = (0..<count).flatMap { record(($0 + number) % 10) }
      try Data(bytes).write(to: folder.appendingPathComponent("\(name).bin"))
    }
    return DataDirectory(explicit: url, environment: ["HOME": path])
  }
}
