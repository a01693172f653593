import Foundation
import Testing

@testable import Training

@Suite struct SpeedTests {
  /// Steps that a run had taken before it was gone on with were not taken now.
  @Test func stepsOfThisProcessAlone() {
    let meter = SpeedMeter(clock: ContinuousClock(), step: 1_000_000)
    usleep(1000)
    #expect(meter.stepsPerSecond(at: 1_000_000) == 0)
    let speed = meter.stepsPerSecond(at: 1_000_003)
    #expect(speed > 0 && speed <= 3000)
  }

  /// A rate is that of the time in which steps were taken; the time left counts all.
  @Test func whatIsNoStepIsLeftOut() async throws {
    var meter = SpeedMeter(clock: ContinuousClock(), step: 10)
    try await Task.sleep(for: .milliseconds(40))
    let (whole, left) = (meter.stepsPerSecond(at: 20), meter.secondsLeft(to: 40, at: 20))
    #expect(whole <= 250 && left >= 0.08)
    meter.leaveOut(.milliseconds(30))
    // Other tests may hold this one up between the calls.
    let now = meter.secondsLeft(to: 40, at: 20)
    #expect(meter.stepsPerSecond(at: 20) > 10 / (now / 2) && now >= left)
  }

  /// Ten milliseconds for 1000 samples, then for 2: each epoch has its own samples and its own time.
  @Test func eachEpochForItself() throws {
    var speed = EpochSpeed()
    var count = 0
    var rates: [Double] = []
    for samples in [1000, 2] {
      speed.measure(samples: { count }, waited: { nil }) {
        usleep(10_000)
        count += samples
      }
      for case .scalar("speed/samples_per_second", let rate) in speed.take() { rates.append(rate) }
    }
    #expect(rates.count == 2)
    #expect(rates[0] > 0 && rates[0] <= 100_000)
    #expect(rates[1] > 0 && rates[1] <= 200)
    #expect(speed.take().isEmpty)
  }
}
