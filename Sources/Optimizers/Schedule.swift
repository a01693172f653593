#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Tensors

/// A learning rate as a pure function of how far training has come, in PyTorch's closed forms.
///
/// The index counts whatever the schedule is asked by, steps or epochs, from 0. Being a function and not
/// a counter, it needs nothing saved: resuming asks for the next index.
public indirect enum Schedule: Codable, Sendable, Equatable {
  /// The base rate throughout.
  case constant
  /// Times `factor` after every `size`.
  case step(size: Int, factor: Double)
  /// Times `factor` at each milestone; a milestone that is there twice counts twice.
  case multiStep(milestones: [Int], factor: Double)
  /// Times `factor` each time.
  case exponential(factor: Double)
  /// Half a cosine from the base rate to `minimum` at `total`, where it stays.
  ///
  /// Loshchilov and Hutter, "SGDR", ICLR 2017.
  case cosine(total: Int, minimum: Double = 0)
  /// From `startFactor` to `endFactor` times the base rate in a straight line of `steps`, then level.
  case linear(startFactor: Double, endFactor: Double, steps: Int)
  /// From `startFactor` times the base rate up to it in a straight line of `steps`, then another
  /// schedule from its beginning.
  case linearWarmup(steps: Int, startFactor: Double, then: Schedule)
  /// From `maximum`/`initialDivisor` up to `maximum` in the rising fraction of `total`, then down to the
  /// beginning over `finalDivisor`, both on half cosines; `maximum` is the base rate if it is nil. Momentum stays as it
  /// is, where PyTorch's moves it the other way.
  ///
  /// Smith and Topin, "Super-convergence", arXiv:1708.07120.
  case oneCycle(
    total: Int, maximum: Double? = nil, risingFraction: Double = 0.3,
    initialDivisor: Double = 25, finalDivisor: Double = 1e4)

  /// From `startFactor` times the base rate up to it in a straight line of `warmup`, then half a cosine down
  /// to `minimum` at `total`, the warm-up included.
  ///
  /// Where `warmup` is 0 it is the cosine alone. Goyal et al., "Accurate, large minibatch SGD",
  /// arXiv:1706.02677, for the warm-up; Loshchilov and Hutter, "SGDR", ICLR 2017.
  ///
  /// - Important: what is out of range is found where the schedule is validated or used; a warm-up that takes
  ///   `total` or more leaves no cosine.
  public static func warmupCosine(
    warmup: Int, total: Int, startFactor: Double = 0.01, minimum: Double = 0
  ) -> Schedule {
    let cosine = Schedule.cosine(total: total - max(warmup, 0), minimum: minimum)
    return warmup == 0
      ? cosine : .linearWarmup(steps: warmup, startFactor: startFactor, then: cosine)
  }

  /// The rate at an index.
  ///
  /// - Parameters:
  ///   - base: the rate that was configured.
  ///   - index: from 0.
  /// - Important: stops if the schedule is not valid; see ``validate()``.
  public func rate(base: Double, at index: Int) -> Double {
    require(index >= 0, "Schedule.rate: index \(index) is negative")
    if let problem { stop("Schedule.\(problem)") }
    switch self {
    case .constant: return base
    case .step(let size, let factor): return base * pow(factor, Double(index / size))
    case .multiStep(let milestones, let factor):
      return base * pow(factor, Double(milestones.count { $0 <= index }))
    case .exponential(let factor): return base * pow(factor, Double(index))
    case .cosine(let total, let minimum):
      return halfCosine(from: base, to: minimum, Double(index) / Double(total))
    case .linear(let start, let end, let steps):
      return base * (start + (end - start) * min(1, Double(index) / Double(steps)))
    case .linearWarmup(let steps, let start, let then):
      if index >= steps { return then.rate(base: base, at: index - steps) }
      return base * (start + (1 - start) * Double(index) / Double(steps))
    case .oneCycle(let total, let maximum, let rising, let initialDivisor, let finalDivisor):
      let peak = maximum ?? base
      let initial = peak / initialDivisor
      let (top, end, index) = (rising * Double(total) - 1, Double(total - 1), Double(index))
      if top > 0 && index <= top { return halfCosine(from: initial, to: peak, index / top) }
      return halfCosine(
        from: peak, to: initial / finalDivisor, index < end ? (index - top) / (end - top) : 1)
    }
  }

  /// Checks a schedule that was read from a file or a flag.
  ///
  /// - Throws: `AdjointError` that names the setting, what it is, and what it has to be.
  public func validate() throws {
    if let problem { throw AdjointError(.usage, "schedule \(problem)") }
  }

  private var problem: String? {
    switch self {
    case .constant: nil
    case .step(let size, let factor):
      below("step", "size", size, 1) ?? negative("step", "factor", factor)
    case .multiStep(let milestones, let factor):
      milestones.first { $0 < 0 }.flatMap { below("multiStep", "a milestone", $0, 0) }
        ?? negative("multiStep", "factor", factor)
    case .exponential(let factor): negative("exponential", "factor", factor)
    case .cosine(let total, let minimum):
      below("cosine", "total", total, 1) ?? negative("cosine", "minimum", minimum)
    case .linear(let start, let end, let steps):
      below("linear", "steps", steps, 1) ?? negative("linear", "startFactor", start)
        ?? negative("linear", "endFactor", end)
    case .linearWarmup(let steps, let start, let then):
      below("linearWarmup", "steps", steps, 1) ?? negative("linearWarmup", "startFactor", start)
        ?? then.problem
    case .oneCycle(let total, let maximum, let rising, let initialDivisor, let finalDivisor):
      below("oneCycle", "total", total, 1)
        ?? negative("oneCycle", "maximum", maximum ?? 0)
        ?? (rising >= 0 && rising <= 1
          ? nil : "oneCycle: risingFraction is \(rising); it has to be in 0 ... 1")
        ?? notPositive("oneCycle", "initialDivisor", initialDivisor)
        ?? notPositive("oneCycle", "finalDivisor", finalDivisor)
    }
  }
}

private func halfCosine(from start: Double, to end: Double, _ fraction: Double) -> Double {
  end + (start - end) / 2 * (1 + cos(Double.pi * min(1, fraction)))
}

private func below(_ schedule: String, _ setting: String, _ value: Int, _ least: Int) -> String? {
  value >= least ? nil : "\(schedule): \(setting) is \(value); it has to be at least \(least)"
}

private func negative(_ schedule: String, _ setting: String, _ value: Double) -> String? {
  value >= 0 && value.isFinite
    ? nil : "\(schedule): \(setting) is \(value); it has to be a finite number from 0"
}

private func notPositive(_ schedule: String, _ setting: String, _ value: Double) -> String? {
  value > 0 && value.isFinite
    ? nil : "\(schedule): \(setting) is \(value); it has to be a finite number above 0"
}
