import Tensors

/// What an optimiser remembers: for each parameter its steps and up to three tensors of its shape.
///
/// The tensors are made at the parameter's first step, so that a frozen one costs nothing. The lists
/// are apart because a step changes an element of each at the same time; what it calls meanwhile are kernels, so
/// that exclusive access needs no check at run time.
final class OptimizerMemory {
  let parameters: [Parameter]
  @exclusivity(unchecked) private var progress: [Progress]
  @exclusivity(unchecked) var first: [Tensor?]
  @exclusivity(unchecked) var second: [Tensor?]
  @exclusivity(unchecked) var third: [Tensor?]
  private let optimizer: StaticString
  private let slots: [String?]
  private let initial: Double
  /// For each parameter what its group says; nil where there are no groups, so that they cost nothing then.
  private let settings: [ParameterGroup.Setting]?

  private struct Progress {
    var steps = 0
    /// That of the tensors that are kept; meaningful from the first step on.
    var dtype = DType.float32
  }

  /// - Parameters:
  ///   - parameters: each once, at least one.
  ///   - optimizer: its name, for messages.
  ///   - slots: the names of the tensors kept for each parameter, at most three; nil for one that is not kept.
  ///   - initial: what the tensors are filled with.
  ///   - groups: which of the parameters have settings of their own.
  init(
    _ parameters: [Parameter], of optimizer: StaticString, slots: [String?], initial: Double = 0,
    groups: [ParameterGroup]
  ) {
    require(!parameters.isEmpty, "\(optimizer): there are no parameters to train")
    var seen: Set<ObjectIdentifier> = []
    for (index, parameter) in parameters.enumerated() {
      require(
        seen.insert(ObjectIdentifier(parameter)).inserted,
        "\(optimizer): parameter number \(index) (\(parameter.name)) is given twice")
    }
    self.parameters = parameters
    self.optimizer = optimizer
    self.slots = slots
    self.initial = initial
    settings = ParameterGroup.settings(of: parameters, in: groups, for: optimizer)
    progress = Array(repeating: Progress(), count: parameters.count)
    first = Array(repeating: nil, count: parameters.count)
    (second, third) = (first, first)
  }

  /// Calls `body` with every parameter that has a gradient: its position here, the number of its step
  /// from 1, itself, and the gradient. Its tensors are there.
  @inline(__always)
  func forEach(_ gradients: Gradients, _ body: (Int, Int, Parameter, Tensor) -> Void) {
    let (others, values) = (gradients.parameters, gradients.values)
    // Nearly always the gradients are of these parameters in this order, and the very same array.
    let areAligned =
      parameters.withUnsafeBufferPointer { $0.baseAddress }
      == others.withUnsafeBufferPointer { $0.baseAddress }
    var isAny = false
    for index in parameters.indices {
      let parameter = parameters[index]
      if parameter.isFrozen { continue }
      let isAligned = areAligned || (index < others.count && others[index] === parameter)
      guard let gradient = isAligned ? values[index] : gradients[parameter] else { continue }
      isAny = true
      let now = advance(index)
      require(
        gradient.shape == parameter.shape && gradient.dtype == parameter.dtype
          && gradient.dtype == now.dtype,
        "\(optimizer): parameter \(parameter.name) of \(parameter.shape) \(parameter.dtype) has a "
          + "gradient of \(gradient.shape) \(gradient.dtype) and a state in \(now.dtype); convert "
          + "parameters before training them")
      body(index, now.steps, parameter, gradient)
    }
    if isAny { return }
    require(
      parameters.allSatisfy(\.isFrozen) || values.allSatisfy { $0 == nil },
      "\(optimizer): none of the gradients is of a parameter that it steps; was the model made anew?"
    )
  }

  /// The rate and the decay of the parameter at that position, from the optimiser's own.
  @inline(__always)
  func rateAndDecay(_ index: Int, _ rate: Double, _ decay: Double) -> (Double, Double) {
    guard let settings else { return (rate, decay) }
    let setting = settings[index]
    return (rate * setting.rateFactor, setting.weightDecay ?? decay)
  }

  @inline(__always)
  private func advance(_ index: Int) -> Progress {
    if progress[index].steps == 0 { makeTensors(index) }
    progress[index].steps += 1
    return progress[index]
  }

  private func makeTensors(_ index: Int) {
    let (shape, dtype) = (parameters[index].shape, parameters[index].dtype)
    func made(_ slot: Int) -> Tensor? {
      slot < slots.count && slots[slot] != nil ? .full(shape, initial, dtype: dtype) : nil
    }
    (first[index], second[index], third[index]) = (made(0), made(1), made(2))
    progress[index].dtype = dtype
  }

  // MARK: - Saving and loading

  var state: [String: Tensor] {
    requireNames()
    var state: [String: Tensor] = [:]
    for (index, parameter) in parameters.enumerated() {
      let steps = Double(progress[index].steps)
      state["\(parameter.name).step"] = Tensor(scalar: steps, dtype: .float64)
      for (slot, tensor) in zip(slots, [first[index], second[index], third[index]]) {
        if let slot, let tensor { state["\(parameter.name).\(slot)"] = tensor }
      }
    }
    return state
  }

  func load(_ state: [String: Tensor], from source: String) throws {
    requireNames()
    var missing: [String] = []
    var wrong: [String] = []
    var unexpected = Set(state.keys)
    var loaded = progress
    var tensors = [[Tensor?]](repeating: parameters.map { _ in nil }, count: 3)

    for (index, parameter) in parameters.enumerated() {
      let key = "\(parameter.name).step"
      unexpected.remove(key)
      guard let step = state[key] else {
        missing.append("\(key) [] float64")
        continue
      }
      let count = step.count == 1 ? Int(exactly: step.item) ?? -1 : -1
      guard step.rank == 0, count >= 0 else {
        wrong.append("\(key) is \(step.description), expected a whole number from 0")
        continue
      }
      loaded[index] = Progress(steps: count, dtype: parameter.dtype)
      if count == 0 { continue }
      for (position, slot) in slots.enumerated() {
        guard let slot else { continue }
        let key = "\(parameter.name).\(slot)"
        unexpected.remove(key)
        guard let tensor = state[key] else {
          missing.append("\(key) \(parameter.shape) \(parameter.dtype)")
          continue
        }
        if tensor.shape == parameter.shape && tensor.dtype == parameter.dtype {
          tensors[position][index] = tensor.detached
        } else {
          wrong.append(
            "\(key) is \(tensor.shape) \(tensor.dtype), expected \(parameter.shape) "
              + "\(parameter.dtype)")
        }
      }
    }
    let extra = unexpected.sorted().map { "\($0) \(state[$0]?.shape ?? [])" }
    let lists = [("missing", missing), ("unexpected", extra), ("wrong", wrong)]
      .filter { !$0.1.isEmpty }
      .map { "\n  \($0.0): \($0.1.joined(separator: ", "))" }
    guard lists.isEmpty else {
      throw AdjointError(
        .badData, "\(source) does not fit \(optimizer) over these parameters" + lists.joined())
    }
    progress = loaded
    (first, second, third) = (tensors[0], tensors[1], tensors[2])
  }

  private func requireNames() {
    var seen: Set<String> = []
    for (index, parameter) in parameters.enumerated() {
      require(
        !parameter.name.isEmpty,
        "\(optimizer): parameter number \(index) of shape \(parameter.shape) has no name to save its "
          + "state under; namedParameters(of: model) gives names")
      require(
        seen.insert(parameter.name).inserted,
        "\(optimizer): two parameters are named \(parameter.name); namedParameters(of: model) gives "
          + "names")
    }
  }
}
