import Foundation
import Testing

@testable import Tensors

@Suite struct NumPyRandomTests {
  /// One seed's draws, in the order in which `Reference/numpy_random.py` took them.
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    struct Integers: Decodable {
      let high: Int
      let values: [Int]
    }
    let seed: UInt32
    let randn: [String]
    let rand: [String]
    let randnAfterRand: [String]
    let randomSample: [String]
    let randint: [Integers]
    let choice: [Int]
    let permutation: [Int]
    let shuffle: [Int]
    let uniform: [String]
    let normal: [String]
    let permutationOfNoneAndOne: [[Int]]
    let last: [String]
    var testDescription: String { "seed \(seed)" }
  }

  struct Document: Decodable {
    let cases: [Case]
  }

  static func cases() throws -> [Case] {
    let url = try #require(
      Bundle.module.url(forResource: "Reference/numpy_random", withExtension: "json"))
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(Document.self, from: Data(contentsOf: url)).cases
  }

  static func bits(_ values: [Double]) -> [String] {
    values.map { value in
      let digits = String(value.bitPattern, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }
  }

  @Test(arguments: try cases())
  func everyBitEqualsNumPy(expected: Case) {
    var random = NumPyRandom(seed: expected.seed)
    #expect(Self.bits(random.randn(1301)) == expected.randn)
    #expect(Self.bits(random.rand(17)) == expected.rand)
    #expect(Self.bits(random.randn(4)) == expected.randnAfterRand)
    #expect(Self.bits((0..<3).map { _ in random.randomSample() }) == expected.randomSample)
    for integers in expected.randint {
      #expect(random.randint(integers.high, 40) == integers.values, "randint(\(integers.high))")
    }
    #expect(random.randint(500, 30) == expected.choice)
    #expect(random.permutation(1000) == expected.permutation)
    var shuffled = Array(100..<137)
    random.shuffle(&shuffled)
    #expect(shuffled == expected.shuffle)
    #expect(Self.bits(random.uniform(-0.3, 2.7, 25)) == expected.uniform)
    #expect(Self.bits(random.normal(1.5, 0.02, 25)) == expected.normal)
    #expect([random.permutation(0), random.permutation(1)] == expected.permutationOfNoneAndOne)
    #expect(Self.bits(random.randn(2)) == expected.last)
  }

  @Test func theFirstNumbersOfSeedZeroAreTheFamiliarOnes() {
    var random = NumPyRandom(seed: 0)
    #expect(random.randn(2) == [1.764052345967664, 0.4001572083672233])
  }

  @Test(arguments: [0, 1, 623, 624, 625])
  func stateSurvivesACheckpoint(draws: Int) throws {
    var random = NumPyRandom(seed: 7)
    for _ in 0..<draws { _ = random.next32() }
    _ = random.randn()
    var restored = try JSONDecoder().decode(NumPyRandom.self, from: JSONEncoder().encode(random))
    #expect(restored == random)
    #expect(restored.randn(701).map(\.bitPattern) == random.randn(701).map(\.bitPattern))
    #expect(restored == random)
  }

  @Test(arguments: [
    (#"{"words":[1,2],"index":0}"#, "expected 624 words, found 2"),
    (
      "{\"words\":[\(Array(repeating: "1", count: 624).joined(separator: ","))],\"index\":625}",
      "expected an index in 0 ... 624, found 625"
    ),
  ])
  func aDamagedStateIsRefused(json: String, message: String) {
    do {
      _ = try JSONDecoder().decode(NumPyRandom.self, from: Data(json.utf8))
      Issue.record("accepted")
    } catch DecodingError.dataCorrupted(let context) {
      #expect(context.debugDescription == message)
    } catch {
      Issue.record(error)
    }
  }
}
