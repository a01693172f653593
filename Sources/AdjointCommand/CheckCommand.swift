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
      float64 rows compare the tape with the gradient by hand and with central differences; float32 \
      rows compare values and gradients with float64. Every row also has to notice a gradient that \
      is spoilt by one part in a thousand. Exit code 1 if a row fails.
      """)

  @Argument(help: ArgumentHelp("Names to check; all by default.", valueName: "name"))
  var names: [String] = []

  @Option(help: "What the inputs are drawn from.")
  var seed: UInt64 = 0

  @Flag(help: "Print one JSON array.")
  var json = false

  private struct Row: Encodable {
    let name, group: String
    let maxRelativeError, tolerance: Double
    let cases: Int
    let passed: Bool
  }

  func run() throws {
    Threads.use(Threads.available)
    try conclude(selected().flatMap { $0.run(seed: seed) })
  }

  /// Prints the results, and ends with 1 if one of them failed.
  func conclude(_ results: [GradientCheck.Result]) throws {
    if json {
      try Console.printJSON(
        results.map {
          Row(
            name: $0.name, group: $0.group.rawValue, maxRelativeError: $0.maxRelativeError,
            tolerance: $0.tolerance, cases: $0.cases, passed: $0.passed)
        })
    } else {
      try show(results)
    }
    if results.contains(where: { !$0.passed }) { throw ExitCode(1) }
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

  private func show(_ results: [GradientCheck.Result]) throws {
    var rows = [["name", "group", "cases", "largest error", "tolerance", "verdict"]]
    for result in results {
      rows.append([
        result.name, result.group.rawValue, "\(result.cases)",
        String(format: "%.1e", result.maxRelativeError), String(format: "%.0e", result.tolerance),
        verdict(result),
      ])
    }
    try Console.result(Console.table(rows))
    let failed = results.filter { !$0.passed }.count
    try Console.result("\n\(results.count) rows, \(failed == 0 ? "all agree" : "\(failed) failed")")
  }

  /// What the table says of a result; that a gradient is wrong comes before what the check would not notice.
  func verdict(_ result: GradientCheck.Result) -> String {
    if result.passed { return "ok" }
    return result.maxRelativeError > result.tolerance
      ? "WRONG in case \(result.worstCase)" : "BLIND: a spoilt gradient was not noticed"
  }
}
