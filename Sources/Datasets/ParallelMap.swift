import Dispatch
import Foundation
import Tensors

/// Maps the elements on as many threads as compute; the results come in the order of the elements.
func parallelMap<Element: Sendable, Result: Sendable>(
  _ elements: [Element], _ transform: @Sendable (Element) -> Result
) -> [Result] {
  guard elements.count > 1 else { return elements.map(transform) }
  let results = Slots<Result>(count: elements.count)
  DispatchQueue.concurrentPerform(iterations: min(Threads.count, elements.count)) { _ in
    while let index = results.next() { results.put(transform(elements[index]), at: index) }
  }
  return results.all()
}

/// A place for each result, written from any thread.
private final class Slots<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Value?]
  private var begun = 0

  init(count: Int) {
    values = Array(repeating: nil, count: count)
  }

  /// The first place that nobody is at work on; nil where there is none.
  func next() -> Int? {
    lock.withLock {
      guard begun < values.count else { return nil }
      defer { begun += 1 }
      return begun
    }
  }

  func put(_ value: Value, at index: Int) {
    lock.withLock { values[index] = value }
  }

  func all() -> [Value] {
    lock.withLock { values.map { $0! } }
  }
}
