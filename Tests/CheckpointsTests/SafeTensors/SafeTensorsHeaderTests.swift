import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct SafeTensorsHeaderTests {
  /// A file with that header and so many bytes of data.
  static func file(_ header: [UInt8], _ dataCount: Int, length: UInt64? = nil) -> Data {
    let length = length ?? UInt64(header.count)
    return Data(
      (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) } + header
        + [UInt8](repeating: 0, count: dataCount))
  }

  static func tensor(_ name: String, _ type: String, _ shape: String, _ offsets: String) -> String {
    "\"\(name)\":{\"dtype\":\"\(type)\",\"shape\":\(shape),\"data_offsets\":\(offsets)}"
  }

  static let hostile: [(header: String, dataCount: Int, message: String)] = [
    ("", 0, "byte 8: expected the { of the header, found the end"),
    (" {}", 0, "byte 8: expected the { of the header, found the byte 0x20"),
    ("[]", 0, "byte 8: expected the { of the header, found \"[\""),
    ("{}x", 0, "byte 10: expected the end of the header, found \"x\""),
    (
      "{}", 3,
      "byte 10: expected the end of the file, where the header ends, found 3 more bytes"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[0,4]"))}", 5,
      "byte 66: expected the end of the file, where tensor \"a\" ends, found 1 more bytes"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[0,4]")),\(tensor("a", "F32", "[1]", "[4,8]"))}", 8,
      "byte 62: expected each key of the header once, found \"a\" a second time"
    ),
    (
      "{\(tensor("a", "F32", "[2]", "[0,8]")),\(tensor("b", "F32", "[2]", "[4,12]"))}", 12,
      "tensor \"b\": expected its data from byte 124, where tensor \"a\" ends, found byte 120: they "
        + "overlap"
    ),
    (
      "{\(tensor("a", "F32", "[2]", "[0,8]")),\(tensor("b", "F32", "[2]", "[0,8]"))}", 8,
      "tensor \"b\": expected its data from byte 123, where tensor \"a\" ends, found byte 115: they "
        + "overlap"
    ),
    (
      "{\(tensor("a", "F32", "[2]", "[0,8]")),\(tensor("b", "F32", "[0]", "[4,4]"))}", 8,
      "tensor \"b\": expected its data from byte 123, where tensor \"a\" ends, found byte 119: they "
        + "overlap"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[4,8]"))}", 8,
      "tensor \"a\": expected its data from byte 62, where the header ends, found byte 66: 4 bytes "
        + "between them belong to none"
    ),
    (
      "{\(tensor("a", "F32", "[2]", "[0,8]"))}", 4,
      "tensor \"a\": expected data_offsets within the 4 bytes of data, found [0, 8]"
    ),
    (
      "{\(tensor("a", "F32", "[1000000000,1000]", "[0,4000000000000]"))}", 4,
      "tensor \"a\": expected data_offsets within the 4 bytes of data, found [0, 4000000000000]"
    ),
    (
      "{\(tensor("a", "F32", "[0]", "[9223372036854775807,9223372036854775807]"))}", 4,
      "tensor \"a\": expected data_offsets within the 4 bytes of data, found "
        + "[9223372036854775807, 9223372036854775807]"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[4,0]"))}", 4,
      "tensor \"a\": expected data_offsets in ascending order, found [4, 0]"
    ),
    (
      "{\(tensor("a", "F32", "[2]", "[0,4]"))}", 4,
      "tensor \"a\": expected 8 bytes for [2] of F32, found 4 (data_offsets [0, 4])"
    ),
    (
      "{\(tensor("a", "F64", "[]", "[0,4]"))}", 4,
      "tensor \"a\": expected 8 bytes for [] of F64, found 4 (data_offsets [0, 4])"
    ),
    (
      "{\(tensor("a", "F32", "[2,0]", "[0,4]"))}", 4,
      "tensor \"a\": expected 0 bytes for [2, 0] of F32, found 4 (data_offsets [0, 4])"
    ),
    (
      "{\(tensor("a", "F32", "[2147483647,2147483647,2147483647]", "[0,4]"))}", 4,
      "tensor \"a\": expected a shape whose bytes can be counted, found [2147483647, 2147483647, "
        + "2147483647] of F32"
    ),
    (
      "{\(tensor("a", "F32", "[0,2147483647,2147483647,2147483647]", "[0,0]"))}", 0,
      "tensor \"a\": expected a shape whose bytes can be counted, found [0, 2147483647, 2147483647, "
        + "2147483647] of F32"
    ),
    (
      "{\(tensor("a", "F32", "[1073741824,1073741824,0]", "[0,0]"))}", 0,
      "tensor \"a\": expected a shape of at most 2⁴⁸ elements, found [1073741824, 1073741824, 0]"
    ),
    (
      "{\(tensor("a", "F32", "[4294967296,4294967296]", "[0,0]"))}", 0,
      "tensor \"a\": expected a shape of lengths up to 2147483647, found [4294967296, 4294967296]"
    ),
    (
      "{\(tensor("a", "F32", "[1,1,1,1,1,1,1]", "[0,4]"))}", 4,
      "tensor \"a\": expected a shape of at most 6 axes, found more"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[0,4,8]"))}", 4,
      "tensor \"a\": expected two data_offsets, found more"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[4]"))}", 4,
      "tensor \"a\": expected two data_offsets, found [4]"
    ),
    (
      "{\(tensor("a", "F32", "[-1]", "[0,4]"))}", 4,
      "byte 37: expected a whole number from 0 to 9223372036854775807 for the shape of tensor \"a\", "
        + "found -1"
    ),
    (
      "{\(tensor("a", "F32", "[1]", "[-4,0]"))}", 4,
      "byte 56: expected a whole number from 0 to 9223372036854775807 for the data_offsets of tensor "
        + "\"a\", found -4"
    ),
    (
      "{\(tensor("a", "F32", "[NaN]", "[0,4]"))}", 4,
      "byte 37: expected a whole number from 0 to 9223372036854775807 for the shape of tensor \"a\", "
        + "found NaN"
    ),
    (
      "{\(tensor("a", "F32", "[18446744073709551617]", "[0,4]"))}", 4,
      "byte 37: expected a whole number from 0 to 9223372036854775807 for the shape of tensor \"a\", "
        + "found 18446744073709551617"
    ),
    (
      "{\(tensor("a", "F8_E4M3", "[1]", "[0,1]"))}", 1,
      "tensor \"a\": expected a dtype of F64, F32, F16, BF16, I64, I32, I16, U16, I8, U8, BOOL, found "
        + "\"F8_E4M3\""
    ),
    (
      "{\(tensor("a\\u001b[2J", "U64", "[1]", "[0,8]"))}", 8,
      "tensor \"a\\u001b[2J\": expected a dtype of F64, F32, F16, BF16, I64, I32, I16, U16, I8, U8, "
        + "BOOL, found \"U64\""
    ),
    ("{\"a\":{}}", 0, "tensor \"a\": expected the key dtype, found none"),
    ("{\"a\":{\"dtype\":\"F32\"}}", 0, "tensor \"a\": expected the key shape, found none"),
    (
      "{\"a\":{\"dtype\":\"F32\",\"shape\":[]}}", 0,
      "tensor \"a\": expected the key data_offsets, found none"
    ),
    (
      "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F64\"}}", 0,
      "byte 28: expected each key of tensor \"a\" once, found \"dtype\" a second time"
    ),
    (
      "{\"a\":{\"strides\":[]}}", 0,
      "tensor \"a\": expected the keys dtype, shape and data_offsets, found \"strides\""
    ),
    (
      "{\"a\":[[[[[[[[[[[[[", 0,
      "byte 13: expected the { of tensor \"a\", found \"[\""
    ),
    (
      "{\"__metadata__\":{\"a\":1}}", 0,
      "byte 29: expected a string for the metadata, found \"1\""
    ),
    (
      "{\"__metadata__\":{\"a\":\"\",\"a\":\"\"}}", 0,
      "byte 32: expected each key of the metadata once, found \"a\" a second time"
    ),
    (
      "{\"__metadata__\":{},\"__metadata__\":{}}", 0,
      "byte 27: expected each key of the header once, found \"__metadata__\" a second time"
    ),
  ]

  @Test(arguments: hostile)
  func refuses(header: String, dataCount: Int, message: String) {
    expectError(.badData, "f: " + message) {
      _ = try SafeTensors.read(Self.file(Array(header.utf8), dataCount), named: "f")
    }
  }

  @Test(arguments: [
    (0, "expected the length of the header in 8 bytes, found an empty file"),
    (7, "expected the length of the header in 8 bytes, found 7 bytes"),
  ])
  func tooShort(count: Int, message: String) {
    expectError(.badData, "f: byte 0: " + message) {
      _ = try SafeTensors.read(Data(repeating: 0, count: count), named: "f")
    }
  }

  @Test(
    arguments: [
      (3, "expected a header of at most the 2 bytes that follow, found a length of 3"),
      (
        100_000_000,
        "expected a header of at most the 2 bytes that follow, found a length of 100000000"
      ),
      (
        100_000_001,
        "expected a header of at most 100000000 bytes, found a length of 100000001"
      ),
      (
        1 << 40, "expected a header of at most 100000000 bytes, found a length of 1099511627776"
      ),
      (
        UInt64.max,
        "expected a header of at most 100000000 bytes, found a length of 18446744073709551615"
      ),
    ] as [(UInt64, String)])
  func lyingLengths(length: UInt64, message: String) {
    expectError(.badData, "f: byte 0: " + message) {
      _ = try SafeTensors.read(Self.file(Array("{}".utf8), 0, length: length), named: "f")
    }
  }

  @Test func invalidUTF8InAName() {
    expectError(
      .badData,
      "f: byte 10: expected UTF-8 in the string for a key of the header, found other bytes"
    ) {
      let header = [0x7B, 0x22, 0xFF, 0x22] + Array(":{}}".utf8)
      _ = try SafeTensors.read(Self.file(header, 0), named: "f")
    }
  }

  /// A terabyte, or twice the memory, that is not there: a file with a hole. Nothing is allocated for it.
  @Test func largerThanTheMemory() throws {
    let folder = try TemporaryFolder()
    let memory = ProcessInfo.processInfo.physicalMemory
    let columns = max(1 << 18, Int(memory >> 21) + 1)
    let size = columns << 22
    let header = "{\(Self.tensor("a", "F32", "[1048576,\(columns)]", "[0,\(size)]"))}"
    let url = try folder.write(Self.file(Array(header.utf8), 0), "f")
    let start = 8 + header.utf8.count
    try #require(
      truncate(url.path, off_t(start + size)) == 0, "\(url.path) takes no hole of \(size) bytes")
    expectError(
      .badData,
      "\(url.path): expected tensors that fit into the \(memory) bytes of memory, found \(size)"
    ) { _ = try SafeTensors.read(url) }
  }

  /// White space and order are free; tensors of no elements may lie anywhere between others.
  @Test func acceptsWhatTheFormatAllows() throws {
    let header = """
      {
        "b" : { "data_offsets" : [ 4 , 8 ], "shape" : [ ], "dtype" : "F32" },
        \(Self.tensor("none", "F64", "[0,5]", "[4,4]")),
        \(Self.tensor("a", "F32", "[1,1]", "[0,4]")) }  \n
      """
    let contents = try SafeTensors.read(Self.file(Array(header.utf8), 8), named: "f")
    #expect(
      contents.tensors.mapValues(\.shape) == ["a": [1, 1], "b": [], "none": [0, 5]])
  }
}
