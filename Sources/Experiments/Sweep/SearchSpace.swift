import Foundation
import Tensors

/// The values a sweep tries, as `--set` gives them: `hidden=50,100`, `learning_rate=log(1e-4,1)`.
struct SearchSpace: Equatable, Sendable {
  /// What a setting may be.
  enum Values: Equatable, Sendable {
    /// Each of these; one alone stays what it is.
    case list([String])
    /// Any number between two, equally likely in its logarithm.
    case logarithmic(Double, Double)
    /// Any number between two, equally likely.
    case linear(Double, Double)
    /// Any whole number from one to another, both included.
    case integers(Int, Int)

    /// How many there are; nil where there is no end of them.
    var count: Int? {
      switch self {
      case .list(let list): return list.count
      case .integers(let low, let high):
        let (width, overflows) = high.subtractingReportingOverflow(low)
        return overflows || width == .max ? nil : width + 1
      case .logarithmic, .linear: return nil
      }
    }
  }

  /// A setting and its values.
  struct Dimension: Equatable, Sendable {
    let key: String
    let values: Values
    /// As it was given.
    let text: String

    /// Whether trials differ in it.
    var varies: Bool {
      if case .list(let list) = values { return list.count > 1 }
      return true
    }

    /// The values in their order; nil where there is a range of them.
    var list: [String]? {
      if case .list(let list) = values { return list }
      return nil
    }
  }

  /// In the order given.
  let dimensions: [Dimension]

  /// Reads what follows each `--set`.
  ///
  /// - Throws: `AdjointError` of kind usage that repeats the text and says what was expected.
  init(_ texts: [String]) throws {
    dimensions = try texts.map(Self.parse)
    for (index, dimension) in dimensions.enumerated() {
      guard !dimensions[..<index].contains(where: { $0.key == dimension.key }) else {
        throw AdjointError(.usage, "--set \(dimension.text): \(dimension.key) is given twice")
      }
    }
  }

  /// The settings in which trials differ.
  var varying: [Dimension] { dimensions.filter(\.varies) }

  /// How many combinations a grid has.
  ///
  /// - Throws: `AdjointError` if a setting has a range.
  func gridSize() throws -> Int {
    var size = 1
    for dimension in dimensions {
      guard let list = dimension.list else {
        throw AdjointError(
          .usage,
          "--set \(dimension.text): a grid tries every value and takes lists (\(dimension.key)=a,b,c); "
            + "--method random draws from ranges")
      }
      let (product, overflows) = size.multipliedReportingOverflow(by: list.count)
      size = overflows ? .max : product
    }
    return size
  }

  /// How many combinations of values there are; nil if a setting is a real range, or if there are more than an `Int`
  /// counts; then trials are drawn independently.
  var combinations: Int? {
    var size = 1
    for dimension in dimensions {
      guard let count = dimension.values.count else { return nil }
      let (product, overflows) = size.multipliedReportingOverflow(by: count)
      if overflows { return nil }
      size = product
    }
    return size
  }

  /// The settings of one of the ``combinations``; the last setting changes fastest.
  func gridSettings(_ index: Int) -> [(key: String, value: String)] {
    var rest = index
    let reversed = dimensions.reversed().map { dimension in
      let count = dimension.values.count ?? 1
      defer { rest /= count }
      return (key: dimension.key, value: Self.value(rest % count, of: dimension.values))
    }
    return reversed.reversed()
  }

  private static func value(_ index: Int, of values: Values) -> String {
    switch values {
    case .list(let list): list[index]
    case .integers(let low, _): "\(low + index)"
    case .logarithmic, .linear: draw(values, at: 0)
    }
  }

  /// The settings of a trial where none of so many combinations is drawn twice: they are the same whatever other trials
  /// there are, as the order of all combinations is the seed's.
  func dealtSettings(
    _ trial: Int, of combinations: Int, seed: UInt64
  ) -> [(key: String, value: String)] {
    gridSettings(SeededOrder(count: combinations, seed: seed)[trial])
  }

  /// The settings of a trial, drawn from its own stream of random numbers: they are the same whatever other
  /// trials there are.
  func drawnSettings(_ trial: Int, seed: UInt64) -> [(key: String, value: String)] {
    var random = Philox(seed: seed, stream: UInt64(trial))
    return dimensions.map { dimension in
      guard dimension.varies else { return (dimension.key, dimension.list?[0] ?? "") }
      return (dimension.key, Self.draw(dimension.values, at: random.uniform()))
    }
  }

  // MARK: - Drawing

  static func draw(_ values: Values, at share: Double) -> String {
    switch values {
    case .list(let list): list[min(Int(share * Double(list.count)), list.count - 1)]
    case .logarithmic(let low, let high):
      rounded(exp(log(low) + share * (log(high) - log(low))), low, high)
    case .linear(let low, let high): rounded(low + share * (high - low), low, high)
    case .integers(let low, let high): "\(integer(low, high, at: share))"
    }
  }

  /// The distance between the two may be more than the largest number.
  private static func integer(_ low: Int, _ high: Int, at share: Double) -> Int {
    let width = UInt(bitPattern: high &- low)
    return low &+ Int(bitPattern: min(UInt(share * (Double(width) + 1)), width))
  }

  /// Four digits: nobody can tell more apart, and people write them down.
  private static func rounded(_ value: Double, _ low: Double, _ high: Double) -> String {
    let short = Double(String(format: "%.4g", value)) ?? value
    let value = min(max(short, low), high)
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  // MARK: - Parsing

  private static func parse(_ text: String) throws -> Dimension {
    guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
      throw AdjointError(
        .usage,
        "--set \(text): expected key=a,b,c or key=log(lo,hi), key=lin(lo,hi), key=int(lo,hi)")
    }
    let key = text[..<equals].replacing("-", with: "_")
    let value = text[text.index(after: equals)...]
    let values: Values
    if let match = value.wholeMatch(of: /(\w+)\((.*)\)/) {
      values = try range(String(match.1), String(match.2), text)
    } else {
      values = .list(try list(value, text))
    }
    return Dimension(key: String(key), values: values, text: text)
  }

  /// Commas separate values, or bars where the values themselves have commas.
  private static func list(_ value: Substring, _ text: String) throws -> [String] {
    let separator: Character = value.contains("|") ? "|" : ","
    var list = value.split(separator: separator, omittingEmptySubsequences: false).map(String.init)
    // One value with commas: `widths=200,100|`.
    if separator == "|", list.count == 2, list[1].isEmpty { list.removeLast() }
    if list.contains("") && list.count > 1 {
      throw AdjointError(.usage, "--set \(text): expected a value before and after each separator")
    }
    for (index, value) in list.enumerated() {
      for other in list[..<index] {
        if value == other {
          throw AdjointError(.usage, "--set \(text): \(value) is there twice")
        }
        if let number = Double(value), number == Double(other) {
          throw AdjointError(.usage, "--set \(text): \(other) and \(value) are the same number")
        }
      }
    }
    return list
  }

  private static func range(_ name: String, _ inside: String, _ text: String) throws -> Values {
    guard ["log", "lin", "int"].contains(name) else {
      throw AdjointError(
        .usage, "--set \(text): " + unknown("range", name, among: ["log", "lin", "int"]))
    }
    let ends = inside.split(separator: ",", omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    if name == "int" {
      let numbers = ends.compactMap(Int.init)
      guard ends.count == 2, numbers.count == 2, numbers[0] < numbers[1] else {
        throw AdjointError(.usage, "--set \(text): expected int(lo,hi) with whole numbers lo < hi")
      }
      return .integers(numbers[0], numbers[1])
    }
    let numbers = ends.compactMap(Double.init).filter(\.isFinite)
    guard ends.count == 2, numbers.count == 2, numbers[0] < numbers[1],
      name == "lin" || numbers[0] > 0
    else {
      throw AdjointError(
        .usage,
        name == "log"
          ? "--set \(text): expected log(lo,hi) with 0 < lo < hi"
          : "--set \(text): expected lin(lo,hi) with numbers lo < hi")
    }
    return name == "log" ? .logarithmic(numbers[0], numbers[1]) : .linear(numbers[0], numbers[1])
  }
}
