import Tensors

/// What a layer's call has to know beside its input: the mode, and where dropout masks are drawn from.
///
/// Nothing is hidden: after ``begin(step:)`` the same calls in the same order, with the same inputs and parameters, give
/// the same outputs. Each layer that draws takes the next key of the step, so that a second pass in the same step has
/// other masks. A copy of a context, inspected or not, goes on with the same keys.
///
/// ```swift
/// let context = Context.training(seed: 1)
/// for step in first... {
///   context.begin(step: step)
///   let (loss, gradients) = valueWithGradient(of: parameters) { meanSquaredError(model(x, context), y) }
/// }
/// ```
public struct Context {
  /// Whether a network is being trained.
  public enum Mode: Sendable {
    /// Dropout drops, statistics run.
    case training
    /// The network is a function of its input and parameters alone.
    case inference
  }

  private let keys: KeySource?
  /// What looks into the network while it runs; nil for nothing.
  public let inspection: Inspection?

  private init(keys: KeySource?, inspection: Inspection? = nil) {
    self.keys = keys
    self.inspection = inspection
  }

  /// For validation, testing and prediction.
  public static var inference: Context { Context(keys: nil) }

  /// For training.
  ///
  /// - Parameters:
  ///   - seed: the run's seed.
  ///   - step: the number of the step; ``begin(step:)`` goes on to the next.
  public static func training(seed: UInt64, step: Int = 0) -> Context {
    let context = Context(keys: KeySource(seed: seed))
    context.begin(step: step)
    return context
  }

  /// The same, looked into.
  public func inspected(by inspection: Inspection) -> Context {
    Context(keys: keys, inspection: inspection)
  }

  /// Whether the network is being trained.
  @inline(__always)
  public var mode: Mode { keys == nil ? .inference : .training }

  /// Begins a step: from here on keys are those of this step, in the order of the calls.
  ///
  /// Resuming needs the seed and the step, and nothing else. Does nothing in inference.
  public func begin(step: Int) {
    require(
      step >= 0 && step < 1 << 36, "Context.begin(step: \(step)): a step is in 0 ..< 2³⁶")
    keys?.step = UInt64(step)
    keys?.calls = 0
  }

  /// The next key of this step; stops in inference.
  public func dropoutKey() -> DropoutKey {
    guard let keys else { stop("Context.dropoutKey: nothing is drawn in inference") }
    let call = keys.calls
    require(
      call < 1 << 20,
      "Context.dropoutKey: more than 2²⁰ draws in one step; call begin(step:) before each")
    keys.calls = call + 1
    return DropoutKey(seed: keys.seed, stream: KeySource.tag << 56 | keys.step << 20 | call)
  }
}

/// One for each context, so that a call neither allocates nor writes to the context itself.
private final class KeySource {
  /// Keeps the streams apart from those that initialisers and loaders count from zero.
  static let tag: UInt64 = 0xD0

  let seed: UInt64
  @exclusivity(unchecked) var step: UInt64 = 0
  @exclusivity(unchecked) var calls: UInt64 = 0

  init(seed: UInt64) { self.seed = seed }
}
