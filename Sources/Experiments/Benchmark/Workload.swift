import Foundation
import Layers
import Models
import Optimizers
import Tensors
import Training

/// A fixed training step to time, the same one that the scripts of `Benchmarks/Peers` do.
///
/// Inputs and weights are NumPy's `RandomState(0)`: x = randn(batch, inputs), then each weight matrix
/// randn(outputs, inputs) / √inputs, biases 0, labels the row number modulo the classes.
public struct Workload: Sendable {
  /// The name it is called by.
  public let name: String
  /// What it is, in one line.
  public let summary: String
  let widths: [Int]
  let batch: Int
  let learningRate: Double
  let momentum: Double

  /// All workloads.
  public static let all = [
    Workload("mnist-mlp", [784, 50, 10], batch: 16, learningRate: 0.1),
    Workload("two-layer", [3072, 50, 10], batch: 200, learningRate: 1e-2, momentum: 0.9),
    Workload("uva-mlp", [3072, 100, 10], batch: 200, learningRate: 2e-3),
    Workload("tiny", [4, 10, 3], batch: 5, learningRate: 0.1),
  ]

  private init(
    _ name: String, _ widths: [Int], batch: Int, learningRate: Double, momentum: Double = 0
  ) {
    self.name = name
    self.widths = widths
    self.batch = batch
    self.learningRate = learningRate
    self.momentum = momentum
    summary =
      "\(widths.map(String.init).joined(separator: "-")), batch \(batch), SGD"
      + (momentum > 0 ? " with momentum \(momentum)" : "")
  }

  /// The workload of that name.
  ///
  /// - Throws: ``AdjointError`` with the nearest name if there is none.
  public static func named(_ name: String) throws -> Workload {
    if let found = all.first(where: { $0.name == name }) { return found }
    throw AdjointError(.usage, unknown("workload", name, among: all.map(\.name)))
  }

  /// What is timed.
  public enum Mode: String, Sendable, CaseIterable {
    /// Forward, backward and update, gradients by the tape.
    case tape
    /// Forward, backward and update, gradients by hand.
    case byHand = "by-hand"
    /// The forward pass alone.
    case inference
  }

  /// What was measured.
  public struct Measurement: Codable, Sendable {
    var workload: String
    var mode: String
    var precision: String
    var threads: Int
    var initialLoss: Double?
    var lossAfter10: Double?
    var medianMs: Double
    var p10Ms: Double
    var p90Ms: Double
    var steps: Int
    var peakBytes: Int
    var systemRequestsInSteadyState: Int
    var processor: String
    var version: String

    /// The conversion to snake case puts no underscore in front of a number.
    enum CodingKeys: String, CodingKey {
      case workload, mode, precision, threads, initialLoss, medianMs, p10Ms, p90Ms, steps, peakBytes
      case systemRequestsInSteadyState, processor, version
      case lossAfter10 = "loss_after_10"
    }

    /// One line for people.
    public var line: String {
      String(
        format: "%@  %@  median %.4f ms  (10 %% %.4f, 90 %% %.4f)  %d steps  peak %.1f MB",
        workload, mode, medianMs, p10Ms, p90Ms, steps, Double(peakBytes) / 1e6)
    }
  }

  /// Times steps, one by one, for that many seconds.
  public func measure(mode: Mode, dtype: DType, seconds: Double) throws -> Measurement {
    let (model, x, labels) = build(dtype)
    let parameters = parameters(of: model)
    let optimizer = SGD(parameters, learningRate: learningRate, momentum: momentum)
    let step = ClassificationStep(
      model, optimizer: optimizer,
      byHand: mode == .byHand ? handWrittenGradient(of: parameters) : nil, seed: 0)
    Memory.resetPeak()
    var count = 0
    func run() throws {
      if mode == .inference {
        _ = model(x, .inference)
      } else {
        _ = try step(x, labels, step: count)
      }
      count += 1
    }
    var losses: (Double, Double)?
    if mode != .inference {
      let first = try step(x, labels, step: 0).loss
      for index in 1..<10 { _ = try step(x, labels, step: index) }
      losses = (first, softmaxCrossEntropy(model(x, .inference), labels: labels).item)
    }
    let times = try time(seconds, run)
    let requests = Memory.counters.systemRequests - times.requestsBefore
    return Measurement(
      workload: name, mode: mode.rawValue, precision: dtype.rawValue, threads: Threads.count,
      initialLoss: losses?.0, lossAfter10: losses?.1,
      medianMs: times.sorted[times.sorted.count / 2],
      p10Ms: times.sorted[times.sorted.count / 10],
      p90Ms: times.sorted[times.sorted.count * 9 / 10],
      steps: times.sorted.count, peakBytes: Memory.counters.peakBytes,
      systemRequestsInSteadyState: requests, processor: RunEnvironment.processorName,
      version: adjointVersion)
  }

  private func time(
    _ seconds: Double, _ body: () throws -> Void
  ) throws -> (sorted: [Double], requestsBefore: Int) {
    let clock = ContinuousClock()
    let warmUp = clock.now + .seconds(min(0.5, seconds / 4))
    while clock.now < warmUp { try body() }
    let requestsBefore = Memory.counters.systemRequests
    var times: [Double] = []
    times.reserveCapacity(1 << 20)
    let end = clock.now + .seconds(seconds)
    var before = clock.now
    repeat {
      try body()
      let after = clock.now
      times.append((after - before) / .milliseconds(1))
      before = after
    } while before < end
    return (times.sorted(), requestsBefore)
  }

  private func build(_ dtype: DType) -> (MultilayerPerceptron, Tensor, IndexTensor) {
    var numbers = NumPyRandom(seed: 0)
    let x = Tensor(numbers.randn(batch * widths[0]), shape: [batch, widths[0]], dtype: dtype)
    var random = Philox(seed: 0)
    let model = MultilayerPerceptron(widths: widths, random: &random)
    for layer in model.layers {
      let (outputs, inputs) = (layer.weight.shape[0], layer.weight.shape[1])
      let scale = Double(inputs).squareRoot()
      let values = numbers.randn(outputs * inputs).map { $0 / scale }
      layer.weight.convert(to: dtype)
      layer.weight.value = Tensor(values, shape: layer.weight.shape, dtype: dtype)
      layer.bias?.convert(to: dtype)
      layer.bias?.value = .zeros([outputs], dtype: dtype)
    }
    let classes = widths[widths.count - 1]
    return (model, x, IndexTensor((0..<batch).map { Int32($0 % classes) }))
  }
}
