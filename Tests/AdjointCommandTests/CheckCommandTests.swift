import ArgumentParser
import Foundation
import TestSupport
import Testing

@testable import AdjointCommand
@testable import Tensors

@Suite struct CheckCommandTests {
  @Test func jsonHasARowForEachCheckAndPrecision() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(["check", "--json"], in: folder)
    #expect(result.status == 0)
    #expect(result.errors.isEmpty)
    let rows = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
    #expect(rows.count >= 60)
    var names: Set<String> = []
    for row in rows {
      let name = try #require(row["name"] as? String)
      let isSingle = name.hasSuffix("(float32)")
      let witnesses = isSingle ? [] : ["by_hand_error", "differences_error"]
      #expect(
        row.keys.sorted()
          == (["cases", "group", "max_relative_error", "name", "passed", "tolerance"] + witnesses)
          .sorted())
      // By hand and by the tape nothing but the order of sums is different.
      if !isSingle { #expect(try #require(row["by_hand_error"] as? Double) <= 1e-12, "\(name)") }
      #expect(names.insert(name).inserted)
      #expect(row["passed"] as? Bool == true, "\(name)")
      let tolerance = try #require(row["tolerance"] as? Double)
      #expect(try #require(row["max_relative_error"] as? Double) <= tolerance, "\(name)")
      #expect(tolerance <= (isSingle ? 1e-4 : 1e-7), "\(name)")
      #expect(try #require(row["cases"] as? Int) >= 1)
    }
    for name in ["two_layer_perceptron", "Linear", "tanh", "softmax_cross_entropy"] {
      #expect(names.contains(name), "\(name)")
    }
  }

  @Test func tableOfSomeNames() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(["check", "two_layer_perceptron", "tanh"], in: folder)
    #expect(result.status == 0)
    let lines = result.output.split(separator: "\n", omittingEmptySubsequences: false)
      .map(String.init)
    #expect(lines.count == 6)
    #expect(
      lines[0].split(separator: "  ").map { $0.trimmingCharacters(in: .whitespaces) } == [
        "name", "group", "cases", "by hand", "differences", "float32", "verdict",
      ])
    #expect(lines[1].hasPrefix("two_layer_perceptron  network "))
    #expect(
      lines[2].contains(
        /^tanh +operation +\d+ +\S+ \(1e-12\) +\S+ \(1e-08\) +\S+ \(2e-05\)  ok$/))
    #expect(lines[3] == "" && lines[4] == "2 checks, all agree")
    let one = try Command.run(["check", "tanh"], in: folder)
    #expect(one.output.hasSuffix("\n\n1 check, all agree\n"))
  }

  @Test func unknownName() throws {
    let folder = try TemporaryFolder()
    let names = GradientCheck.all.map(\.name).sorted().joined(separator: ", ")
    try expectFailure(
      64, "adjoint: there is no check named tanhh; did you mean tanh? (there are \(names))",
      ["check", "tanhh"], in: folder)
  }

  /// No check of ours fails, and from outside none can be made to.
  @Test func oneFailureIsExitCodeOne() throws {
    for arguments in [[], ["--json"]] {
      let command = try CheckCommand.parse(arguments)
      try command.conclude([[result(1e-9), result(0)]])
      for wrong in [
        result(1e-7), result(0, byHand: 1e-11), result(0, noticed: false), result(.infinity),
      ] {
        #expect(throws: ExitCode(1)) { try command.conclude([[result(1e-9), wrong]]) }
        #expect(throws: ExitCode(1)) { try command.conclude([[result(1e-9)], [wrong]]) }
      }
    }
  }

  /// A check that fails in both precisions is one that failed.
  @Test func failuresAreCountedByCheck() async throws {
    let run = await #expect(processExitsWith: .success, observing: [\.standardOutputContent]) {
      let tests = CheckCommandTests()
      let (right, wrong) = (tests.result(0), tests.result(1))
      let checks = [[right, right], [wrong, wrong], [right, wrong]]
      #expect(throws: ExitCode(1)) { try CheckCommand.parse([]).conclude(checks) }
    }
    let output = String(decoding: try #require(run).standardOutputContent, as: UTF8.self)
    #expect(output.contains("\n\n3 checks, 2 failed\n"), "\(output)")
  }

  @Test func verdicts() throws {
    let command = try CheckCommand.parse([])
    #expect(command.verdict([result(1e-8), result(0)]) == "ok")
    #expect(command.verdict([result(0), result(1e-7)]) == "WRONG in case [1]")
    // What agrees with the differences may differ from the gradient by hand by more than rounding does.
    #expect(command.verdict([result(1e-8, byHand: 1e-11)]) == "WRONG in case [2]")
    #expect(
      command.verdict([result(0), result(0, noticed: false)])
        == "BLIND: a spoilt gradient was not noticed")
    // As where the tape gives nothing but zeros: there is none to spoil, and they are wrong.
    #expect(command.verdict([result(1, noticed: false)]) == "WRONG in case [1]")
  }

  private func result(
    _ error: Double, byHand: Double = 0, noticed: Bool = true
  ) -> GradientCheck.Result {
    .init(
      name: "trial", group: .operation,
      comparisons: [
        .init(witness: .byHand, error: byHand, tolerance: 1e-12, worstCase: "[2]"),
        .init(witness: .differences, error: error, tolerance: 1e-8, worstCase: "[1]"),
      ], cases: 1, noticesSpoiltGradient: noticed)
  }
}
