import Foundation

/// How many bytes more than before were in use at once while `body` ran; nil where the system does not tell, or a
/// sanitizer takes memory of its own.
public func peakMemory(of body: () throws -> Void) rethrows -> Int? {
  // Linux: 5 makes the peak what is in use now (`man 5 proc_pid_clear_refs`).
  let isReset =
    (try? Data("5".utf8).write(to: URL(fileURLWithPath: "/proc/self/clear_refs"))) != nil
  let before = statusBytes("VmRSS:")
  try body()
  guard isReset, !Sanitizer.allCases.contains(where: \.isOn), let before,
    let peak = statusBytes("VmHWM:")
  else { return nil }
  return max(peak - before, 0)
}

private func statusBytes(_ name: String) -> Int? {
  guard let text = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8) else {
    return nil
  }
  let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
  return line?.split(separator: " ").compactMap { Int($0) }.first.map { $0 << 10 }
}
