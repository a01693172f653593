import Datasets
import Derivations
import Figures
import Foundation
import Tensors

/// The table that shows a network's gradients three ways, measured while the report is made.
enum GradientReport {
  static func section(
    _ formulas: [Formula], _ agreements: [GradientCheck.Agreement], note: String
  ) -> Report.Section {
    let rows = zip(formulas, agreements).map { formula, agreement in
      [
        agreement.name, "\(formula.symbol) = \(formula.value)", formula.explanation,
        scientific(agreement.tapeAgainstHand), scientific(agreement.tapeAgainstDifferences),
      ]
    }
    return Report.Section(
      "Its gradients, three ways",
      [
        .paragraph(note),
        .table(
          .init(
            header: [
              "parameter", "by hand", "where", "by hand and tape differ by",
              "tape and central differences differ by",
            ], rows: rows,
            caption: "Largest difference relative to the largest element, in float64.")),
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
    var images = batch.inputs.converted(to: .float64)
    // Inputs of the size of bytes would turn the smallest step of a weight into a large one of its unit. The
    // same units come of inputs divided by that size and first weights multiplied by it.
    let size = images.doubles.reduce(1) { max($0, abs($1)) }
    images = images / size
    exact[0].value = exact[0].value * size
    let rows = clearRows(of: images, exact)
    let inputs = gather(images, rows)
    let labels = IndexTensor(rows.values.map { batch.labels.values[Int($0)] })
    let weights = stride(from: 0, to: exact.count, by: 2).map { exact[$0] }
    let agreements = GradientCheck.Case(
      "\(rows.count) \(name)", exact,
      byHand: { dy in byHand(exact, inputs, labels).values.map { $0.map { $0 * dy.item } } }
    ) {
      let loss = softmaxCrossEntropy(units(of: inputs, exact).last!, labels: labels)
      guard penalty > 0 else { return loss }
      return weights.reduce(loss) { $0 + penalty * squaredNorm($1.value) }
    }.agreements()
    let scaling =
      size > 1
      ? " The inputs are divided by \(Int(size.rounded())) and W₁ is multiplied by it, which leaves every "
        + "unit as it is."
      : ""
    return section(
      formulas, agreements,
      note: "Measured on \(rows.count) \(name) at the trained weights.\(scaling) \(symbols)")
  }

  /// Up to sixteen rows on which no hidden unit is near zero; the first one if there is none.
  private static func clearRows(of images: Tensor, _ parameters: [Parameter]) -> IndexTensor {
    let hidden = units(of: images, parameters).dropLast().map { ($0.doubles, $0.shape[1]) }
    let clear = (0..<images.shape[0]).lazy.filter { row in
      hidden.allSatisfy { values, width in
        values[(row * width)..<((row + 1) * width)].allSatisfy { abs($0) > 0.005 }
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

  static func scientific(_ value: Double) -> String {
    value == 0 ? "0" : String(format: "%.1e", value)
  }
}
