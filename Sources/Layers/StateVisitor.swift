import Tensors

/// Walks through the stored properties of a model and notes its parameters and buffers by their paths.
struct StateVisitor {
  enum Holder {
    case parameter(Parameter)
    case buffer(Buffer)

    var identity: ObjectIdentifier {
      switch self {
      case .parameter(let parameter): ObjectIdentifier(parameter)
      case .buffer(let buffer): ObjectIdentifier(buffer)
      }
    }

    var value: Tensor {
      switch self {
      case .parameter(let parameter): parameter.stateValue
      case .buffer(let buffer): buffer.value
      }
    }

    /// The shape of its value.
    var shape: Shape {
      switch self {
      case .parameter(let parameter): parameter.stateShape
      case .buffer(let buffer): buffer.value.shape
      }
    }

    /// Whether a value of this shape can be loaded.
    func fits(_ shape: Shape) -> Bool {
      if self.shape == shape { return true }
      // Lengths of rows may be there without the axes of length 1 that PyTorch gives them.
      guard case .parameter(let parameter) = self, case .rowLengths = parameter.stateLayout else {
        return false
      }
      return parameter.shape == shape
    }

    func set(_ value: Tensor) {
      switch self {
      case .parameter(let parameter): parameter.stateValue = value
      case .buffer(let buffer): buffer.value = value
      }
    }
  }

  struct Item {
    /// The path at which it was met first.
    let path: String
    /// The paths at which it was met again: tied weights.
    var aliases: [String] = []
    let holder: Holder

    var names: [String] { [path] + aliases }
  }

  private(set) var items: [Item] = []
  private var positions: [ObjectIdentifier: Int] = [:]
  private var paths: Set<String> = []

  mutating func visit(_ value: Any, at path: String = "") {
    switch value {
    case let parameter as Parameter: note(.parameter(parameter), at: path)
    case let buffer as Buffer: note(.buffer(buffer), at: path)
    case is Tensor, is IndexTensor, is String, is any SIMD: return
    case let sequential as Sequential: visitElements(of: sequential.layers, at: path)
    default: visitChildren(of: value, at: path)
    }
  }

  private mutating func visitChildren(of value: Any, at path: String) {
    let mirror = Mirror(reflecting: value)
    switch mirror.displayStyle {
    case .optional:
      if let wrapped = mirror.children.first { visit(wrapped.value, at: path) }
    case .collection:
      visitElements(of: mirror.children.lazy.map(\.value), at: path)
    case .dictionary, .set:
      var inside = StateVisitor()
      for child in mirror.children { inside.visit(child.value) }
      require(
        inside.items.isEmpty,
        "\(path) is a dictionary or set with parameters in it, which have no order: keep them in an "
          + "array or in properties")
    case .class where !(value is any Layer):
      // Anything may hang on an object, a cycle too: a look at what it holds itself, and no further.
      for child in StateVisitor.properties(of: mirror) where StateVisitor.isTrained(child.value) {
        let name = joined(path, snakeCase(child.label ?? ""))
        stop(
          "\(name) belongs to \(type(of: value)), a class that is not a Layer, and would neither be trained nor "
            + "saved: make it conform to Layer")
      }
    default:
      for child in StateVisitor.properties(of: mirror) {
        guard let label = child.label else { continue }
        visit(child.value, at: joined(path, snakeCase(label)))
      }
    }
  }

  /// Those of superclasses first.
  private static func properties(of mirror: Mirror) -> [Mirror.Child] {
    (mirror.superclassMirror.map(properties) ?? []) + mirror.children
  }

  /// Whether it is a parameter or a buffer, or a value that has one somewhere. Objects may lead back to where they hang,
  /// and are not looked into.
  private static func isTrained(_ value: Any) -> Bool {
    switch value {
    case is Parameter, is Buffer: return true
    case is Tensor, is IndexTensor, is String, is any SIMD: return false
    case let sequential as Sequential: return sequential.layers.contains(where: isTrained)
    default: break
    }
    let mirror = Mirror(reflecting: value)
    guard mirror.displayStyle != .class else { return false }
    for child in mirror.children {
      // An array of a million numbers is not a list of layers.
      if child.value is any BinaryInteger || child.value is any BinaryFloatingPoint {
        if mirror.displayStyle == .collection { return false }
        continue
      }
      if isTrained(child.value) { return true }
    }
    return false
  }

  private mutating func visitElements(of elements: some Sequence<Any>, at path: String) {
    for (index, element) in elements.enumerated() {
      // An array of a million numbers is not a list of layers.
      if element is any BinaryInteger || element is any BinaryFloatingPoint { return }
      visit(element, at: joined(path, "\(index)"))
    }
  }

  private mutating func note(_ holder: Holder, at path: String) {
    if let position = positions[holder.identity] {
      items[position].aliases.append(path)
    } else {
      require(
        paths.insert(path).inserted,
        "\(path) is the name of two parameters or buffers: names of properties have to differ in snake case too"
      )
      positions[holder.identity] = items.count
      items.append(Item(path: path, holder: holder))
    }
  }

  private func joined(_ path: String, _ component: String) -> String {
    path.isEmpty ? component : "\(path).\(component)"
  }
}

/// `runningMean` as `running_mean`; a tuple's `.0` as `0`.
func snakeCase(_ label: String) -> String {
  let letters = Array(label.drop { $0 == "." })
  var result = ""
  for (index, letter) in letters.enumerated() {
    let followsSmall = index > 0 && !letters[index - 1].isUppercase && letters[index - 1] != "_"
    let beginsWord =
      index > 0 && index + 1 < letters.count && letters[index - 1].isUppercase
      && letters[index + 1].isLowercase
    if letter.isUppercase && (followsSmall || beginsWord) { result.append("_") }
    result.append(letter.lowercased())
  }
  return result
}
