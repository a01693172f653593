import Foundation
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
    expectError(.usage, "rate=nan: has to be in 0.0 … 1.0") {
      try check("rate", .nan, in: 0.0...1.0)
    }
  }

  @Test func dataLargerThanTheMemory() throws {
    let memory = ProcessInfo.processInfo.physicalMemory
    try checkMemory(Double(memory) - 4096, for: "a=1")
    expectError(
      .usage,
      "inputs=100000, outputs=32, classes=10, train_samples=10000000, test_samples=10000000: expected data that "
        + "fit into the \(memory) bytes of memory, found 40026931200000"
    ) {
      var configuration = CascadeConfiguration()
      configuration.inputs = 100_000
      (configuration.trainSamples, configuration.testSamples) = (10_000_000, 10_000_000)
      try configuration.validate()
    }
    // The numbers and the scores of the classes are drawn as well.
    for (outputs, classes, bytes) in [(10_000, 2, "6401680160000"), (1, 1000, "641040000016")] {
      expectError(
        .usage,
        "inputs=1, outputs=\(outputs), classes=\(classes), train_samples=10000000, test_samples=10000000: "
          + "expected data that fit into the \(memory) bytes of memory, found \(bytes)"
      ) {
        var configuration = CascadeConfiguration()
        (configuration.inputs, configuration.outputs, configuration.classes) = (1, outputs, classes)
        (configuration.trainSamples, configuration.testSamples) = (10_000_000, 10_000_000)
        try configuration.validate()
      }
    }
    expectError(
      .usage,
      "a=2: expected data that fit into the \(memory) bytes of memory, found 100000000000000000000"
    ) { try checkMemory(1e20, for: "a=2") }
  }
}
