#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif
import Layers
import Tensors

/// An exponential moving average of all that a model's state holds.  a ← d a + (1 − d) p
///
/// Buffers such as running means are averaged like the weights, as timm's `ModelEmaV2` has it; counts are copied. At
/// the beginning d is smaller, so that the random weights of the start are soon forgotten: after t updates it is
/// min(`decay`, 1 − (1 + t)^(−2/3)), the warm-up of timm's `ModelEmaV3`, which has it switched off where nothing is
/// said; the first update copies.
///
/// An update is one pass that reads p and a and writes a: for weights that do not fit into the caches, about
/// as long as a step of plain SGD. The average has the model's types.
///
/// Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30
/// (1992); Tarvainen and Valpola, "Mean teachers are better role models", NeurIPS 2017.
public final class WeightAverage {
  /// d where the warm-up is over, in `0 ..< 1`.
  public let decay: Double
  /// Whether d begins smaller.
  public let warmsUp: Bool
  /// How many updates it has had.
  public internal(set) var updates: Int
  private let parameters: [Parameter]
  private let buffers: [Buffer]
  /// Those of the parameters, then those of the buffers.
  private var averages: [Tensor]

  /// An average that begins with the model's state as it is; stops if the decay is not in `0 ..< 1`.
  ///
  /// - Parameters:
  ///   - model: the whole of what a checkpoint keeps.
  ///   - decay: d.
  ///   - warmsUp: whether d begins smaller. It then comes to `decay` after (1 − d)^(−3/2) steps: to 0.99 after
  ///     1,000, to 0.999 after 31,600, to 0.9999 after a million.
  ///   - updates: how many it has had, where it goes on: the state that was saved is then loaded into the model within
  ///     ``withAverage(_:)``.
  public init(of model: Any, decay: Double, warmsUp: Bool = true, updates: Int = 0) {
    require(
      decay >= 0 && decay < 1, "WeightAverage: decay is \(decay); it has to be in 0 ..< 1")
    require(updates >= 0, "WeightAverage: \(updates) updates; there have to be at least 0")
    self.updates = updates
    self.decay = decay
    self.warmsUp = warmsUp
    parameters = namedParameters(of: model).map(\.parameter)
    buffers = namedBuffers(of: model).map(\.buffer)
    averages = parameters.map { $0.value.detached } + buffers.map { $0.value.detached }
  }

  /// d of the update after that many.
  public func decay(after updates: Int) -> Double {
    warmsUp ? min(decay, 1 - pow(1 + Double(updates), -2.0 / 3)) : decay
  }

  /// Takes the model's state as it is now into the average; after each step.
  public func update() {
    let weight = 1 - decay(after: updates)
    updates += 1
    for (index, parameter) in parameters.enumerated() { average(index, parameter.value, weight) }
    for (index, buffer) in buffers.enumerated() {
      average(parameters.count + index, buffer.value, buffer.isCount ? 1 : weight)
    }
  }

  @inline(__always)
  private func average(_ index: Int, _ value: Tensor, _ weight: Double) {
    if weight == 1 {
      averages[index] = value.detached
    } else {
      OptimizerStep.average(&averages[index], value.detached, weight: weight)
    }
  }

  /// Runs `body` while the model has the averaged state and the average the model's.
  public func withAverage<Result>(_ body: () throws -> Result) rethrows -> Result {
    exchange()
    defer { exchange() }
    return try body()
  }

  private func exchange() {
    for (index, parameter) in parameters.enumerated() {
      let own = parameter.value.detached
      parameter.value = averages[index]
      averages[index] = own
    }
    for (index, buffer) in buffers.enumerated() {
      let own = buffer.value.detached
      buffer.value = averages[parameters.count + index]
      averages[parameters.count + index] = own
    }
  }
}
