import Foundation

/// Where an axis is marked, and with what words.
enum Ticks {
  /// The smallest of 1, 2, 5 times a power of ten that divides `width` into at most `count` steps.
  static func step(width: Double, count: Int) -> Double {
    let rough = max(width / Double(count), smallest)
    let exponent = Int(log10(rough).rounded(.down))
    // A hair of slack: ten steps of 0.1 may add up to a little more than 1.
    for (factor, shift) in [(1.0, 0), (2, 0), (5, 0), (1, 1)] {
      let step = power(factor, exponent + shift)
      if step >= rough * (1 - 1e-9) { return step }
    }
    return power(2, exponent + 1)
  }

  /// Multiples of `step` from `lower` to `upper`, both included where they are multiples.
  static func multiples(of step: Double, from lower: Double, to upper: Double) -> [Double] {
    let first = (lower / step - 1e-6).rounded(.up)
    let last = (upper / step + 1e-6).rounded(.down)
    guard first <= last else { return [] }
    // Division by a whole number is exact where multiplication by its inverse is not: 3 / 10, not 3 × 0.1.
    let inverse = (1 / step).rounded()
    return stride(from: first, through: last, by: 1).map {
      step < 1 && inverse.isFinite ? $0 / inverse : $0 * step
    }
  }

  /// Exponents of ten to mark between two exponents, with at most `count` steps between them.
  static func decades(from lower: Double, to upper: Double, count: Int) -> [Int] {
    let (first, last) = (Int((lower - 1e-9).rounded(.up)), Int((upper + 1e-9).rounded(.down)))
    guard first <= last else { return [] }
    let count = max(count, 1)
    let every = max(1, (last - first + count - 1) / count)
    return (first...last).filter { $0.isMultiple(of: every) }
  }

  /// 1, 2 and 5 times powers of ten between two exponents, or 1 and 3 times where those are more than `count` steps.
  static func withinDecades(from lower: Double, to upper: Double, count: Int) -> [Double] {
    let exponents = Int(lower.rounded(.down))...Int(upper.rounded(.down))
    let inside = { (factors: [Double]) in
      exponents.flatMap { exponent in factors.map { power($0, exponent) } }
        .filter { (lower - 1e-9...upper + 1e-9).contains(log10($0)) }
    }
    let marks = inside([1, 2, 5])
    return marks.count <= count + 1 ? marks : inside([1, 3])
  }

  /// The words for linear ticks `step` apart: as many decimals as the step needs, thousands grouped,
  /// and one common power of ten where the numbers would be long.
  static func labels(_ values: [Double], step: Double) -> [String] {
    let largest = values.lazy.map(abs).max() ?? 0
    guard max(largest, step) >= smallest else { return values.map { _ in "0" } }
    let exponent = Int(log10(max(largest, step)).rounded(.down))
    if exponent >= 6 || exponent <= -5 {
      let shrunk = labels(values.map { $0 / power(1, exponent) }, step: step / power(1, exponent))
      return zip(values, shrunk).map { $0 == 0 ? "0" : "\($1)×\(powerLabel(exponent))" }
    }
    let decimals = min(max(0, -Int((log10(step) + 1e-9).rounded(.down))), 15)
    return values.map { value in
      let digits = String(format: "%.\(decimals)f", abs(value))
      let negative = value < 0 && digits.contains { $0 != "0" && $0 != "." }
      return (negative ? "−" : "") + grouped(digits)
    }
  }

  /// 10 with the exponent raised, as in 10⁻³.
  static func powerLabel(_ exponent: Int) -> String {
    let raised = Array("⁰¹²³⁴⁵⁶⁷⁸⁹")
    let digits = String(exponent.magnitude).compactMap(\.wholeNumberValue).map { raised[$0] }
    return "10" + (exponent < 0 ? "⁻" : "") + String(digits)
  }

  /// A number of the data in few characters: four digits, grouped thousands.
  static func short(_ value: Double) -> String {
    guard value.isFinite else { return value.isNaN ? "NaN" : value < 0 ? "−∞" : "∞" }
    if abs(value) < smallest { return "0" }
    let exponent = Int(log10(abs(value)).rounded(.down))
    return labels([value], step: power(1, exponent - 2))[0].trimmingZeros
  }

  /// What is shown as zero: a hundredth of it would be near the denormal numbers, which threads that compute flush to zero.
  private static let smallest = 1e-300

  static func power(_ factor: Double, _ exponent: Int) -> Double {
    exponent < 0 ? factor / pow(10, Double(-exponent)) : factor * pow(10, Double(exponent))
  }

  /// The digits of a number, thousands grouped as in `1,234.5`.
  static func grouped(_ digits: String) -> String {
    let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
    guard parts[0].count > 3 else { return digits }
    var whole = ""
    for (index, digit) in parts[0].enumerated() {
      if index > 0, (parts[0].count - index).isMultiple(of: 3) { whole += "," }
      whole.append(digit)
    }
    return parts.count > 1 ? "\(whole).\(parts[1])" : whole
  }
}

extension String {
  /// Without the zeros that end a decimal fraction, whatever follows the number.
  fileprivate var trimmingZeros: String {
    let number = prefix { $0 != "×" }
    guard number.contains(".") else { return self }
    var kept = number
    while kept.last == "0" { kept.removeLast() }
    if kept.last == "." { kept.removeLast() }
    return String(kept) + dropFirst(number.count)
  }
}
