import Foundation

/// A web server on this machine's loopback address, for as long as the value lives.
///
/// It answers each path with the bytes it was given for it, and knows a few misbehaviours.
final class LocalServer: @unchecked Sendable {
  enum Answer {
    case body([UInt8])
    /// Promises more bytes than it sends.
    case cutShort([UInt8], promised: Int)
    /// Sends a body of unknown length, which goes on and on.
    case endless
    case redirect(String)
    case status(Int)
  }

  let port: UInt16
  private let socketNumber: Int32
  private let lock = NSLock()
  private var answers: [String: Answer] = [:]
  private var asked: [String] = []

  init() throws {
    #if canImport(Glibc)
      let kind = Int32(SOCK_STREAM.rawValue)
    #else
      let kind = SOCK_STREAM
    #endif
    let listening = socket(AF_INET, kind, 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isOpen = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        bind(listening, generic, length) == 0 && listen(listening, 16) == 0
          && getsockname(listening, generic, &length) == 0
      }
    }
    guard isOpen else { throw CocoaError(.fileReadUnknown) }
    socketNumber = listening
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(listening, nil, nil)
        guard connection >= 0, let self else { break }
        self.serve(connection)
        close(connection)
      }
    }
  }

  deinit {
    shutdown(socketNumber, Int32(SHUT_RDWR))
    close(socketNumber)
  }

  var address: URL { URL(string: "http://127.0.0.1:\(port)/")! }

  var requests: [String] { lock.withLock { asked } }

  subscript(path: String) -> Answer? {
    get { lock.withLock { answers[path] } }
    set { lock.withLock { answers[path] = newValue } }
  }

  private func serve(_ connection: Int32) {
    var request: [UInt8] = []
    while !request.suffix(4).elementsEqual([13, 10, 13, 10]) {
      var piece = [UInt8](repeating: 0, count: 4096)
      let count = recv(connection, &piece, piece.count, 0)
      guard count > 0 else { return }
      request += piece[..<count]
    }
    let words = String(decoding: request, as: UTF8.self).split(separator: " ")
    guard words.count > 1 else { return }
    let path = String(words[1])
    let answer = lock.withLock {
      asked.append(path)
      return answers[path] ?? .status(404)
    }
    switch answer {
    case .body(let bytes):
      send(connection, "HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n", bytes)
    case .cutShort(let bytes, let promised):
      send(connection, "HTTP/1.1 200 OK\r\nContent-Length: \(promised)\r\n", bytes)
    case .endless:
      send(connection, "HTTP/1.1 200 OK\r\n", [])
      let piece = [UInt8](repeating: 7, count: 1 << 16)
      while send(connection, piece) {}
    case .redirect(let target):
      send(connection, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: \(target)\r\n", [])
    case .status(let code):
      send(connection, "HTTP/1.1 \(code) Whatever\r\nContent-Length: 0\r\n", [])
    }
  }

  private func send(_ connection: Int32, _ head: String, _ body: [UInt8]) {
    if send(connection, Array("\(head)Connection: close\r\n\r\n".utf8)) { send(connection, body) }
  }

  @discardableResult
  private func send(_ connection: Int32, _ bytes: [UInt8]) -> Bool {
    #if canImport(Glibc)
      let flags = Int32(MSG_NOSIGNAL)
    #else
      let flags: Int32 = 0
    #endif
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes {
        Foundation.send(connection, $0.baseAddress, $0.count, flags)
      }
      guard count > 0 else { return false }
      sent += count
    }
    return true
  }
}
