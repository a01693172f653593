import Foundation

/// One request: fetches an address into a file without following redirects.
protocol Transfer: Sendable {
  /// Writes the answer's body to `file`, at most `limit` bytes of it; `received` hears the size so
  /// far now and then, and `check` is asked whether to go on.
  ///
  /// - Throws: `TransferFailure`, or what `check` throws.
  func fetch(
    _ address: URL, into file: URL, limit: Int, asking check: () throws -> Void,
    received: (Int) -> Void
  ) throws -> TransferAnswer
}

/// How a request ended that was answered.
enum TransferAnswer: Equatable {
  case complete
  case redirect(URL)
}

/// Why there was no usable answer.
struct TransferFailure: Error, Equatable {
  /// Where the cause lies; only for the first of these another address may help.
  enum Cause {
    case address, writing, program
  }

  let reason: String
  var cause = Cause.address
}

/// The transfer by a child process `curl`.
///
/// Linking Foundation's own networking doubles the time that every start of the tool takes,
/// downloads or not.
///
/// The child is in a group of processes of its own, which the terminal's Ctrl-C does not reach. It reads a pipe from
/// here: when that ends, because of `check` or because this process is no more, so does the group.
struct Curl: Transfer {
  /// The program, looked up in the path.
  var command = "curl"
  /// Seconds to wait for a connection, and for a stalled transfer to move.
  var patience = 20

  // Without a Content-Length, older versions of curl keep to no limit; the system does, in blocks of 512 bytes. The
  // thread that starts this may have blocked every signal but SIGKILL, also the one that a shell's `wait` needs.
  private static let script = """
    ulimit -f "$1" && shift || exit
    exec 3<&0
    { read -r line; kill -s KILL -- -$$; } <&3 >/dev/null 2>&1 &
    "$@" 3<&- </dev/null
    status=$?
    exec 2>/dev/null
    kill -s KILL $!
    exit $status
    """

  func fetch(
    _ address: URL, into file: URL, limit: Int, asking check: () throws -> Void,
    received: (Int) -> Void
  ) throws -> TransferAnswer {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = [
      "-c", Self.script, "sh", "\(limit / 512 + 1)",
      command, "--disable", "--silent", "--show-error", "--fail", "--proto", "=http,https",
      "--connect-timeout", "\(patience)", "--speed-limit", "1", "--speed-time", "\(patience)",
      "--max-filesize", "\(limit)", "--output", file.path,
      "--write-out", "%{http_code} %{redirect_url}", "--", address.absoluteString,
    ]
    let (input, output, complaints) = (Pipe(), Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = complaints
    let ended = DispatchSemaphore(value: 0)
    process.terminationHandler = { _ in ended.signal() }
    do {
      try process.run()
    } catch {
      throw TransferFailure(
        reason: "\(command) cannot be started: \(error.localizedDescription)", cause: .program)
    }
    while ended.wait(timeout: .now() + 0.1) == .timedOut {
      received(Self.size(of: file))
      do { try check() } catch {
        try? input.fileHandleForWriting.close()
        ended.wait()
        throw error
      }
    }
    let size = Self.size(of: file)
    received(min(size, limit))
    if size > limit {
      throw TransferFailure(reason: "the answer is longer than \(limit) bytes")
    }
    return try answer(
      status: process.terminationStatus, limit: limit, output: Self.text(output),
      complaints: Self.text(complaints)
    )
  }

  private func answer(
    status: Int32, limit: Int, output: String, complaints: String
  ) throws(TransferFailure) -> TransferAnswer {
    switch status {
    case 0: break
    case 127:
      throw TransferFailure(
        reason: "the program \(command), which downloads need, is not installed", cause: .program)
    case 63:
      throw TransferFailure(reason: "the answer is longer than \(limit) bytes")
    default:
      let line = complaints.split(separator: "\n").last.map(String.init) ?? "status \(status)"
      let prefix = "curl: (\(status)) "
      throw TransferFailure(
        reason: line.hasPrefix(prefix) ? String(line.dropFirst(prefix.count)) : line,
        cause: status == 23 ? .writing : .address)
    }
    let words = output.split(separator: " ", maxSplits: 1)
    guard let code = words.first.flatMap({ Int($0) }) else {
      throw TransferFailure(reason: "no HTTP status")
    }
    if code == 200 { return .complete }
    if (300..<400).contains(code), words.count == 2, let target = URL(string: String(words[1])) {
      return .redirect(target)
    }
    throw TransferFailure(reason: "HTTP status \(code)")
  }

  private static func size(of file: URL) -> Int {
    let attributes = try? FileManager.default.attributesOfItem(atPath: file.path)
    return (attributes?[.size] as? NSNumber)?.intValue ?? 0
  }

  private static func text(_ pipe: Pipe) -> String {
    String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  }
}
