import Datasets
import Derivations
import Figures
import Foundation
import Tensors

/// The section that shows a network's gradients three ways, measured while the report is made.
enum GradientReport {
  /// - Parameters:
  ///   - formulas: what is computed by hand, one line for each parameter.
  ///   - agreements: what was measured, in the same order.
  ///   - note: what it was measured on, and what the symbols mean: text with TeX between dollar signs.
  static func section(
    _ formulas: [Formula], _ agreements: [GradientCheck.Agreement], note: String
  ) -> Report.Section {
    let rows = agreements.map {
      [$0.name, marked($0.tapeAgainstHand), marked($0.tapeAgainstDifferences)]
    }
    let differ = agreements.filter {
      !(max($0.tapeAgainstHand, $0.tapeAgainstDifferences) <= tolerance)
    }
    let verdict =
      differ.isEmpty ? "" : " ✗ marks what differs by more than \(scientific(tolerance))."
    return Report.Section(
      "Its gradients, three ways",
      [
        .html("<p>\(Prose.html(note))</p>"),
        .formulas(
          header: ["parameter", "by hand", "where"],
          rows: zip(formulas, agreements).map { formula, agreement in
            [agreement.name, formula.mathML, formula.explanationHTML]
          }),
        .table(
          .init(
            header: [
              "parameter", "by hand and tape differ by", "tape and central differences differ by",
            ], rows: rows,
            caption: "Largest difference relative to the largest element, in float64.\(verdict)")),
      ])
  }

  /// Compares the gradients of a perceptron at its trained weights on images that keep clear of the kinks of
  /// the rectifiers, where a difference of values is no derivative.
  ///
  /// - Parameters:
  ///   - trained: weights and biases from the input to the output.
  ///   - set: where the images are taken from, and what they are called.
  ///   - transform: how bytes become inputs.
  ///   - penalty: λ of the quadratic penalty on the weights.
  ///   - formulas: one for each parameter.
  ///   - symbols: what the symbols in them mean.
  ///   - byHand: the gradients of cross-entropy and penalty.
  static func section(
    of trained: [Parameter], on set: ClassificationSet, named name: String,
    transform: PixelTransform, penalty: Double = 0, formulas: [Formula], symbols: String,
    byHand: @escaping ([Parameter], Tensor, IndexTensor) -> Gradients
  ) -> Report.Section {
    let exact = trained.map {
      Parameter($0.value.detached.converted(to: .float64), name: $0.name)
    }
    let loader = Loader(
      set, batchSize: min(set.count, 1000), order: .sequential, transform: transform)
    let batch = loader.next()
    let original = batch.inputs.converted(to: .float64)
    let (images, largest, isScaled) = rescale(original, exact)
    // A difference goes 0.0014 to either side of a weight.
    let rows = clearRows(of: images, exact, margin: 0.002 * max(largest, 2.5))
    let inputs = gather(images, rows)
    let labels = IndexTensor(rows.values.map { batch.labels.values[Int($0)] })
    let weights = stride(from: 0, to: exact.count, by: 2).map { exact[$0] }
    let agreements = GradientCheck.Case(
      "\(rows.count) \(name)", exact,
      byHand: { dy in byHand(exact, inputs, labels).values.map { $0.map { $0 * dy.item } } }
    ) {
      let loss = softmaxCrossEntropy(units(of: inputs, exact).last ?? inputs, labels: labels)
      guard penalty > 0 else { return loss }
      return weights.reduce(loss) { $0 + penalty * squaredNorm($1.value) }
    }.agreements()
    let scaling =
      isScaled
      ? " Where inputs or hidden units are larger than ten, they are scaled down and the weights that take "
        + "them up, which leaves the probabilities as they are."
      : ""
    return section(
      formulas, agreements,
      note: "Measured on \(rows.count) \(name) at the trained weights.\(scaling) \(symbols)")
  }

  /// Divides inputs, and units after a rectifier, by whole numbers until none is much above ten, and multiplies
  /// the weights that take them: beside large ones, the smallest step of a weight is a large one of its unit.
  ///
  /// - Returns: the inputs, the largest number that a weight is multiplied with, and whether anything was divided.
  private static func rescale(
    _ x: Tensor, _ parameters: [Parameter]
  ) -> (inputs: Tensor, largest: Double, isScaled: Bool) {
    func size(of tensor: Tensor) -> Double { tensor.doubles.reduce(0) { max($0, abs($1)) } }
    func divisor(_ size: Double) -> Double { max(1, (size / 10).rounded()) }
    var largest = size(of: x)
    let first = divisor(largest)
    largest /= first
    var isScaled = first > 1
    parameters[0].value = parameters[0].value * first
    var h = x / first
    for layer in stride(from: 0, to: parameters.count - 2, by: 2) {
      h = linear(h, parameters[layer].value, parameters[layer + 1].value, activation: .relu)
      let size = size(of: h)
      let divisor = divisor(size)
      for index in [layer, layer + 1] {
        parameters[index].value = parameters[index].value / divisor
      }
      parameters[layer + 2].value = parameters[layer + 2].value * divisor
      h = h / divisor
      largest = max(largest, size / divisor)
      isScaled = isScaled || divisor > 1
    }
    return (x / first, largest, isScaled)
  }

  /// Up to sixteen rows on which no hidden unit is near zero; the first one if there is none.
  private static func clearRows(
    of images: Tensor, _ parameters: [Parameter], margin: Double
  ) -> IndexTensor {
    let hidden = units(of: images, parameters).dropLast().map { ($0.doubles, $0.shape[1]) }
    let clear = (0..<images.shape[0]).lazy.filter { row in
      hidden.allSatisfy { values, width in
        values[(row * width)..<((row + 1) * width)].allSatisfy { abs($0) > margin }
      }
    }
    let rows: [Int32] = clear.prefix(16).map { Int32($0) }
    return IndexTensor(rows.isEmpty ? [0] : rows)
  }

  /// The units of each layer before its rectifier.
  private static func units(of x: Tensor, _ parameters: [Parameter]) -> [Tensor] {
    var units: [Tensor] = []
    for layer in stride(from: 0, to: parameters.count, by: 2) {
      let h = units.last.map { relu($0) } ?? x
      units.append(linear(h, parameters[layer].value, parameters[layer + 1].value))
    }
    return units
  }

  /// Rounding of differences over steps as small as these, at weights of any size.
  private static let tolerance = 1e-6

  private static func marked(_ error: Double) -> String {
    scientific(error) + (error <= tolerance ? "" : " ✗")
  }

  static func scientific(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.1e", value)
  }
}
