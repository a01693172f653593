import Foundation
import Tensors

/// NumPy's array files, `.npy`: float32, float64 and bytes in C order, little-endian.
///
/// NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays".
public enum NPY {
  /// What an array's elements are.
  public enum Contents {
    /// float32 or float64, as they are in the file.
    case numbers(Tensor)
    /// Bytes, row-major.
    case bytes([UInt8], shape: Shape)

    /// The lengths of the axes.
    public var shape: Shape {
      switch self {
      case .numbers(let tensor): tensor.shape
      case .bytes(_, let shape): shape
      }
    }
  }

  /// Reads an array as numbers.
  ///
  /// - Parameter file: of at most six axes, `<f4`, `<f8` or `|u1` (which becomes float32).
  /// - Throws: ``AdjointError`` that names the file, the offset, what was expected and what was found.
  public static func read(_ file: URL) throws -> Tensor {
    switch try contents(of: file) {
    case .numbers(let tensor): tensor
    case .bytes(let bytes, let shape): Tensor(bytes.map { Float($0) }, shape: shape)
    }
  }

  /// Reads an array, numbers as numbers and bytes as bytes.
  ///
  /// - Parameter file: of at most six axes, `<f4`, `<f8` or `|u1`.
  /// - Throws: ``AdjointError`` that names the file, the offset, what was expected and what was found.
  public static func contents(of file: URL) throws -> Contents {
    let data: Data
    do { data = try Data(contentsOf: file, options: .mappedIfSafe) } catch {
      throw AdjointError(.noInput, "\(file.path): cannot be read")
    }
    var offset = 0
    let header = try NPYHeader(of: file.path, types: ["<f4": 4, "<f8": 8, "|u1": 1]) { count in
      let piece = [UInt8](data[offset..<min(offset + count, data.count)])
      offset += piece.count
      return piece
    }
    guard data.count - header.byteCount == header.bodyByteCount else {
      throw AdjointError(
        .badData,
        """
        \(file.path): offset \(header.byteCount): expected \(header.count) elements of \
        \(header.elementSize) bytes, found \(data.count - header.byteCount) bytes
        """)
    }
    let shape = Shape(header.shape)
    return data.withUnsafeBytes { bytes in
      let body = UnsafeRawBufferPointer(rebasing: bytes[header.byteCount...])
      switch header.type {
      case "<f4": return .numbers(Tensor(bytes: body, shape: shape, dtype: .float32))
      case "<f8": return .numbers(Tensor(bytes: body, shape: shape, dtype: .float64))
      default: return .bytes([UInt8](body), shape: shape)
      }
    }
  }

  /// The bytes of an `.npy` file, version 1.0, with the tensor's shape and type.
  public static func encode(_ tensor: Tensor) -> Data {
    let type = tensor.dtype == .float32 ? "<f4" : "<f8"
    var data = Data(NPYHeader.encode(type: type, shape: tensor.shape.lengths))
    tensor.withBytes { data.append(contentsOf: $0) }
    return data
  }
}
