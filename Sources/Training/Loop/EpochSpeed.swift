/// How fast the steps of an epoch were, evaluation and checkpoints at its end left out.
struct EpochSpeed {
  private let clock = ContinuousClock()
  private var seconds = 0.0
  private var samples = 0
  private var waited: Double?

  /// Adds what `body` trains: how many samples there were is asked before and after, and so are the seconds
  /// that steps waited for data, where they are known.
  mutating func measure(
    samples count: () -> Int, waited wait: () -> Double?, _ body: () throws -> Void
  ) rethrows {
    let (began, first, waitedBefore) = (clock.now, count(), wait())
    try body()
    seconds += (clock.now - began) / .seconds(1)
    samples += count() - first
    if let before = waitedBefore, let after = wait() { waited = (waited ?? 0) + after - before }
  }

  /// `speed/samples_per_second` and, where it is known, `speed/waiting_share`; begins anew.
  mutating func take() -> [RunSummary] {
    defer { (seconds, samples, waited) = (0, 0, nil) }
    guard seconds > 0 else { return [] }
    return [.scalar("speed/samples_per_second", Double(samples) / seconds)]
      + (waited.map { [.scalar("speed/waiting_share", min($0 / seconds, 1))] } ?? [])
  }
}
