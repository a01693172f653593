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
    // A process inherits what the thread that started it had blocked.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      signal(number) { number in
        if Interruption.count.add(1, ordering: .relaxed).oldValue > 0 {
          _exit(128 + (number == SIGTERM ? SIGTERM : SIGINT))
        }
      }
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, nil)
  }

  /// Asks to stop when standard input ends, as it does when the process that holds its other end goes.
  public static func listenForEndOfInput() {
    Thread.detachNewThread {
      while let bytes = try? FileHandle.standardInput.read(upToCount: 1 << 12), !bytes.isEmpty {}
      request()
    }
  }

  /// Asks as a signal does; for tests and for programs with their own handlers.
  public static func request() { count.add(1, ordering: .relaxed) }

  /// Forgets that it was asked.
  public static func reset() { count.store(0, ordering: .relaxed) }
}
