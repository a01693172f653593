import Tensors

/// The parameters of a model with their names, in the order of its stored properties.
///
/// A name is the path of stored properties that leads to the parameter, its words joined by `_`, and so
/// equals the key in PyTorch's `state_dict`: `layer1.0.conv1.weight`. Layers in an array or a
/// ``Sequential`` are named by their positions. A parameter that is met twice (tied weights) is listed
/// once, under its first name.
///
/// Reads the properties by reflection and sets `Parameter.name`: to be called once on the whole model
/// and not in every step, nor on a part of the model, where the paths are others. Stops if parameters are
/// kept in a dictionary, or in an object that is no layer, or if two would have one name.
///
/// - Parameter model: a layer, or any struct or array of layers.
public func namedParameters(of model: Any) -> [(name: String, parameter: Parameter)] {
  items(of: model).compactMap { item in
    guard case .parameter(let parameter) = item.holder else { return nil }
    parameter.name = item.path
    return (item.path, parameter)
  }
}

/// The parameters of a model; they are given their names, see ``namedParameters(of:)``.
public func parameters(of model: Any) -> [Parameter] {
  namedParameters(of: model).map(\.parameter)
}

/// The buffers of a model with their names, as ``namedParameters(of:)`` has them.
public func namedBuffers(of model: Any) -> [(name: String, buffer: Buffer)] {
  items(of: model).compactMap { item in
    guard case .buffer(let buffer) = item.holder else { return nil }
    buffer.name = item.path
    return (item.path, buffer)
  }
}

/// The values of all parameters and buffers by name.
public func stateDictionary(of model: Any) -> [String: Tensor] {
  Dictionary(uniqueKeysWithValues: items(of: model).map { ($0.path, $0.holder.value) })
}

/// Rounds all parameters and buffers to float32 or float64; before an optimiser is made.
///
/// Stops at bfloat16: weights and statistics stay float32 there, and the images alone are converted.
public func convert(_ model: Any, to dtype: DType) {
  require(
    dtype != .bfloat16,
    "convert: weights do not train in bfloat16; leave them float32 and give the network images in bfloat16, "
      + "x.converted(to: .bfloat16)")
  for item in items(of: model) {
    switch item.holder {
    case .parameter(let parameter): parameter.convert(to: dtype)
    case .buffer(let buffer): buffer.value = buffer.value.converted(to: dtype)
    }
  }
}

/// The type of a model's first parameter or buffer; nil where it has none.
package func dtype(of model: Any) -> DType? {
  switch items(of: model).first?.holder {
  case .parameter(let parameter): parameter.dtype
  case .buffer(let buffer): buffer.value.dtype
  case nil: nil
  }
}

/// Which part of a model's state is loaded; names are whole path components: `fc` is `fc.weight`, not
/// `fc1.weight`.
public enum StateSelection: Sendable, Equatable {
  /// All of it.
  case everything
  /// All but what lies under these paths, on either side: what fine-tuning trains anew. Tied weights lie under
  /// their first name.
  case except([String])
  /// What lies under these paths, tied weights under any of their names; whatever else is on either side is left
  /// alone.
  case only([String])

  fileprivate func includes(_ name: String) -> Bool {
    switch self {
    case .everything: true
    case .except(let paths): !paths.contains { lies(name, under: $0) }
    case .only(let paths): paths.contains { lies(name, under: $0) }
    }
  }

  /// The names that an item may be loaded from, those that are meant first; none if it is left alone.
  fileprivate func names(of item: StateVisitor.Item) -> [String] {
    let included = item.names.filter(includes)
    switch self {
    case .everything: return included
    case .except: return includes(item.path) ? included : []
    // Under whichever name the others are saved, it is the same tensor.
    case .only: return included.isEmpty ? [] : included + item.names.filter { !includes($0) }
    }
  }

  fileprivate var paths: [String] {
    switch self {
    case .everything: []
    case .except(let paths), .only(let paths): paths
    }
  }
}

/// Sets a model's parameters and buffers; strict, and nothing is changed unless all fits.
///
/// Values are rounded to the type that the model has. Tied weights may be there under any of their names, or
/// all; ``StateSelection/except(_:)`` may leave out some of a tied weight's names.
///
/// - Parameters:
///   - state: tensors by name.
///   - model: what is set.
///   - selection: which part of both.
///   - source: where the tensors are from, for the message.
/// - Throws: `AdjointError` that lists all that is missing, unexpected and of the wrong shape, and tied weights whose
///   names have different tensors, or that a path of the selection is not in the model.
public func load(
  _ state: [String: Tensor], into model: Any, _ selection: StateSelection = .everything,
  from source: String = "the state"
) throws {
  let all = items(of: model)
  let known = all.flatMap(\.names)
  for path in selection.paths where !known.contains(where: { lies($0, under: path) }) {
    throw AdjointError(.usage, "\(source): the selection names \(path), which is not in the model")
  }
  var missing: [String] = []
  var wrong: [String] = []
  var contradicting: [String] = []
  var unexpected = Set(state.keys.filter(selection.includes))
  var found: [(StateVisitor.Holder, Tensor)] = []
  for item in all {
    unexpected.subtract(item.names)
    let names = selection.names(of: item)
    guard !names.isEmpty else { continue }
    let current = item.holder.value
    guard let name = names.first(where: { state[$0] != nil }), let value = state[name] else {
      if case .buffer(let buffer) = item.holder, buffer.isOptional { continue }
      missing.append("\(names[0]) \(current.shape)")
      continue
    }
    if let other = names.first(where: { other in
      other != name && selection.includes(other)
        && state[other].map { !isSame($0, value) } ?? false
    }) {
      contradicting.append("\(name) and \(other)")
    } else if item.holder.fits(value.shape) {
      found.append((item.holder, value.detached.converted(to: current.dtype)))
    } else {
      wrong.append("\(name) is \(value.shape), expected \(current.shape)")
    }
  }
  let extra = unexpected.sorted().map { "\($0) \(state[$0]?.shape ?? [])" }
  let lists = [
    ("missing", missing), ("unexpected", extra), ("wrong shape", wrong),
    ("tied in the model, different here", contradicting),
  ]
  .filter { !$0.1.isEmpty }
  .map { "\n  \($0.0): \($0.1.joined(separator: ", "))" }
  guard lists.isEmpty else {
    throw AdjointError(.badData, "\(source) does not fit the model" + lists.joined())
  }
  for (holder, value) in found { holder.set(value) }
}

private func isSame(_ a: Tensor, _ b: Tensor) -> Bool {
  a.shape == b.shape
    && zip(a.doubles, b.doubles).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) }
}

private func items(of model: Any) -> [StateVisitor.Item] {
  var visitor = StateVisitor()
  visitor.visit(model)
  return visitor.items
}

private func lies(_ name: String, under path: String) -> Bool {
  name == path || name.hasPrefix(path + ".")
}
