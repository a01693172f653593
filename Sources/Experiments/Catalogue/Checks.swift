import Foundation
import Tensors

/// Throws if a setting is not in its range.
func check<Value: Comparable>(
  _ name: String, _ value: Value, in range: ClosedRange<Value>
) throws {
  guard range.contains(value) else {
    throw AdjointError(
      .usage, "\(name)=\(value): has to be in \(range.lowerBound) … \(range.upperBound)")
  }
}

/// Throws if what settings ask for is more than the machine's memory: the system would end the process.
///
/// - Parameters:
///   - byteCount: what they come to; a product of settings may be more than an `Int` holds.
///   - settings: such as `inputs=10, train_samples=20`.
func checkMemory(_ byteCount: Double, for settings: String) throws {
  let memory = ProcessInfo.processInfo.physicalMemory
  guard byteCount < Double(memory) else {
    throw AdjointError(
      .usage,
      "\(settings): expected data that fit into the \(memory) bytes of memory, found "
        + String(format: "%.0f", byteCount))
  }
}
