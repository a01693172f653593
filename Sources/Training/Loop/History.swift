import Foundation
import Tensors

/// What a run measured: the loss of every step and the metrics of every epoch.
public struct History: Sendable, Equatable {
  /// The metrics of one epoch.
  public struct Epoch: Sendable, Equatable {
    /// From 1.
    public let epoch: Int
    /// Steps taken by its end.
    public let step: Int
    /// By name, such as `train_loss`, `test_accuracy`.
    public let metrics: [String: Double]
  }

  /// The loss of each step, from step 1 on.
  public internal(set) var losses: [Double] = []
  /// The learning rate of each step.
  public internal(set) var learningRates: [Double] = []
  /// The epochs that are over.
  public internal(set) var epochs: [Epoch] = []

  /// Nothing yet.
  public init() {}

  /// The names of the epochs' metrics, sorted.
  public var metricNames: [String] {
    Set(epochs.flatMap(\.metrics.keys)).sorted()
  }

  /// Reads what ``MetricsLog`` wrote.
  ///
  /// - Throws: ``AdjointError`` that names the file and the line if one is not what it has to be.
  public init(reading file: URL) throws {
    var number = 0
    // A piece at a time: the log of a long run is larger than all else that the run keeps.
    var rest: [UInt8] = []
    do {
      let handle = try FileHandle(forReadingFrom: file)
      defer { try? handle.close() }
      while let piece = try handle.read(upToCount: 1 << 20), !piece.isEmpty {
        rest += piece
        var start = 0
        while let end = rest[start...].firstIndex(of: UInt8(ascii: "\n")) {
          try read(rest[start..<end], of: file, &number)
          start = end + 1
        }
        rest.removeFirst(start)
      }
    } catch let error as AdjointError { throw error } catch {
      throw AdjointError(.noInput, "\(file.path): cannot be read: \(error.localizedDescription)")
    }
    try read(rest[...], of: file, &number)
  }

  private mutating func read(_ line: ArraySlice<UInt8>, of file: URL, _ number: inout Int) throws {
    if line.isEmpty { return }
    number += 1
    if let step = Self.step(line) {
      losses.append(step.loss)
      learningRates.append(step.rate)
      return
    }
    guard let row = try? JSONDecoder().decode(Line.self, from: Data(line)),
      (row.loss == nil) != (row.metrics == nil)
    else {
      throw AdjointError(
        .badData,
        "\(file.path): line \(number): expected a JSON object with the metrics of a step or an "
          + "epoch, found \(String(decoding: line.prefix(60), as: UTF8.self))")
    }
    if let metrics = row.metrics {
      // What is neither finite nor absent is written as null.
      epochs.append(
        Epoch(epoch: row.epoch, step: row.step, metrics: metrics.mapValues { $0 ?? .nan }))
    } else {
      losses.append(row.loss ?? .nan)
      learningRates.append(row.learning_rate ?? .nan)
    }
  }

  /// The line of a step just as ``MetricsLog`` writes it, some twenty times as fast as any JSON; nil for others.
  private static func step(_ line: ArraySlice<UInt8>) -> (loss: Double, rate: Double)? {
    var rest = line
    func number(after key: String) -> Double? {
      guard rest.starts(with: key.utf8) else { return nil }
      rest = rest.dropFirst(key.utf8.count)
      let digits = rest.prefix { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
      rest = rest.dropFirst(digits.count)
      guard let value = Double(String(decoding: digits, as: UTF8.self)), value.isFinite else {
        return nil
      }
      return value
    }
    guard number(after: "{\"step\":") != nil, number(after: ",\"epoch\":") != nil,
      let loss = number(after: ",\"loss\":"), let rate = number(after: ",\"learning_rate\":"),
      rest.elementsEqual("}".utf8)
    else { return nil }
    return (loss, rate)
  }

  private struct Line: Decodable {
    let step: Int
    let epoch: Int
    let loss: Double?
    let learning_rate: Double?
    let metrics: [String: Double?]?
  }
}
