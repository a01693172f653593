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

  /// What was measured between the ends of epochs, or where one ended, every so many steps.
  public struct Measure: Sendable, Equatable {
    /// Steps taken.
    public let step: Int
    /// By name, as an epoch's; training figures are means since the measure before, or the epoch's beginning.
    public let metrics: [String: Double]
  }

  /// The loss of each step, from step 1 on.
  public internal(set) var losses: [Double] = []
  /// The learning rate of each step.
  public internal(set) var learningRates: [Double] = []
  /// The epochs that are over.
  public internal(set) var epochs: [Epoch] = []
  /// What was measured every so many steps, where a run was asked for it.
  public internal(set) var measures: [Measure] = []

  /// Nothing yet.
  public init() {}

  /// The names of the epochs' metrics, sorted.
  public var metricNames: [String] {
    Set(epochs.flatMap(\.metrics.keys)).sorted()
  }

  /// Reads what `MetricsLog` wrote.
  ///
  /// - Throws: `AdjointError` that names the file and the line if one is not what it has to be.
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
    guard rest.isEmpty else {
      number += 1
      throw Self.wrong(file, number, "a line that ends", "the end of the file")
    }
  }

  private static func wrong(
    _ file: URL, _ line: Int, _ expected: String, _ found: String
  ) -> AdjointError {
    AdjointError(.badData, "\(file.path): line \(line): expected \(expected), found \(found)")
  }

  private mutating func read(_ line: ArraySlice<UInt8>, of file: URL, _ number: inout Int) throws {
    number += 1
    guard let row = Line(ofStep: line) ?? (try? JSONDecoder().decode(Line.self, from: Data(line)))
    else {
      throw Self.wrong(
        file, number, "a JSON object with the metrics of a step, an epoch or a measure",
        String(decoding: line.prefix(60), as: UTF8.self))
    }
    if let metrics = row.metrics {
      guard row.step == losses.count else {
        throw Self.wrong(
          file, number, "the metrics of an epoch after step \(losses.count)", "step \(row.step)")
      }
      // What is neither finite nor absent is written as null.
      epochs.append(
        Epoch(epoch: row.epoch, step: row.step, metrics: metrics.mapValues { $0 ?? .nan }))
    } else if let measured = row.measured {
      guard row.step == losses.count else {
        throw Self.wrong(file, number, "a measure after step \(losses.count)", "step \(row.step)")
      }
      measures.append(Measure(step: row.step, metrics: measured.mapValues { $0 ?? .nan }))
    } else {
      guard row.step == losses.count + 1 else {
        throw Self.wrong(file, number, "step \(losses.count + 1)", "step \(row.step)")
      }
      losses.append(row.loss ?? .nan)
      learningRates.append(row.learningRate ?? .nan)
    }
  }

  /// A line of a step, an epoch or a measure, with exactly the keys that it has to have.
  private struct Line: Decodable {
    let step: Int
    let epoch: Int
    let loss: Double?
    let learningRate: Double?
    let metrics: [String: Double?]?
    let measured: [String: Double?]?

    private struct Key: CodingKey, Hashable {
      let stringValue: String
      var intValue: Int? { nil }

      init(_ name: String) { stringValue = name }
      init?(stringValue: String) { self.init(stringValue) }
      init?(intValue: Int) { nil }
    }

    /// A step's line just as `MetricsLog` writes it, read some twenty times as fast as any JSON; nil for others.
    init?(ofStep line: ArraySlice<UInt8>) {
      var rest = line
      func digits(after key: String) -> String? {
        guard rest.starts(with: key.utf8) else { return nil }
        rest = rest.dropFirst(key.utf8.count)
        let digits = rest.prefix { (48...57).contains($0) || "+-.eE".utf8.contains($0) }
        rest = rest.dropFirst(digits.count)
        return String(decoding: digits, as: UTF8.self)
      }
      func number(after key: String) -> Double? {
        digits(after: key).flatMap(Double.init).flatMap { $0.isFinite ? $0 : nil }
      }
      guard let step = digits(after: "{\"step\":").flatMap({ Int($0) }),
        let epoch = digits(after: ",\"epoch\":").flatMap({ Int($0) }),
        let loss = number(after: ",\"loss\":"), let rate = number(after: ",\"learning_rate\":"),
        rest.elementsEqual("}".utf8)
      else { return nil }
      self.step = step
      self.epoch = epoch
      self.loss = loss
      learningRate = rate
      metrics = nil
      measured = nil
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: Key.self)
      let (step, epoch, loss) = (Key("step"), Key("epoch"), Key("loss"))
      let (rate, metrics, measured) = (Key("learning_rate"), Key("metrics"), Key("measured"))
      let keys = Set(values.allKeys)
      guard
        keys == [step, epoch, loss, rate] || keys == [step, epoch, metrics]
          || keys == [step, epoch, measured]
      else {
        throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "other keys"))
      }
      self.step = try values.decode(Int.self, forKey: step)
      self.epoch = try values.decode(Int.self, forKey: epoch)
      self.loss = try values.decodeIfPresent(Double.self, forKey: loss)
      learningRate = try values.decodeIfPresent(Double.self, forKey: rate)
      self.metrics = try values.decodeIfPresent([String: Double?].self, forKey: metrics)
      self.measured = try values.decodeIfPresent([String: Double?].self, forKey: measured)
      guard self.metrics != nil || self.measured != nil || keys.contains(loss) else {
        throw DecodingError.dataCorrupted(.init(codingPath: [], debugDescription: "no metrics"))
      }
    }
  }
}
