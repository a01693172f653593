import Tensors
import TestSupport
import Testing

@testable import Archives

@Suite struct MachineMemoryTests {
  private let size = MachineMemory.byteCount

  @Test func whatFits() {
    #expect(size > 1 << 28)
    #expect(throws: Never.self) {
      try MachineMemory.check(Double(size) - 1, for: "images", in: "f")
    }
  }

  @Test(arguments: [(0, ""), (1 << 30, "; take less")])
  func whatDoesNot(beyond: Int, cure: String) {
    expectError(
      .badData,
      "f: expected images that fit into the \(size) bytes of memory, found \(size + beyond)\(cure)"
    ) { try MachineMemory.check(Double(size + beyond), for: "images", in: "f", cure: cure) }
  }

  /// A product may be more than any number of bytes.
  @Test(arguments: [1e30, .infinity]) func whatCannotBe(needed: Double) {
    expectError(
      .badData,
      "f: expected bytes that fit into the \(size) bytes of memory, found \(UInt64(1) << 63)"
    ) { try MachineMemory.check(needed, for: "bytes", in: "f") }
  }
}
