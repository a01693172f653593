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
      usleep(150_000)
      raise(SIGINT)
      exit(2)
    }
    await #expect(processExitsWith: .exitCode(143)) {
      Interruption.listen()
      raise(SIGINT)
      usleep(150_000)
      raise(SIGTERM)
      exit(2)
    }
  }

  /// `timeout` sends to the process and to its group, a terminal to a program and to the one that started it.
  @Test func whatComesAtOnceIsOneRequest() async {
    await #expect(processExitsWith: .exitCode(7)) {
      Interruption.listen()
      raise(SIGTERM)
      raise(SIGTERM)
      raise(SIGINT)
      exit(Interruption.isRequested ? 7 : 2)
    }
  }

  /// The shell sends SIGHUP when its terminal is closed, and so does the system.
  @Test func closedTerminalAsksHoweverOften() async {
    await #expect(processExitsWith: .exitCode(7)) {
      signal(SIGHUP, SIG_DFL)
      Interruption.listen()
      raise(SIGHUP)
      guard Interruption.isRequested else { exit(1) }
      usleep(150_000)
      raise(SIGHUP)
      exit(7)
    }
  }

  @Test func closedTerminalIsIgnoredUnderNohup() async {
    await #expect(processExitsWith: .exitCode(7)) {
      signal(SIGHUP, SIG_IGN)
      Interruption.listen()
      raise(SIGHUP)
      exit(Interruption.isRequested ? 1 : 7)
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
