import Foundation
import Synchronization
import Tensors

/// Ctrl-C, SIGTERM and a closed terminal: the first asks the loop to finish its step and save; another Ctrl-C or
/// SIGTERM ends at once.
public enum Interruption {
  /// When it was asked, in milliseconds of a clock that only goes forward; 0 if it was not.
  private static let requested = Atomic<Int>(0)
  /// A program that started this one, such as `timeout`, may pass on what the terminal or itself has sent to both:
  /// what comes so soon after the first is no second request.
  private static let echo = 100

  /// Whether the loop has been asked to stop.
  @inline(__always)
  public static var isRequested: Bool { requested.load(ordering: .relaxed) > 0 }

  /// Throws if the loop has been asked to stop: for what takes long between two steps, such as measuring a large set,
  /// and can be done anew by a run that is gone on with.
  public static func check() throws {
    if isRequested { throw AdjointError(.interrupted, "interrupted") }
  }

  /// Listens to SIGINT, SIGTERM and, unless it is ignored as under `nohup`, SIGHUP from now on.
  public static func listen() {
    // A process inherits what the thread that started it had blocked, and one that a shell script begins with `&` a
    // SIGINT that is ignored: who sends it to this one means it.
    var signals = sigset_t()
    sigemptyset(&signals)
    for number in [SIGINT, SIGTERM] {
      sigaddset(&signals, number)
      signal(number) { number in
        if let milliseconds = Interruption.sinceFirst(), milliseconds >= Interruption.echo {
          _exit(128 + number)
        }
      }
    }
    if unsafeBitCast(signal(SIGHUP, SIG_IGN), to: Int.self) != unsafeBitCast(SIG_IGN, to: Int.self)
    {
      sigaddset(&signals, SIGHUP)
      // The shell and the system both send it when a terminal is closed; nobody asks for an end at once by it.
      signal(SIGHUP) { _ in _ = Interruption.sinceFirst() }
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
  public static func request() { _ = sinceFirst() }

  /// Forgets that it was asked.
  public static func reset() { requested.store(0, ordering: .relaxed) }

  /// Asks; how long ago it was asked for the first time, nil if this is the first. Allowed in a signal's handler.
  private static func sinceFirst() -> Int? {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    let now = Int(time.tv_sec) * 1000 + Int(time.tv_nsec) / 1_000_000 + 1
    let (isFirst, first) = requested.compareExchange(
      expected: 0, desired: now, ordering: .relaxed)
    return isFirst ? nil : now - first
  }
}
