import Foundation

/// A second thread that makes batches ahead, in portions, and a bounded queue between it and the
/// reader.
///
/// A portion of batches changes hands at a time, so that small batches do not pay for a wake-up
/// each.
final class Prefetcher: @unchecked Sendable {
  private let depth: Int
  private let condition = NSCondition()
  // All below is read and written under the condition's lock.
  private var queue: [[Batch]] = []
  private var isStopped = false
  private var hasEnded = false

  /// Starts at once, from the maker's position.
  init(_ maker: BatchMaker, depth: Int, portion: Int) {
    self.depth = depth
    let thread = Thread { [self] in produce(with: maker, portion: portion) }
    thread.name = "adjoint-loader"
    thread.start()
  }

  /// The next portion; waits until there is one.
  func take() -> [Batch] {
    condition.lock()
    defer { condition.unlock() }
    while queue.isEmpty { condition.wait() }
    condition.broadcast()
    return queue.removeFirst()
  }

  /// Ends the thread, waits until it has ended, and lets go of what it made.
  func stop() {
    condition.lock()
    defer { condition.unlock() }
    isStopped = true
    condition.broadcast()
    while !hasEnded { condition.wait() }
    queue = []
  }

  private func produce(with first: BatchMaker, portion: Int) {
    var maker = first
    while true {
      let batches = (0..<portion).map { _ in maker.next() }
      condition.lock()
      while queue.count == depth && !isStopped { condition.wait() }
      if isStopped { break }
      queue.append(batches)
      condition.broadcast()
      condition.unlock()
    }
    hasEnded = true
    condition.broadcast()
    condition.unlock()
  }
}
