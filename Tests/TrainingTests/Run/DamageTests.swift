import Foundation
import Tensors
import TestSupport
import Testing

@testable import Training

/// The texts of a run with every byte turned and every byte missing.
@Suite struct DamageTests {
  private static let metrics = """
    {"step":1,"epoch":1,"loss":2.5,"learning_rate":0.1}
    {"step":2,"epoch":1,"loss":1e-05,"learning_rate":0.1}
    {"step":2,"epoch":1,"metrics":{"test_loss":null,"train_loss":1.25}}
    {"step":3,"epoch":2,"loss":null,"learning_rate":0.1}

    """

  /// What a text says to a reader that knows nothing of runs.
  private static func numbers(_ bytes: [UInt8]) -> [Double]? {
    let lines = bytes.split(separator: UInt8(ascii: "\n"))
    let rows = lines.compactMap {
      try? JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
    }
    guard rows.count == lines.count else { return nil }
    return rows.filter { $0["metrics"] == nil }.map {
      ($0["loss"] as? NSNumber)?.doubleValue ?? .infinity
    }
  }

  @Test func metricsFile() throws {
    let folder = try TemporaryFolder(inMemory: true)
    try readDamaged(
      Array(Self.metrics.utf8), "metrics.jsonl", at: folder.file("metrics.jsonl"), dense: 120,
      read: { try History(reading: $0).losses.map { $0.isNaN ? .infinity : $0 } },
      expecting: { damaged in
        Self.numbers(damaged.bytes).map { .refusedOr($0) } ?? .refused
      })
  }

  private struct Settings: Codable, Equatable {
    var learningRate = 0.1
    var units = 50
    var name = "relu"
    var isOn = true
  }

  @Test func configuration() throws {
    let folder = try TemporaryFolder(inMemory: true)
    let file = folder.file("configuration.json")
    try RunDirectory.writeJSON(Settings(), to: file)
    try readDamaged(
      [UInt8](Data(contentsOf: file)), "configuration.json", at: file, dense: 200,
      read: { try RunDirectory.read(Settings.self, from: $0) },
      expecting: { damaged in
        guard
          let object = try? JSONSerialization.jsonObject(with: Data(damaged.bytes))
            as? [String: Any],
          let rate = object["learning_rate"] as? Double, let units = object["units"] as? Int,
          let name = object["name"] as? String, let isOn = object["is_on"] as? Bool
        else { return .refused }
        return .refusedOr(Settings(learningRate: rate, units: units, name: name, isOn: isOn))
      })
  }
}
