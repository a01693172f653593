import CKernels

/// A function that enters something, called once by ``Registry/load()``.
public typealias Registration = @convention(c) () -> Void

/// What files enter of themselves: checks beside their operations, experiments in their folders.
///
/// A file writes `@section("adjoint_registry") @used let tanhIsChecked: Registration = { … }`, and the
/// linker gathers the functions; no list has to be kept.
public enum Registry {
  private static let loaded = Int(adjoint_run_registrations())

  /// Runs every registration of the program, the first time it is called; returns their number.
  @discardableResult
  public static func load() -> Int { loaded }
}
