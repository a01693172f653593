import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: the first asks the loop to finish its step and save; the second ends at once.
public enum Interruption {
  private static let count = Atomic<Int>(0)

  /// Whether the loop has been asked to stop.
  @inline(__always)
  public static var isRequested: Bool { count.load(ordering: .relaxed) > 0 }

  /// Listens to SIGINT and SIGTERM from now on.
  public static func listen() {
    for number in [SIGINT, SIGTERM] {
      signal(number) { number in
        if Interruption.count.add(1, ordering: .relaxed).oldValue > 0 {
          _exit(128 + (number == SIGTERM ? SIGTERM : SIGINT))
        }
      }
    }
  }

  /// Asks as a signal does; for tests and for programs with their own handlers.
  public static func request() { count.add(1, ordering: .relaxed) }

  /// Forgets that it was asked.
  public static func reset() { count.store(0, ordering: .relaxed) }
}
