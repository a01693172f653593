import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct ChecksTests {
  @Test func rangesAreClosed() throws {
    try check("epochs", 1, in: 1...3)
    try check("epochs", 3, in: 1...3)
    expectError(.usage, "epochs=4: has to be in 1 … 3") { try check("epochs", 4, in: 1...3) }
    expectError(.usage, "rate=-0.5: has to be in 0.0 … 1.0") {
      try check("rate", -0.5, in: 0.0...1.0)
    }
    let error = #expect(throws: AdjointError.self) { try check("rate", .nan, in: 0.0...1.0) }
    #expect(error?.message == "rate=nan: has to be in 0.0 … 1.0")
  }
}
