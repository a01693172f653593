import Foundation
import Synchronization
import Tensors
import Training

/// A fixed training step to time, the same one that the scripts of `Benchmarks/Peers` do.
///
/// Inputs and weights are drawn from NumPy's `RandomState(0)`, so that everyone begins with the same numbers. An
/// experiment enters its workload from its own folder:
///
/// ```swift
/// @section("adjoint_registry") @used
/// private let workload: Registration = { Workload.register(Workload("tiny", "4-10-3") { … }) }
/// ```
public struct Workload: Sendable {
  /// One network with its batch and its optimiser, ready to step.
  struct Job {
    /// Forward, backward and update; returns the loss before the update.
    let step: (_ number: Int) throws -> Double
    /// The loss with the weights as they are, without noise.
    let loss: () -> Double
    /// The forward pass alone.
    let infer: () -> Void
  }

  /// What a job is asked to do.
  struct Request {
    let mode: Mode
    let dtype: DType
    /// False where the losses are compared with those of others: dropout is off and what is drawn in a step is
    /// a fixed array, for no two libraries draw alike.
    let isNoisy: Bool
  }

  /// The name it is called by.
  public let name: String
  /// What it is, in one line.
  public let summary: String
  /// How it can be run.
  public let modes: [Mode]
  /// The types it can be run in.
  public let precisions: [DType]
  private let prepare: @Sendable (Request) throws -> Job

  /// - Parameters:
  ///   - name: what it is called by.
  ///   - summary: what it is, in one line.
  ///   - modes: how it can be run.
  ///   - precisions: the types it can be run in.
  ///   - prepare: makes the network, always with the same numbers.
  init(
    _ name: String, _ summary: String, modes: [Mode] = Mode.allCases,
    precisions: [DType] = DType.full, prepare: @escaping @Sendable (Request) throws -> Job
  ) {
    self.name = name
    self.summary = summary
    self.modes = modes
    self.precisions = precisions
    self.prepare = prepare
  }

  private static let registered = Mutex<[String: Workload]>([:])

  /// Enters a workload.
  static func register(_ workload: Workload) {
    registered.withLock { all in
      require(all[workload.name] == nil, "Workload: \(workload.name) is registered twice")
      all[workload.name] = workload
    }
  }

  /// All workloads, by name.
  public static var all: [Workload] {
    Registry.load()
    return registered.withLock { $0.values.sorted { $0.name < $1.name } }
  }

  /// The workload of that name.
  ///
  /// - Throws: `AdjointError` with the nearest name if there is none.
  public static func named(_ name: String) throws -> Workload {
    if let found = all.first(where: { $0.name == name }) { return found }
    throw AdjointError(.usage, unknown("workload", name, among: all.map(\.name)))
  }

  /// All workloads that can be run so, by name.
  ///
  /// - Parameters:
  ///   - mode: what a step is.
  ///   - dtype: the type of weights and activations.
  /// - Throws: `AdjointError` of kind usage if there is none.
  public static func runnable(_ mode: Mode, in dtype: DType) throws -> [Workload] {
    let found = all.filter { $0.modes.contains(mode) && $0.precisions.contains(dtype) }
    guard !found.isEmpty else {
      throw AdjointError(
        .usage,
        "--precision \(dtype.rawValue): there is no workload that can be run \(mode.rawValue) in it"
      )
    }
    return found
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
    /// The most memory this process ever had in use, libraries and all.
    var peakResidentBytes: Int
    var systemRequestsInSteadyState: Int
    /// How often one step brought a convolution's weights into the order its primitive wants.
    var weightReorders: Int
    /// How often one step brought the axes of another tensor into another order.
    var activationReorders: Int
    /// Whether the Swift part was compiled with optimisation.
    var isOptimized: Bool
    var processor: String
    var version: String

    /// The conversion to snake case puts no underscore in front of a number.
    enum CodingKeys: String, CodingKey {
      case workload, mode, precision, threads, initialLoss, medianMs, p10Ms, p90Ms, steps, peakBytes
      case peakResidentBytes
      case systemRequestsInSteadyState, weightReorders, activationReorders, isOptimized, processor,
        version
      case lossAfter10 = "loss_after_10"
    }

    /// One line for people.
    public var line: String {
      String(
        format:
          "%@  %@  median %.4f ms  (10 %% %.4f, 90 %% %.4f)  %d step%@  peak of tensors %.1f MB  "
          + "reorders of weights %d, of activations %d",
        workload, mode, medianMs, p10Ms, p90Ms, steps, steps == 1 ? "" : "s",
        Double(peakBytes) / 1e6, weightReorders, activationReorders)
    }
  }

  /// Throws a usage error for a mode or a type that it does not have.
  public func requireSuited(_ mode: Mode, _ dtype: DType) throws {
    guard modes.contains(mode) else {
      throw AdjointError(
        .usage,
        "\(name): has no step \(mode.rawValue); it has \(modes.map(\.rawValue).joined(separator: ", "))"
      )
    }
    guard precisions.contains(dtype) else {
      throw AdjointError(
        .usage,
        "\(name): cannot be run in \(dtype.rawValue); it can be run in "
          + precisions.map(\.rawValue).joined(separator: ", "))
    }
  }

  /// Times steps, one by one, for that many seconds.
  ///
  /// - Parameters:
  ///   - mode: what a step is.
  ///   - dtype: the type of weights and activations.
  ///   - seconds: for how long.
  ///   - comparedSteps: steps after which the loss is compared with that of others; 0 for none.
  /// - Throws: `AdjointError` of kind usage for a mode that it does not have.
  public func measure(
    mode: Mode, dtype: DType, seconds: Double, comparedSteps: Int = 10
  ) throws -> Measurement {
    try requireSuited(mode, dtype)
    let losses = try comparedLosses(mode, dtype, steps: comparedSteps)
    let job = try prepare(Request(mode: mode, dtype: dtype, isNoisy: true))
    Memory.resetPeak()
    var number = 0
    let times = try time(seconds) {
      if mode == .inference { job.infer() } else { _ = try job.step(number) }
      number += 1
    }
    let requests = Memory.counters.systemRequests - times.requestsBefore
    let sorted = times.kept.sorted()
    let reorders = (weights: convolutionWeightReorders, images: axisPermutations)
    if mode == .inference { job.infer() } else { _ = try job.step(number) }
    return Measurement(
      workload: name, mode: mode.rawValue, precision: dtype.rawValue, threads: Threads.count,
      initialLoss: losses.initial, lossAfter10: losses.after,
      medianMs: sorted[sorted.count / 2],
      p10Ms: sorted[sorted.count / 10],
      p90Ms: sorted[sorted.count * 9 / 10],
      steps: number - times.warmUp, peakBytes: Memory.counters.peakBytes,
      peakResidentBytes: RunEnvironment.peakResidentBytes,
      systemRequestsInSteadyState: requests,
      weightReorders: convolutionWeightReorders - reorders.weights,
      activationReorders: axisPermutations - reorders.images,
      isOptimized: RunEnvironment.isOptimizedBuild, processor: RunEnvironment.processorName,
      version: adjointVersion)
  }

  /// The loss before the first step and after the last of some, without noise; before alone where there are none.
  func comparedLosses(
    _ mode: Mode, _ dtype: DType, steps: Int = 10
  ) throws -> (initial: Double, after: Double?) {
    let job = try prepare(Request(mode: mode, dtype: dtype, isNoisy: false))
    if mode == .inference || steps == 0 { return (job.loss(), nil) }
    let first = try job.step(0)
    for number in 1..<steps { _ = try job.step(number) }
    return (first, job.loss())
  }

  private func time(
    _ seconds: Double, _ body: () throws -> Void
  ) throws -> (kept: [Double], warmUp: Int, requestsBefore: Int) {
    let clock = ContinuousClock()
    let warmUp = clock.now + .seconds(min(0.5, seconds / 4))
    // However short the time, the first steps are not yet those of the steady state.
    var steps = 0
    while clock.now < warmUp || steps < 4 {
      try body()
      steps += 1
    }
    let requestsBefore = Memory.counters.systemRequests
    var times = StepTimes()
    let end = clock.now + .seconds(seconds)
    var before = clock.now
    repeat {
      try body()
      let after = clock.now
      times.append((after - before) / .milliseconds(1))
      before = after
    } while before < end
    return (times.kept, steps, requestsBefore)
  }
}
