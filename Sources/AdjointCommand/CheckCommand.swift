import ArgumentParser
import Experiments
import Foundation
import Tensors

/// `adjoint check`
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Check gradients three ways: by hand, by the tape, by central differences.",
    discussion: """
      In float64 the gradient of the tape is held against the one by hand and against central \
      differences, in float32 values and gradients against float64. Shown is the largest relative \
      error over all cases, and in parentheses what it may be. Every check also has to notice a \
      gradient that is spoilt by one part in a thousand. Exit code 1 if a check fails.
      """)

  @Argument(help: ArgumentHelp("Names to check; all by default.", valueName: "name"))
  var names: [String] = []

  @Option(parsing: .unconditional, help: "What the inputs are drawn from.")
  var seed: UInt64 = 0

  @Flag(help: "Print one JSON array.")
  var json = false

  private struct Row: Encodable {
    let name, group: String
    let maxRelativeError, tolerance: Double
    /// In float64: the errors against either witness.
    let byHandError, differencesError: Double?
    let cases: Int
    let passed: Bool

    init(_ result: GradientCheck.Result) {
      func error(_ witness: GradientCheck.Witness) -> Double? {
        result.comparisons.first { $0.witness == witness }?.error
      }
      name = result.name
      group = result.group.rawValue
      (maxRelativeError, tolerance) = (result.worst.error, result.worst.tolerance)
      (byHandError, differencesError) = (error(.byHand), error(.differences))
      cases = result.cases
      passed = result.passed
    }
  }

  func run() throws {
    Threads.use(Threads.available)
    try conclude(selected().map { $0.run(seed: seed) })
  }

  /// Prints the results of each check, in float64 and in float32, and ends with 1 if one of them failed.
  func conclude(_ checks: [[GradientCheck.Result]]) throws {
    if json {
      try Console.printJSON(checks.joined().map(Row.init))
    } else {
      try show(checks)
    }
    if checks.joined().contains(where: { !$0.passed }) { throw ExitCode(1) }
  }

  private func selected() throws -> [GradientCheck] {
    let all = GradientCheck.all
    if names.isEmpty { return all }
    return try names.map { name in
      guard let found = all.first(where: { $0.name == name }) else {
        throw AdjointError(.usage, unknown("check", name, among: all.map(\.name)))
      }
      return found
    }
  }

  private func show(_ checks: [[GradientCheck.Result]]) throws {
    let columns: [(title: String, witness: GradientCheck.Witness)] = [
      ("by hand", .byHand), ("differences", .differences), ("float32", .double),
    ]
    var rows = [["name", "group", "cases"] + columns.map(\.title) + ["verdict"]]
    for results in checks {
      guard let first = results.first else { continue }
      let errors = columns.map { column in
        results.lazy.flatMap(\.comparisons).first { $0.witness == column.witness }.map(errorText)
          ?? "–"
      }
      rows.append(
        [first.name, first.group.rawValue, "\(first.cases)"] + errors + [verdict(results)])
    }
    try Console.result(Console.table(rows))
    let failed = checks.filter { $0.contains { !$0.passed } }.count
    try Console.result(
      "\n\(checks.count) \(checks.count == 1 ? "check" : "checks"), "
        + (failed == 0 ? "all agree" : "\(failed) failed"))
  }

  private func errorText(_ comparison: GradientCheck.Comparison) -> String {
    String(format: "%.1e (%.0e)", comparison.error, comparison.tolerance)
  }

  /// What the table says of a check; that a gradient is wrong comes before what the check would not notice.
  func verdict(_ results: [GradientCheck.Result]) -> String {
    if let wrong = results.map(\.worst).first(where: { !$0.agrees }) {
      return "WRONG in case \(wrong.worstCase)"
    }
    return results.allSatisfy(\.passed) ? "ok" : "BLIND: a spoilt gradient was not noticed"
  }
}
