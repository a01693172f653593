import Tensors

/// What TensorBoard is told of the weights and gradients of a step.
///
/// `norm/weight` and `norm/gradient` are those of all parameters together, `weight_norm/<layer>` and
/// `gradient_norm/<layer>` those of a layer's, `weights/<parameter>` and `gradients/<parameter>` distributions.
/// Gradients are as the step had them, before any clipping.
enum WeightSummaries {
  static func summaries(
    of parameters: [Parameter], _ gradients: Gradients?, _ options: TrackingOptions
  ) -> [RunSummary] {
    let values = parameters.map { $0.value.detached }
    let slopes = parameters.indices.map { gradient(of: parameters, at: $0, in: gradients) }
    var summaries: [RunSummary] = []
    if options.norms {
      summaries += norms("weight", parameters, values)
      if gradients != nil { summaries += norms("gradient", parameters, slopes) }
    }
    if options.histograms {
      for (index, parameter) in parameters.enumerated() {
        let name = name(of: parameter, index)
        summaries.append(.histogram("weights/\(name)", values[index].floats))
        if let slope = slopes[index] {
          summaries.append(.histogram("gradients/\(name)", slope.floats))
        }
      }
    }
    return summaries
  }

  private static func gradient(
    of parameters: [Parameter], at index: Int, in gradients: Gradients?
  ) -> Tensor? {
    guard let gradients else { return nil }
    // Nearly always they lie in the parameters' order.
    let isAligned =
      index < gradients.parameters.count && gradients.parameters[index] === parameters[index]
    return isAligned ? gradients.values[index] : gradients[parameters[index]]
  }

  private static func norms(
    _ kind: String, _ parameters: [Parameter], _ tensors: [Tensor?]
  ) -> [RunSummary] {
    var layers: [String] = []
    var squares: [String: Double] = [:]
    for (index, parameter) in parameters.enumerated() {
      guard let tensor = tensors[index] else { continue }
      let layer = layer(of: name(of: parameter, index))
      if squares[layer] == nil { layers.append(layer) }
      squares[layer, default: 0] += sumOfSquares(tensor)
    }
    let all = layers.reduce(0) { $0 + (squares[$1] ?? 0) }
    return [.scalar("norm/\(kind)", all.squareRoot())]
      + layers.map { .scalar("\(kind)_norm/\($0)", (squares[$0] ?? 0).squareRoot()) }
  }

  private static func name(of parameter: Parameter, _ index: Int) -> String {
    parameter.name.isEmpty ? "\(index)" : parameter.name
  }

  /// `layer1.0.conv1` of `layer1.0.conv1.weight`.
  private static func layer(of name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}
