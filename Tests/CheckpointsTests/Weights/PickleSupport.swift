import Foundation
import TestSupport

@testable import Checkpoints

/// Instructions of a pickle, to write those that no honest program writes.
enum Pickle {
  static let start: [UInt8] = [0x80, 2]
  static let mark: [UInt8] = [0x28]
  static let stop: [UInt8] = [0x2E]
  static let none: [UInt8] = [0x4E]
  static let reduce: [UInt8] = [0x52]
  static let tuple: [UInt8] = [0x74]
  static let emptyTuple: [UInt8] = [0x29]
  static let emptyList: [UInt8] = [0x5D]
  static let emptyDictionary: [UInt8] = [0x7D]
  static let append: [UInt8] = [0x61]
  static let setItem: [UInt8] = [0x73]
  static let persistentID: [UInt8] = [0x51]
  static let build: [UInt8] = [0x62]

  static func text(_ text: String) -> [UInt8] {
    [0x58] + littleEndian(text.utf8.count, 4) + Array(text.utf8)
  }

  static func global(_ module: String, _ name: String) -> [UInt8] {
    [0x63] + Array("\(module)\n\(name)\n".utf8)
  }

  /// A number of any size, by LONG1.
  static func number(_ number: Int) -> [UInt8] { [0x8A, 8] + littleEndian(number, 8) }

  static func tuple(_ parts: [UInt8]...) -> [UInt8] { mark + parts.joined() + tuple }

  static func put(_ number: UInt8) -> [UInt8] { [0x71, number] }
  static func get(_ number: UInt8) -> [UInt8] { [0x68, number] }

  static func storage(
    _ count: Int, of type: [UInt8] = global("torch", "FloatStorage"), key: String = "0"
  ) -> [UInt8] {
    tuple(text("storage"), type, text(key), text("cpu"), number(count)) + persistentID
  }

  static func tensor(
    _ storage: [UInt8], _ offset: Int, _ lengths: [Int], _ strides: [Int], metadata: [UInt8] = []
  ) -> [UInt8] {
    let arguments = tuple(
      storage, number(offset), mark + lengths.flatMap(number) + tuple,
      mark + strides.flatMap(number) + tuple, [0x89], emptyDictionary, metadata)
    return global("torch._utils", "_rebuild_tensor_v2") + arguments + reduce
  }

  /// A whole pickle of a dictionary.
  static func dictionary(_ items: [(key: [UInt8], value: [UInt8])]) -> [UInt8] {
    start + emptyDictionary + items.flatMap { $0.key + $0.value + setItem } + stop
  }
}

/// A file of the format before 1.6 with the object's pickle, and storages whose bytes are given.
func torchStream(
  _ object: [UInt8], _ storages: [(key: String, count: Int, bytes: [UInt8])] = [],
  version: Int = 1001, littleEndianFlag: UInt8 = 0x88
) -> [UInt8] {
  let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
  var file = Pickle.start + [0x8A, 10] + magic + Pickle.stop
  file += Pickle.start + Pickle.number(version) + Pickle.stop
  file += Pickle.dictionary([(Pickle.text("little_endian"), [littleEndianFlag])])
  file += object
  file += Pickle.start + Pickle.emptyList
  file += storages.flatMap { Pickle.text($0.key) + Pickle.append } + Pickle.stop
  return file + storages.flatMap { littleEndian($0.count, 8) + $0.bytes }
}
