import Foundation

/// Writes what a run measures to an event file that TensorBoard reads.
///
/// Each opening makes a new file, so a resumed run stands beside the one it continues and nothing is overwritten.
/// Writing is buffered: the calls that log never fail and never wait for a slow disk on purpose; ``flush()`` and
/// ``close()`` throw what went wrong since. A writer belongs to one thread at a time.
public final class EventLogWriter {
  /// The event file.
  public let url: URL

  private var file: AppendedFile
  private var isClosed = false
  /// Small enough that a crash loses little, large enough that a step rarely meets the system.
  private static let bufferSize = 1 << 16

  /// Makes `events.out.tfevents.<seconds>.<host>.<process>.<number>` in `directory`, and the folder where it is
  /// missing.
  ///
  /// - Parameters:
  ///   - directory: the run's folder.
  ///   - resumedStep: where a run goes on from a checkpoint, its first step; TensorBoard then drops what an
  ///     earlier file says of this step and later ones.
  /// - Throws: ``EventLogError`` where the folder or the file cannot be made or written.
  public init(directory: URL, resumedStep: Int? = nil) throws {
    let now = Self.now
    let host = Self.hostName.replacing("/", with: "_")
    let process = ProcessInfo.processInfo.processIdentifier
    let seconds = max(Int(now), (Self.newestStamp(in: directory) ?? -1) + 1)
    let stem = "events.out.tfevents.\(String(format: "%010ld", seconds)).\(host).\(process)"
    file = try AppendedFile(
      in: directory.path, names: (0..<100_000).lazy.map { "\(stem).\($0)" })
    url = URL(fileURLWithPath: file.path)
    append(EventEncoding.fileVersion(wallTime: now))
    if let resumedStep {
      append(EventEncoding.sessionStart(step: resumedStep, wallTime: now))
    }
    try file.flush()
  }

  deinit {
    try? file.close()
  }

  /// Logs one number, stored in single precision; NaN and infinities are kept as they are.
  ///
  /// - Parameters:
  ///   - tag: the name; what stands before its last `/` groups it.
  ///   - value: the number.
  ///   - step: what it is drawn over.
  ///   - wallTime: seconds since 1970; now, where left out.
  public func scalar(_ tag: String, value: Double, step: Int, wallTime: Double? = nil) {
    append(
      EventEncoding.scalar(tag, value: Float(value), step: step, wallTime: wallTime ?? Self.now))
  }

  /// Logs the distribution of `values` in equal-width buckets between the smallest and the largest.
  ///
  /// Values that are not finite are left out of it. `buckets` is at least 1.
  public func histogram(
    _ tag: String, values: [Float], step: Int, buckets: Int = 30, wallTime: Double? = nil
  ) {
    guard buckets >= 1 else {
      fatalError("EventLogWriter.histogram: \(buckets) buckets; at least 1 is needed")
    }
    append(
      EventEncoding.histogram(
        tag, buckets: HistogramBuckets(values, buckets: buckets), step: step,
        wallTime: wallTime ?? Self.now))
  }

  /// Logs an image, given as the bytes of a PNG file of `width` by `height` pixels.
  public func image(
    _ tag: String, png: Data, width: Int, height: Int, step: Int, wallTime: Double? = nil
  ) {
    append(
      EventEncoding.image(
        tag, png: [UInt8](png), width: width, height: height, step: step,
        wallTime: wallTime ?? Self.now))
  }

  /// Logs a text, which TensorBoard shows as Markdown.
  public func text(_ tag: String, _ text: String, step: Int, wallTime: Double? = nil) {
    append(EventEncoding.text(tag, text, step: step, wallTime: wallTime ?? Self.now))
  }

  /// Hands everything logged so far to the system.
  ///
  /// - Throws: ``EventLogError``; what could not be written is kept, and the next flush goes on at that byte.
  public func flush() throws {
    try file.flush()
  }

  /// Brings everything logged so far to the disk.
  ///
  /// - Throws: ``EventLogError`` as ``flush()`` does.
  public func sync() throws {
    try file.sync()
  }

  /// Flushes and closes the file; nothing can be logged afterwards. Closing twice is closing once.
  ///
  /// - Throws: ``EventLogError``; the file is closed all the same.
  public func close() throws {
    isClosed = true
    try file.close()
  }

  private func append(_ event: [UInt8]) {
    guard !isClosed else {
      fatalError("EventLogWriter: \(url.lastPathComponent) is closed; open a new one to log more")
    }
    file.append(RecordFraming.frame(event))
    if file.pendingCount >= Self.bufferSize {
      // The bytes stay in the buffer, so the next flush meets the same error and throws it.
      try? file.flush()
    }
  }

  /// The greatest number of seconds in the names of a folder's event files.
  ///
  /// TensorBoard reads files in the order of their names. A run that is resumed within the same second, or after
  /// the clock was set back, has to come after the one it continues.
  private static func newestStamp(in directory: URL) -> Int? {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return names.compactMap { name in
      let prefix = "events.out.tfevents."
      guard name.hasPrefix(prefix) else { return nil }
      return Int(name.dropFirst(prefix.count).prefix { $0 != "." })
    }.filter { $0 < 9_999_999_999 }.max()
  }

  /// The machine's own name: Foundation would ask the network for it, which can take seconds.
  private static var hostName: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "localhost" }
    return String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  private static var now: Double { Date().timeIntervalSince1970 }
}
