import Foundation

/// A sanitizer that may be part of the program that runs the tests.
public enum Sanitizer: String, CaseIterable, Sendable {
  /// Takes memory of its own.
  case address = "__asan_init"
  /// Takes memory of its own, in files.
  case thread = "__tsan_init"

  /// Whether it is.
  public var isOn: Bool { dlsym(nil, rawValue) != nil }
}
