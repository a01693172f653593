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
}
