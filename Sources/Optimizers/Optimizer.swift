import Tensors

/// Changes parameters along their gradients, and keeps what it remembers of earlier steps.
///
/// Every optimiser follows PyTorch's of the same name to rounding, and changes each parameter and its
/// state in one pass over memory. Frozen parameters and those without a gradient are left alone, their
/// number of steps with them.
public protocol Optimizer: AnyObject {
  /// What it trains, each once.
  var parameters: [Parameter] { get }

  /// η, not negative; a schedule sets it between steps.
  var learningRate: Double { get set }

  /// One step.
  ///
  /// - Parameters:
  ///   - gradients: of any parameters; those of others are ignored.
  ///   - transform: what is done to every gradient first, such as clipping.
  func step(_ gradients: Gradients, _ transform: GradientTransform)

  /// All that resuming needs: for each parameter `<name>.step`, a float64 scalar, and once it has made a
  /// step its tensors, such as `<name>.momentum`.
  ///
  /// Stops if a parameter has no name or two have the same.
  var state: [String: Tensor] { get }

  /// Takes back what ``state`` gave; strict, and nothing is changed unless all fits.
  ///
  /// - Parameters:
  ///   - state: tensors by name.
  ///   - source: where they are from, for the message.
  /// - Throws: `AdjointError` that lists what is missing, unexpected and of the wrong shape or type.
  func load(state: [String: Tensor], from source: String) throws
}

extension Optimizer {
  /// One step with the gradients as they are.
  @inline(__always)
  public func step(_ gradients: Gradients) { step(gradients, .none) }

  /// Takes back what ``state`` gave; see ``load(state:from:)``.
  public func load(state: [String: Tensor]) throws {
    try load(state: state, from: "the optimizer's state")
  }
}

/// Stops unless a setting is a number and not negative.
@inline(__always)
func requireNonNegative(_ value: Double, _ setting: StaticString, of optimizer: StaticString) {
  require(
    value >= 0 && value.isFinite,
    "\(optimizer): \(setting) is \(value); it has to be a finite number from 0")
}

/// Stops unless a setting is the weight of a running average.
func requireFraction(_ value: Double, _ setting: StaticString, of optimizer: StaticString) {
  require(
    value >= 0 && value < 1, "\(optimizer): \(setting) is \(value); it has to be in 0 ..< 1")
}
