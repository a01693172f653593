import EventLog
import Figures
import Foundation
import Tensors

@testable import Checkpoints
@testable import Datasets

/// The first inputs of each reader: small files by the program's own writers.
enum Seeds {
  static let safeTensors: [UInt8] = bytes { file in
    try SafeTensors.write(
      [
        "layer.weight": Tensor([1, -2, 0.5, .nan], shape: [2, 2]),
        "bias": Tensor([3], shape: [1], dtype: .float64),
      ],
      indices: ["steps": IndexTensor([7, -1])], metadata: ["by": "seeds"], to: file)
  }

  /// What a checkpoint keeps has no whole numbers.
  static let weights: [UInt8] = bytes { file in
    try SafeTensors.write(["layer.weight": Tensor([1, -2, 0.5, 0], shape: [2, 2])], to: file)
  }

  /// The names of a checkpoint's state are those of the program, not those of a configuration.
  static let state = Array(
    #"{"learningRate":0.1,"units":[3,4],"names":{"a":"\u00e9"},"isOn":true}"#.utf8)

  /// Writes a folder for each reader.
  static func write(into folder: URL) throws {
    for (reader, inputs) in try all() {
      let place = folder.appendingPathComponent(reader, isDirectory: true)
      try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
      for (name, bytes) in inputs {
        try Data(bytes).write(to: place.appendingPathComponent("seed-\(name)"))
      }
    }
  }

  private static func all() throws -> [String: [String: [UInt8]]] {
    let events = bytes { file in
      let folder = file.deletingLastPathComponent().appendingPathComponent("events")
      let writer = try EventLogWriter(directory: folder)
      writer.scalar("loss", value: 0.5, step: 1)
      writer.histogram("weights", values: [1, 2, 3], step: 1)
      writer.text("note", "**a**", step: 2)
      try writer.close()
      let name = try FileManager.default.contentsOfDirectory(atPath: folder.path)[0]
      try FileManager.default.moveItem(at: folder.appendingPathComponent(name), to: file)
    }
    let image = PixelImage(width: 3, height: 2, channels: 3, pixels: (0..<18).map { 13 * $0 })
    let settings = Array(
      #"{"learning_rate":0.1,"units":[3,4],"names":{"a":"\u00e9"},"is_on":true}"#.utf8)
    return [
      "safetensors": ["tensors": safeTensors],
      "checkpoint": [
        "model": [0] + weights, "state": [2] + state,
        "manifest": [3]
          + Array("{\"format\":\"adjoint checkpoint\",\"version\":1,\"files\":{}}".utf8),
      ],
      "npz": [
        "arrays": bytes {
          try NPZ.write(
            [
              .init("x", shape: [2, 3], bytes: [1, 2, 3, 4, 5, 6]),
              .init("n", shape: [2], integers: [-1, 9]),
            ], to: $0)
        }
      ],
      "npy": [
        "float32": Array(NPY.encode(Tensor([1, 2, 3], shape: [3, 1]))),
        "bytes": NPYHeader.encode(type: "|u1", shape: [2, 2]) + [1, 2, 3, 4],
      ],
      "idx": [
        "images": [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4],
        "labels": [0, 0, 8, 1, 0, 0, 0, 3, 7, 0, 9],
      ],
      "cifar": ["record": [3] + (0..<3072).map { UInt8(truncatingIfNeeded: $0) }],
      "class-names": ["three": Array("tench\ngreat white shark\r\nécrevisse".utf8)],
      "csv": [
        "table": Array(
          "date,a,b\r\n2016-02-29 23:00:00,1,-2.5e3\r\n2016-03-01 00:00:00,.5,7\r\n".utf8)
      ],
      "png": ["colour": Array(PNG.encode(image))],
      "events": ["log": events],
      "metrics": [
        "run": Array(
          """
          {"step":1,"epoch":1,"loss":2.5,"learning_rate":0.1}
          {"step":1,"epoch":1,"metrics":{"test_loss":null}}

          """.utf8)
      ],
      "configuration": ["settings": settings],
      "tar": ["member": tar()],
    ]
  }

  /// A ustar archive of one member.
  private static func tar() -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ place: Int) {
      header.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
    }
    put("set/one.bin", 0)
    put("00000000003", 124)
    put("        ", 148)
    put("0", 156)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\0 ", 148)
    return header + [7, 8, 9] + [UInt8](repeating: 0, count: 509)
  }

  /// What `write` writes.
  private static func bytes(_ write: (URL) throws -> Void) -> [UInt8] {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("adjoint-seeds-\(UUID().uuidString)", isDirectory: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try write(folder.appendingPathComponent("file"))
      return [UInt8](try Data(contentsOf: folder.appendingPathComponent("file")))
    } catch { fatalError("a seed cannot be written: \(error)") }
  }
}
