import Archives
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
  /// - Throws: `AdjointError` that names the file, the offset, what was expected and what was found.
  public static func read(_ file: URL) throws -> Tensor {
    let (input, header) = try open(file)
    guard header.type == "|u1" else { return try numbers(input, header) }
    try MachineMemory.check(4 * Double(header.count), for: "numbers", in: input.name)
    return try Tensor(shape: Shape(header.shape)) { numbers in
      // Piece by piece: the numbers take four times the bytes.
      var place = 0
      while place < header.count {
        let piece = try input.read(min(header.count - place, 1 << 20))
        for (index, byte) in piece.enumerated() { numbers[place + index] = Float(byte) }
        place += piece.count
      }
    }
  }

  /// Reads an array, numbers as numbers and bytes as bytes.
  ///
  /// - Parameter file: of at most six axes, `<f4`, `<f8` or `|u1`.
  /// - Throws: `AdjointError` that names the file, the offset, what was expected and what was found.
  public static func contents(of file: URL) throws -> Contents {
    let (input, header) = try open(file)
    guard header.type == "|u1" else { return .numbers(try numbers(input, header)) }
    return .bytes(try input.read(header.count), shape: Shape(header.shape))
  }

  /// Whether the elements of an array are bytes.
  ///
  /// - Parameter file: of at most six axes, `<f4`, `<f8` or `|u1`.
  /// - Throws: `AdjointError` that names the file, the offset, what was expected and what was found.
  public static func isOfBytes(_ file: URL) throws -> Bool { try open(file).1.type == "|u1" }

  /// A file and its header, after which there are just the elements.
  private static func open(_ file: URL) throws -> (InputFile, NPYHeader) {
    let input = try InputFile(file)
    let header = try NPYHeader(of: input.name, types: ["<f4": 4, "<f8": 8, "|u1": 1]) {
      try input.read($0)
    }
    guard input.byteCount - header.byteCount == header.bodyByteCount else {
      throw AdjointError(
        .badData,
        """
        \(input.name): offset \(header.byteCount): expected \(header.count) elements of \
        \(header.elementSize) bytes, found \(input.byteCount - header.byteCount) bytes
        """)
    }
    return (input, header)
  }

  private static func numbers(_ input: InputFile, _ header: NPYHeader) throws -> Tensor {
    // The bytes, and the tensor that they become.
    try MachineMemory.check(2 * Double(header.bodyByteCount), for: "numbers", in: input.name)
    return try input.read(header.bodyByteCount).withUnsafeBytes { bytes in
      Tensor(
        bytes: bytes, shape: Shape(header.shape),
        dtype: header.type == "<f4" ? .float32 : .float64)
    }
  }

  /// The bytes of an `.npy` file, version 1.0, with the tensor's shape and type; bfloat16, which NumPy lacks, becomes
  /// float32.
  public static func encode(_ tensor: Tensor) -> Data {
    let tensor = tensor.dtype == .bfloat16 ? tensor.converted(to: .float32) : tensor
    let type = tensor.dtype == .float32 ? "<f4" : "<f8"
    var data = Data(NPYHeader.encode(type: type, shape: tensor.shape.lengths))
    tensor.withBytes { data.append(contentsOf: $0) }
    return data
  }
}
