import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct SearchSpaceTests {
  private func values(_ text: String) throws -> SearchSpace.Values {
    try #require(try SearchSpace([text]).dimensions.first).values
  }

  @Test func everyKindOfValue() throws {
    #expect(try values("hidden=50") == .list(["50"]))
    #expect(try values("hidden=50,100") == .list(["50", "100"]))
    #expect(try values("widths=50,100|200|7,8,9") == .list(["50,100", "200", "7,8,9"]))
    #expect(try values("widths=50,100|") == .list(["50,100"]))
    #expect(try values("rate=log(1e-4, 1)") == .logarithmic(1e-4, 1))
    #expect(try values("rate=lin(-1,0.5)") == .linear(-1, 0.5))
    #expect(try values("hidden=int(-3,100)") == .integers(-3, 100))
    #expect(try values("title=") == .list([""]))
    #expect(try SearchSpace(["batch-size=1"]).dimensions[0].key == "batch_size")
  }

  @Test(arguments: [
    ("hidden", "expected key=a,b,c or key=log(lo,hi), key=lin(lo,hi), key=int(lo,hi)"),
    ("=5", "expected key=a,b,c or key=log(lo,hi), key=lin(lo,hi), key=int(lo,hi)"),
    ("hidden=50,,100", "expected a value before and after each separator"),
    ("hidden=50,", "expected a value before and after each separator"),
    ("hidden=50,100,50", "50 is there twice"),
    ("hidden=5,6,05", "5 and 05 are the same number"),
    ("rate=0.1|1e-1", "0.1 and 1e-1 are the same number"),
    (
      "rate=loq(1,2)",
      "there is no range named loq; did you mean log? (there are int, lin, log)"
    ),
    ("rate=log(0,1)", "expected log(lo,hi) with 0 < lo < hi"),
    ("rate=log(1,1)", "expected log(lo,hi) with 0 < lo < hi"),
    ("rate=log(1)", "expected log(lo,hi) with 0 < lo < hi"),
    ("rate=log(1,2,3)", "expected log(lo,hi) with 0 < lo < hi"),
    ("rate=lin(2,1)", "expected lin(lo,hi) with numbers lo < hi"),
    ("rate=lin(0,inf)", "expected lin(lo,hi) with numbers lo < hi"),
    ("rate=lin(a,b)", "expected lin(lo,hi) with numbers lo < hi"),
    ("hidden=int(1,2.5)", "expected int(lo,hi) with whole numbers lo < hi"),
    ("hidden=int(5,5)", "expected int(lo,hi) with whole numbers lo < hi"),
  ])
  func whatIsRefused(text: String, message: String) {
    expectError(.usage, "--set \(text): \(message)") { _ = try SearchSpace([text]) }
  }

  @Test func keyGivenTwice() {
    expectError(.usage, "--set hidden=3: hidden is given twice") {
      _ = try SearchSpace(["hidden=1,2", "rate=1", "hidden=3"])
    }
  }

  @Test func gridIsEveryCombination() throws {
    let space = try SearchSpace(["a=1,2", "b=x", "c=5,6,7"])
    #expect(try space.gridSize() == 6)
    let all = (0..<6).map { space.gridSettings($0).map(\.value).joined() }
    #expect(all == ["1x5", "1x6", "1x7", "2x5", "2x6", "2x7"])
    #expect(space.gridSettings(0).map(\.key) == ["a", "b", "c"])
    #expect(space.varying.map(\.key) == ["a", "c"])
    expectError(
      .usage,
      "--set r=log(1,2): a grid tries every value and takes lists (r=a,b,c); --method random draws from "
        + "ranges"
    ) { _ = try SearchSpace(["a=1,2", "r=log(1,2)"]).gridSize() }
  }

  @Test func combinationsAreCounted() throws {
    func count(_ texts: String...) throws -> Int? { try SearchSpace(texts).combinations }
    #expect(try count("a=1,2", "b=x", "c=int(3,5)") == 6)
    #expect(try count("a=1,2", "r=lin(0,1)") == nil)
    #expect(try count("a=1,2", "r=log(1,2)") == nil)
    #expect(try count("a=int(1,\(Int.max))") == .max)
    #expect(try count("a=int(0,\(Int.max))") == nil)
    #expect(try count("a=int(\(Int.min),\(Int.max))") == nil)
    #expect(try count("a=int(1,\(Int.max))", "b=1,2") == nil)
    let space = try SearchSpace(["a=1,2", "b=x", "c=int(-1,1)"])
    #expect(
      (0..<6).map { space.gridSettings($0).map(\.value).joined(separator: " ") } == [
        "1 x -1", "1 x 0", "1 x 1", "2 x -1", "2 x 0", "2 x 1",
      ])
  }

  /// Trial k is a combination of its own, the same whatever came before it and whatever stays fixed beside it.
  @Test func noCombinationIsDealtTwice() throws {
    let texts = ["a=1,2", "c=int(3,5)"]
    let space = try SearchSpace(texts)
    func dealt(_ space: SearchSpace, _ trial: Int, _ seed: UInt64) -> [String] {
      space.dealtSettings(trial, of: 6, seed: seed).map(\.value)
    }
    let all = (0..<6).reversed().map { dealt(space, $0, 5) }
    #expect(Set(all).count == 6)
    // The order of six numbers that seed 5 gives is 3, 0, 4, 1, 5, 2, worked out elsewhere.
    #expect(
      all.reversed().map { $0.joined() } == ["23", "13", "24", "14", "25", "15"])
    let beside = try SearchSpace(["epochs=9"] + texts)
    #expect(dealt(beside, 2, 5) == ["9", "2", "4"])
    #expect((0..<6).map { dealt(space, $0, 6) } != (0..<6).map { dealt(space, $0, 5) })
  }

  @Test func endsAndMiddleOfARange() {
    let most = 1 - 0x1p-53
    #expect(SearchSpace.draw(.list(["a", "b", "c"]), at: 0) == "a")
    #expect(SearchSpace.draw(.list(["a", "b", "c"]), at: 0.5) == "b")
    #expect(SearchSpace.draw(.list(["a", "b", "c"]), at: most) == "c")
    #expect(SearchSpace.draw(.logarithmic(1e-4, 1), at: 0) == "0.0001")
    #expect(SearchSpace.draw(.logarithmic(1e-4, 1), at: 0.5) == "0.01")
    #expect(SearchSpace.draw(.logarithmic(1e-4, 1), at: most) == "1")
    #expect(SearchSpace.draw(.linear(-1, 3), at: 0.25) == "0")
    #expect(SearchSpace.draw(.linear(0, 1), at: 1.0 / 3) == "0.3333")
    // Rounding must not leave the range.
    #expect(SearchSpace.draw(.linear(0, 0.99996), at: most) == "0.99996")
    #expect(SearchSpace.draw(.integers(3, 5), at: 0) == "3")
    #expect(SearchSpace.draw(.integers(3, 5), at: 0.34) == "4")
    #expect(SearchSpace.draw(.integers(3, 5), at: most) == "5")
    #expect(SearchSpace.draw(.integers(.min, .max), at: 0) == "\(Int.min)")
    #expect(SearchSpace.draw(.integers(.min, .max), at: 0.5) == "0")
    #expect(SearchSpace.draw(.integers(.max - 1, .max), at: most) == "\(Int.max)")
  }

  /// Trial k is the same whatever came before it, and whatever stays fixed beside it.
  @Test func trialsAreDrawnOneByOne() throws {
    let texts = ["rate=log(1e-4,1)", "hidden=int(1,1000)", "kind=a,b,c"]
    let space = try SearchSpace(texts)
    let seventh = space.drawnSettings(7, seed: 3).map(\.value)
    _ = space.drawnSettings(6, seed: 3)
    #expect(space.drawnSettings(7, seed: 3).map(\.value) == seventh)
    let beside = try SearchSpace(["epochs=5"] + texts).drawnSettings(7, seed: 3)
    #expect(beside.map(\.value) == ["5"] + seventh)
    #expect(space.drawnSettings(8, seed: 3).map(\.value) != seventh)
    #expect(space.drawnSettings(7, seed: 4).map(\.value) != seventh)
    // The first numbers of Philox's stream 7 of seed 3, by its own definition.
    var random = Philox(seed: 3, stream: 7)
    let rate = exp(log(1e-4) * (1 - random.uniform()))
    #expect(abs((Double(seventh[0]) ?? 0) / rate - 1) < 5.1e-4)
    #expect(seventh[1] == "\(1 + Int(random.uniform() * 1000))")
  }

  @Test func drawsCoverTheirRanges() throws {
    let space = try SearchSpace(["rate=log(1e-4,1)", "kind=a,b,c,d"])
    let drawn = (0..<4000).map { space.drawnSettings($0, seed: 0).map(\.value) }
    let decades = drawn.map { Int((-log10(Double($0[0]) ?? 1)).rounded(.down)) }
    for decade in 0..<4 {
      // 1000 are expected; the deviation of such a count is 27.
      #expect(abs(decades.count { $0 == decade } - 1000) < 140)
    }
    for kind in ["a", "b", "c", "d"] {
      #expect(abs(drawn.count { $0[1] == kind } - 1000) < 140)
    }
  }
}

@Suite struct HalvingTests {
  private func rungs(_ trials: Int, _ budget: Int) throws -> [String] {
    try Halving.rungs(trials: trials, budget: budget, unit: "epochs").map {
      "\($0.trials)@\($0.budget.map(String.init) ?? "end")"
    }
  }

  @Test func aThirdGoesOn() throws {
    #expect(try rungs(27, 27) == ["27@1", "9@3", "3@9", "1@end"])
    #expect(try rungs(9, 1500) == ["9@167", "3@500", "1@end"])
    #expect(try rungs(27, 10) == ["27@1", "9@3", "3@end"])
    #expect(try rungs(20, 60) == ["20@7", "6@20", "2@end"])
    #expect(try rungs(3, 3) == ["3@1", "1@end"])
  }

  @Test(arguments: [(2, 100), (100, 2), (1, 1)])
  func tooLittleToHalve(trials: Int, budget: Int) {
    expectError(
      .usage,
      "--method halving: takes at least 3 trials of at least 3 epochs, found \(trials) of \(budget)"
    ) { _ = try rungs(trials, budget) }
  }

  /// Budgets grow, and nobody comes back.
  @Test func rungsAreMonotonous() throws {
    for trials in stride(from: 3, through: 90, by: 7) {
      for budget in stride(from: 3, through: 300, by: 11) {
        let rungs = try Halving.rungs(trials: trials, budget: budget, unit: "steps")
        #expect(rungs.first?.trials == trials)
        for (one, next) in zip(rungs, rungs.dropFirst()) {
          #expect(one.trials > next.trials)
          #expect((one.budget ?? .max) < next.budget ?? budget)
        }
      }
    }
  }
}
