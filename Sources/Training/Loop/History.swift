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
    let text: Data
    do { text = try Data(contentsOf: file) } catch {
      throw AdjointError(.noInput, "\(file.path): cannot be read: \(error.localizedDescription)")
    }
    let decoder = JSONDecoder()
    for (index, line) in text.split(separator: UInt8(ascii: "\n")).enumerated() {
      guard let row = try? decoder.decode(Line.self, from: line),
        (row.loss == nil) != (row.metrics == nil)
      else {
        throw AdjointError(
          .badData,
          "\(file.path): line \(index + 1): expected a JSON object with the metrics of a step or an "
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
  }

  private struct Line: Decodable {
    let step: Int
    let epoch: Int
    let loss: Double?
    let learning_rate: Double?
    let metrics: [String: Double?]?
  }
}
