/// Steps in a second since the loop began, the time left, and when to show them next.
struct SpeedMeter {
  private let clock: ContinuousClock
  private let began: ContinuousClock.Instant
  private let firstStep: Int
  private var due: ContinuousClock.Instant
  private var leftOut = Duration.zero

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

  /// Time in which no steps were taken, as when an epoch is measured.
  mutating func leaveOut(_ duration: Duration) { leftOut += duration }

  /// Of the time in which steps were taken.
  func stepsPerSecond(at step: Int) -> Double {
    rate(at: step, over: clock.now - began - leftOut)
  }

  /// If it goes on as it went, with all that comes between the steps.
  func secondsLeft(to last: Int, at step: Int) -> Double {
    let speed = rate(at: step, over: clock.now - began)
    return speed > 0 ? Double(last - step) / speed : .infinity
  }

  private func rate(at step: Int, over duration: Duration) -> Double {
    let seconds = duration / .seconds(1)
    return seconds > 0 ? Double(step - firstStep) / seconds : 0
  }
}
