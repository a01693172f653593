import Foundation
import TestSupport
import Testing

@testable import AdjointCommand

/// Downloads and drawings that do not come to their end; a script takes the place of `curl`.
@Suite struct DataCommandTests {
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
    let running = try Command.Running(arguments + ["--count", "20000"], in: folder)
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
