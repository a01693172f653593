import Foundation
import TestSupport
import Testing

/// The programs that the documentation shows, as they were built.
@Suite struct SnippetTests {
  @Test func gettingStartedLearnsToMultiply() throws {
    let line = try #require(try lines(of: "GettingStarted").last)
    let product = try number(after: "0.6 × 0.7 ≈ ", in: line)
    // The loss of its last step is some 2·10⁻⁵, the square of 0.005.
    #expect(abs(product - 0.42) < 0.01)
  }

  @Test func threeGradientsAgree() throws {
    let lines = try lines(of: "ThreeWays")
    #expect(lines.count == 4)
    for line in lines {
      // By hand to rounding; differences as `adjoint check` asks for them.
      let (words, tolerance) =
        line.contains("by hand") ? ("tape and by hand ", 1e-14) : ("tape and differences ", 1e-8)
      #expect(try number(after: words, in: line) < tolerance, "\(line)")
    }
  }

  @Test func theClassifierLearnsAndItsCopyIsTheSame() throws {
    let lines = try lines(of: "FromPyTorch")
    let trained = try number(after: "accuracy ", in: lines[lines.count - 2])
    let copy = try number(after: "accuracy of the copy ", in: lines[lines.count - 1])
    #expect(trained > 0.95)
    #expect(copy == trained)
  }

  @Test func aRunOfOnesOwnGoesOnBitForBit() throws {
    let lines = try lines(of: "OwnRun")
    #expect(try number(after: "accuracy ", in: lines[0]) > 0.8)
    #expect(lines.dropFirst() == ["the same bit for bit: true"])
  }

  private func lines(of name: String) throws -> [Substring] {
    let process = Process()
    let pipe = Pipe()
    process.executableURL = BuiltProgram.url(name)
    process.standardOutput = pipe
    try process.run()
    let output = try #require(try pipe.fileHandleForReading.readToEnd())
    process.waitUntilExit()
    #expect(process.terminationStatus == 0)
    return String(decoding: output, as: UTF8.self).split(separator: "\n")
  }

  private func number(after words: String, in line: Substring) throws -> Double {
    let range = try #require(line.range(of: words), "\(line)")
    return try #require(Double(line[range.upperBound...]), "\(line)")
  }
}
