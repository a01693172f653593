import Foundation
import TestSupport
import Testing

@testable import AdjointCommand

/// Downloads and drawings that do not come to their end; a script takes the place of `curl`.
@Suite(.timeLimit(.minutes(2))) struct DataCommandTests {
  private let folder: TemporaryFolder
  private var environment: [String: String] {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return ["PATH": "\(folder.path)/bin:\(path)"]
  }

  init() throws { folder = try TemporaryFolder() }

  /// Puts a script first in the path, with `$file` for what curl is to write.
  private func writeCurl(_ script: String) throws {
    let words = #"until [ "$1" = --output ]; do shift; done; file=$2"#
    let file = try folder.write("#!/bin/sh\n\(words)\n\(script)\n".utf8, "bin/curl")
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
  }

  /// Files of 4 kB at most, as a full disk in the midst of one.
  private func runShortOfRoom(_ arguments: [String]) throws -> Command {
    try Command.run(
      arguments, in: folder, environment: environment, shell: #"ulimit -S -f 8; exec "$@""#)
  }

  @Test func fullDiskWhileFetching() throws {
    try writeCurl(
      #"head -c 4096 /dev/zero > "$file"; echo "curl: (23) Failure writing output" >&2; exit 23"#)
    let result = try runShortOfRoom(["data", "fetch", "mnist", "--data-dir", "full"])
    #expect(result.status == 74)
    #expect(
      result.errors == """
        fetching train-images-idx3-ubyte.gz (9,912,422 bytes)
        adjoint: \(folder.path)/full/mnist/train-images-idx3-ubyte.gz: cannot be written: File too large

        """)
    #expect(folder.contents("full") == [])
  }

  /// `curl` is in no group of processes that a signal to this one reaches; it ends all the same.
  @Test(arguments: [SIGINT, SIGTERM, SIGKILL])
  func stoppedWhileFetching(signal: Int32) throws {
    // A lock tells how long it lives: as a process that nobody has waited for it may be there for longer.
    try writeCurl(
      #"echo half > "$file"; exec 9> "$HOME/lock"; flock 9; : > "$HOME/started"; exec sleep 60"#)
    let arguments = ["data", "fetch", "pathmnist", "--size", "64", "--data-dir", "my data"]
    let running = try Command.Running(arguments, in: folder, environment: environment)
    func isSoon(_ condition: () -> Bool) -> Bool {
      let deadline = ContinuousClock().now + .seconds(30)
      while !condition() && ContinuousClock().now < deadline { usleep(5000) }
      return condition()
    }
    #expect(isSoon { folder.contents(".").contains("started") })
    kill(running.process.processIdentifier, signal)
    let result = try running.finish()
    let lock = try FileHandle(forReadingFrom: folder.file("lock"))
    #expect(isSoon { flock(lock.fileDescriptor, LOCK_EX | LOCK_NB) == 0 })
    let parts = folder.contents("my data/medmnist")
    guard signal != SIGKILL else {
      #expect(result.status == 128 + SIGKILL && parts.count == 1)
      return
    }
    #expect(result.status == 130 && parts == [])
    #expect(
      result.errors.split(separator: "\n").dropFirst() == [
        "interrupted; go on with: adjoint data fetch pathmnist --size 64 --data-dir 'my data'"
      ])
  }

  /// What else curl may have against a file has its own words.
  @Test func writingThatFailsOtherwise() throws {
    try writeCurl(#"echo "curl: (23) Failure writing output" >&2; exit 23"#)
    let result = try Command.run(
      ["data", "fetch", "mnist", "--data-dir", "data"], in: folder, environment: environment)
    #expect(result.status == 73)
    #expect(
      result.errors.hasSuffix(
        "adjoint: \(folder.path)/data/mnist/train-images-idx3-ubyte.gz: cannot be written: Failure writing output\n"
      ))
    #expect(folder.contents("data") == [])
  }

  @Test func fullDiskWhileDrawing() throws {
    let arguments = ["data", "synthesize", "pathmnist", "--size", "28", "--count", "40"]
    let result = try runShortOfRoom(arguments + ["--output", "drawn"])
    #expect(result.status == 74)
    #expect(
      result.errors
        == "adjoint: \(folder.path)/drawn/pathmnist.npz: cannot be written: Write error: File too large\n"
    )
    #expect(try folder.contents == [])
  }

  /// What is half written has a name that the next drawing knows.
  @Test func killedWhileDrawing() throws {
    let arguments = ["data", "synthesize", "pathmnist", "--size", "28", "--output", "drawn"]
    let running = try Command.Running(arguments + ["--count", "4000"], in: folder)
    let deadline = ContinuousClock().now + .seconds(60)
    while !folder.contents("drawn").contains(where: { $0.hasSuffix(".part") }),
      ContinuousClock().now < deadline
    { usleep(2000) }
    kill(running.process.processIdentifier, SIGKILL)
    #expect(try running.finish().status == 128 + SIGKILL)
    #expect(folder.contents("drawn").count == 1)
    #expect(try Command.run(arguments + ["--count", "11"], in: folder).status == 0)
    #expect(folder.contents("drawn") == ["pathmnist.npz"])
  }
}
