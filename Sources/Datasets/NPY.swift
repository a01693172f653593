import Foundation
import Tensors

/// NumPy's array files, `.npy`: float32 and float64 in C order, little-endian.
///
/// NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
public enum NPY {
  private static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// Reads an array.
  ///
  /// - Parameter file: of at most six axes, `<f4`, `<f8` or `|u1` (which becomes float32).
  /// - Throws: ``AdjointError`` that names the file, the offset, what was expected and what was found.
  public static func read(_ file: URL) throws -> Tensor {
    let data: Data
    do { data = try Data(contentsOf: file, options: .mappedIfSafe) } catch {
      throw AdjointError(.noInput, "\(file.path): cannot be read")
    }
    func bad(_ offset: Int, _ expected: String, _ found: String) -> AdjointError {
      AdjointError(
        .badData, "\(file.path): offset \(offset): expected \(expected), found \(found)")
    }
    guard data.count >= 10, Array(data.prefix(6)) == magic else {
      throw bad(0, "the magic of an .npy file", "\(Array(data.prefix(6)))")
    }
    let version = data[6]
    guard version == 1 || version == 2 else {
      throw bad(6, "format version 1 or 2", "\(version)")
    }
    let lengthBytes = version == 1 ? 2 : 4
    guard data.count >= 8 + lengthBytes else { throw bad(8, "the header's length", "the end") }
    let headerLength = (0..<lengthBytes).reduce(0) { $0 | Int(data[8 + $1]) << (8 * $1) }
    let start = 8 + lengthBytes + headerLength
    guard start <= data.count else {
      throw bad(8, "a header of \(headerLength) bytes", "\(data.count - 8 - lengthBytes) bytes")
    }
    let header = String(decoding: data[(8 + lengthBytes)..<start], as: UTF8.self)
    guard let description = Header(header) else {
      throw bad(
        8 + lengthBytes, "{'descr': …, 'fortran_order': False, 'shape': (…)}",
        String(header.prefix(80)))
    }
    guard let size = ["<f4": 4, "<f8": 8, "|u1": 1][description.type] else {
      throw bad(8 + lengthBytes, "elements <f4, <f8 or |u1", description.type)
    }
    guard !description.isFortranOrder else {
      throw bad(8 + lengthBytes, "C order", "Fortran order; save numpy.ascontiguousarray of it")
    }
    guard let count = description.count, description.shape.count <= Shape.maximumRank else {
      throw bad(8 + lengthBytes, "at most six axes of sensible lengths", "\(description.shape)")
    }
    let (byteCount, isTooLarge) = count.multipliedReportingOverflow(by: size)
    guard !isTooLarge, data.count - start == byteCount else {
      throw bad(
        start, "\(count) elements of \(size) bytes", "\(data.count - start) bytes")
    }
    let shape = Shape(description.shape)
    return data.withUnsafeBytes { bytes in
      let body = UnsafeRawBufferPointer(rebasing: bytes[start...])
      switch description.type {
      case "<f4": return Tensor(bytes: body, shape: shape, dtype: .float32)
      case "<f8": return Tensor(bytes: body, shape: shape, dtype: .float64)
      default: return Tensor(body.map { Float($0) }, shape: shape)
      }
    }
  }

  /// The bytes of an `.npy` file, version 1.0, with the tensor's shape and type.
  public static func encode(_ tensor: Tensor) -> Data {
    let lengths = tensor.shape.lengths
    let shape = lengths.map(String.init).joined(separator: ", ") + (lengths.count == 1 ? "," : "")
    let type = tensor.dtype == .float32 ? "<f4" : "<f8"
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
    // The elements begin at a multiple of 64 bytes.
    let padding = (64 - (10 + header.utf8.count + 1) % 64) % 64
    header += String(repeating: " ", count: padding) + "\n"
    var data = Data(magic + [1, 0])
    data.append(UInt8(header.utf8.count & 255))
    data.append(UInt8(header.utf8.count >> 8))
    data.append(contentsOf: header.utf8)
    tensor.withBytes { data.append(contentsOf: $0) }
    return data
  }

  /// The Python literal in front of the elements.
  private struct Header {
    let type: String
    let isFortranOrder: Bool
    let shape: [Int]

    init?(_ text: String) {
      guard
        let type = text.firstMatch(of: /'descr'\s*:\s*'([^']*)'/)?.1,
        let order = text.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/)?.1,
        let shape = text.firstMatch(of: /'shape'\s*:\s*\(([0-9,\s]*)\)/)?.1
      else { return nil }
      let parts = shape.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
      let lengths = parts.filter { !$0.isEmpty }.map { Int($0) }
      guard lengths.allSatisfy({ $0 != nil }) else { return nil }
      self.type = String(type)
      isFortranOrder = order == "True"
      self.shape = lengths.compactMap { $0 }
    }

    /// The number of elements; nil if a length or the product is out of range.
    var count: Int? {
      var product = 1
      for length in shape {
        let (next, isTooLarge) = product.multipliedReportingOverflow(by: length)
        guard !isTooLarge, length <= Int(Int32.max) else { return nil }
        product = next
      }
      return product
    }
  }
}
