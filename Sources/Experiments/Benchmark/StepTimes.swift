/// How long steps took: all of them, or where they are many every second one, then every fourth, …, so that the memory
/// that a measurement takes does not grow with its time.
struct StepTimes {
  /// The most that are kept.
  static let most = 1 << 17
  /// In the order of the steps.
  private(set) var kept: [Double] = []
  private var stride = 1
  private var untilNext = 0

  init() { kept.reserveCapacity(Self.most) }

  mutating func append(_ time: Double) {
    guard untilNext == 0 else {
      untilNext -= 1
      return
    }
    if kept.count == Self.most {
      for place in 0..<Self.most / 2 { kept[place] = kept[2 * place] }
      kept.removeLast(Self.most / 2)
      stride *= 2
    }
    kept.append(time)
    untilNext = stride - 1
  }
}
