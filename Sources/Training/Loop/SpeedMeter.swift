/// Steps per second since the loop began, and when to show them next.
struct SpeedMeter {
  private let clock: ContinuousClock
  private let began: ContinuousClock.Instant
  private let firstStep: Int
  private var due: ContinuousClock.Instant

  init(clock: ContinuousClock, step: Int) {
    self.clock = clock
    began = clock.now
    firstStep = step
    due = began + .milliseconds(100)
  }

  /// True ten times a second.
  mutating func isDue() -> Bool {
    let now = clock.now
    guard now >= due else { return false }
    due = now + .milliseconds(100)
    return true
  }

  func stepsPerSecond(at step: Int) -> Double {
    let seconds = (clock.now - began) / .seconds(1)
    return seconds > 0 ? Double(step - firstStep) / seconds : 0
  }
}
