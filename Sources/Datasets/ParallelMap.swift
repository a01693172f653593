import Dispatch
import Foundation

/// Maps each element on a thread of its own; the results come in the order of the elements.
func parallelMap<Element: Sendable, Result: Sendable>(
  _ elements: [Element], _ transform: @Sendable (Element) -> Result
) -> [Result] {
  guard elements.count > 1 else { return elements.map(transform) }
  let results = Slots<Result>(count: elements.count)
  DispatchQueue.concurrentPerform(iterations: elements.count) { index in
    results.put(transform(elements[index]), at: index)
  }
  return results.all()
}

/// A place for each result, written from any thread.
private final class Slots<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Value?]

  init(count: Int) {
    values = Array(repeating: nil, count: count)
  }

  func put(_ value: Value, at index: Int) {
    lock.withLock { values[index] = value }
  }

  func all() -> [Value] {
    lock.withLock { values.map { $0! } }
  }
}
