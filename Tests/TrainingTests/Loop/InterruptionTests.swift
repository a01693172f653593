import Foundation
import Testing

@testable import Training

/// Each in a process of its own: a signal asks every trainer of a process to stop.
@Suite struct InterruptionTests {
  @Test func requestedAndForgotten() async {
    await #expect(processExitsWith: .exitCode(7)) {
      guard !Interruption.isRequested else { exit(1) }
      Interruption.request()
      Interruption.request()
      guard Interruption.isRequested else { exit(2) }
      Interruption.reset()
      exit(Interruption.isRequested ? 3 : 7)
    }
  }

  @Test func firstSignalAsks() async {
    await #expect(processExitsWith: .exitCode(7)) {
      Interruption.listen()
      guard !Interruption.isRequested else { exit(1) }
      raise(SIGINT)
      exit(Interruption.isRequested ? 7 : 2)
    }
    await #expect(processExitsWith: .exitCode(7)) {
      Interruption.listen()
      raise(SIGTERM)
      exit(Interruption.isRequested ? 7 : 2)
    }
  }

  @Test func secondSignalEnds() async {
    await #expect(processExitsWith: .exitCode(130)) {
      Interruption.listen()
      raise(SIGTERM)
      raise(SIGINT)
      exit(2)
    }
    await #expect(processExitsWith: .exitCode(143)) {
      Interruption.listen()
      raise(SIGINT)
      raise(SIGTERM)
      exit(2)
    }
  }

  /// A thread of a pool starts processes with every signal blocked.
  @Test func hearsWhatWasBlocked() async {
    await #expect(processExitsWith: .exitCode(7)) {
      var signals = sigset_t()
      sigfillset(&signals)
      pthread_sigmask(SIG_BLOCK, &signals, nil)
      Interruption.listen()
      raise(SIGINT)
      exit(Interruption.isRequested ? 7 : 2)
    }
  }
}
