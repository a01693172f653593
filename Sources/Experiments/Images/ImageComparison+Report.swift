import Figures
import Foundation
import Layers
import Models
import Tensors
import Training

extension ImageComparison {
  /// How a metric is shown.
  private struct Shown {
    let metric: String
    let title: String
    /// 100 for what is shown in percent.
    let scale: Double
    let digits: Int
    let unit: String?

    static let testAccuracy = Shown(
      metric: "test_accuracy", title: "test accuracy", scale: 100, digits: 2, unit: "%")
    static let testArea = Shown(
      metric: "test_auc", title: "test AUC", scale: 1, digits: 3, unit: nil)
    static let validationAccuracy = Shown(
      metric: "validation_accuracy", title: "validation accuracy", scale: 100, digits: 2, unit: "%"
    )
    static let validationArea = Shown(
      metric: "validation_auc", title: "validation AUC", scale: 1, digits: 3, unit: nil)

    /// The head of its column: cells with units would make the table wider than the page.
    var head: String { title + (unit.map { ", \($0)" } ?? "") }

    func text(_ value: SeedStatistics?) -> String {
      value?.text(digits: digits, scale: scale) ?? "–"
    }

    func difference(_ value: SeedStatistics?, from reference: SeedStatistics?) -> String {
      guard let value, let reference else { return "–" }
      return value.text(ofDifferenceFrom: reference, digits: digits, scale: scale)
    }
  }

  /// Tables of all groups, their figures by seed, and how they learned.
  func section() throws -> Report.Section {
    var blocks: [Report.Block] = [.table(table()), .table(try details())]
    let strips = [Shown.testAccuracy, .testArea].compactMap(strip)
    // Where the test part is not looked at.
    let shown =
      strips.isEmpty ? [Shown.validationAccuracy, .validationArea].compactMap(strip) : strips
    if !shown.isEmpty { blocks.append(.row(shown)) }
    let curves = [Shown.validationAccuracy, .validationArea].compactMap(curve)
    if !curves.isEmpty { blocks.append(.row(curves)) }
    return Report.Section(manner.title, blocks)
  }

  // MARK: - Table

  /// What each group measured.
  func table() -> Report.Table {
    let measured = [Shown.testAccuracy, .testArea]
    var header = [manner.kind, "runs"]
    for shown in measured {
      header.append(shown.head)
      if let reference {
        header.append("to \(reference.name)")
      }
    }
    let rows = groups.map { group in
      var row = [group.name, "\(group.runs.count)"]
      for shown in measured {
        let final = group.final(shown.metric)
        row.append(shown.text(final))
        if let reference {
          row.append(
            group.name == reference.name
              ? "–" : shown.difference(final, from: reference.final(shown.metric)))
        }
      }
      row.append(Shown.validationAccuracy.text(group.final(Shown.validationAccuracy.metric)))
      return row + [group.seconds.map { String(format: "%.1f", $0.mean) } ?? "–"]
    }
    return Report.Table(
      header: header + ["validation, %", "seconds"], rows: rows, caption: caption)
  }

  /// What else there is to say of each group.
  func details() throws -> Report.Table {
    func words(_ group: Group) -> String {
      manner.names.first { $0.name == group.name }?.words ?? ""
    }
    switch manner.details {
    case .changes:
      return Report.Table(
        header: [manner.kind, "what it changes"], rows: groups.map { [$0.name, words($0)] })
    case .convergence:
      return Report.Table(
        header: [
          manner.kind, "what it trains", "learning rate", "weights trained",
          bound.map { "epochs to " + $0.text } ?? "epochs",
        ],
        rows: try groups.map { group in
          [group.name, words(group), rate(of: group), try trained(in: group)]
            + [convergence(of: group)]
        },
        caption: "Learning rates are those after warming up. \(boundWords)")
    case .cost:
      return Report.Table(
        header: [manner.kind, "multiplications", "weights", "ms a step"],
        rows: try groups.map { [$0.name] + (try cost(of: $0)) },
        caption:
          "Multiplications are those of one image. A step's milliseconds include the evaluations.")
    }
  }

  private var caption: String {
    var sentences = [
      "Mean ± standard deviation over the runs of a name, which differ in their seeds."
    ]
    if let reference {
      sentences.append(
        "To \(reference.name): the difference of the means ± its standard error √(s² ∕ n + s′² ∕ n′)."
      )
    }
    sentences.append(
      "Validation is the accuracy on that part; seconds are those of a run with its evaluations.")
    if groups.contains(where: { $0.seconds == nil }) {
      sentences.append("Of runs that were stopped and gone on with they are not known.")
    }
    if unfinished > 0 {
      sentences.append(
        unfinished == 1
          ? "One trial of a sweep came to no end and is left out."
          : "\(unfinished) trials of sweeps came to no end and are left out.")
    }
    return sentences.joined(separator: " ")
  }

  /// 95 % of what the reference ends with.
  private var bound: (value: Double, text: String)? {
    let accuracy = Metric("validation_accuracy")
    return reference?.final(accuracy.name).map { final in
      let value = 0.95 * final.mean
      return (value, accuracy.text(value))
    }
  }

  /// What the bound is, or why there is none.
  private var boundWords: String {
    let name = manner.reference ?? ""
    if let bound {
      return "\(bound.text) is 95 % of the validation accuracy that \(name) ends with."
    }
    return reference == nil
      ? "There is no run named \(name), whose accuracy would be the measure."
      : "No accuracy on a validation part was measured of \(name) (--set validation=N holds one back), "
        + "so there is no bound."
  }

  private func convergence(of group: Group) -> String {
    guard let bound else { return "–" }
    let epochs = group.epochs(to: bound.value, of: "validation_accuracy")
    let reached = epochs.compactMap(\.self)
    guard !reached.isEmpty else { return "not reached" }
    let text = SeedStatistics(values: reached.map(Double.init)).text(digits: 1)
    return reached.count == epochs.count ? text : "\(text), \(epochs.count - reached.count) not"
  }

  /// As its configuration has it: `0.05`, and `0.05, in front of the classifier × 0.1` where there is a factor.
  private func rate(of group: Group) -> String {
    let image = group.runs[0].image
    return Axis.words(for: image.learningRate)
      + (image.tune == .discriminative
        ? ", in front of the classifier × \(Axis.words(for: image.backboneRate))" : "")
  }

  /// How many weights are trained, and of how many where those are not all.
  private func trained(in group: Group) throws -> String {
    guard let (network, _) = try network(of: group) else { return "–" }
    let all = parameters(of: network.network)
    func text(_ parameters: [Parameter]) -> String {
      ProgressDisplay.grouped(parameters.reduce(0) { $0 + $1.count })
    }
    let trained = all.filter { network.isTrained($0, by: group.runs[0].image.tune) }
    return trained.count == all.count ? text(all) : "\(text(trained)) of \(text(all))"
  }

  /// The network of a group's runs with new weights, and what it is made for; nil where there is none of its name.
  private func network(
    of group: Group
  ) throws -> (network: AnyImageNetwork, form: ImageNetworks.Form)? {
    let image = group.runs[0].image
    var form = try ImageSet.form(image, classes: classes)
    form.stem = group.runs[0].stem
    return ImageNetworks.network(image.network, form, seed: image.seed).map { ($0, form) }
  }

  private func cost(of group: Group) throws -> [String] {
    guard let (network, form) = try network(of: group), let side = form.side else {
      return ["–", "–", "–"]
    }
    let count = network.multiplications(image: [side, side, form.channels])
    let weights = parameters(of: network.network).reduce(0) { $0 + $1.count }
    let times = group.runs.compactMap { run in
      run.seconds.map { $0 * 1000 / Double(max(run.history.losses.count, 1)) }
    }
    return [
      String(format: "%.1f million", Double(count) / 1e6), ProgressDisplay.grouped(weights),
      times.count == group.runs.count ? SeedStatistics(values: times).text(digits: 1) : "–",
    ]
  }

  // MARK: - Figures

  private func strip(_ shown: Shown) -> (figure: any Figure, caption: String)? {
    let rows = groups.compactMap { group in
      group.final(shown.metric).map { found in
        StripPlot.Row(
          group.name, values: found.values.map { $0 * shown.scale }, mean: found.mean * shown.scale,
          spread: found.deviation.map { $0 * shown.scale },
          label: found.text(digits: shown.digits, scale: shown.scale),
          isReference: group.name == reference?.name)
      }
    }
    guard !rows.isEmpty else { return nil }
    let line = reference.map { " The broken line is the mean of \($0.name)." } ?? ""
    return (
      StripPlot(
        title: Self.capitalized(shown.title), axis: Axis(shown.title, unit: shown.unit), rows: rows,
        width: 460),
      "A point is a run, the stroke their mean, the bar one standard deviation to either side."
        + line
    )
  }

  private func curve(_ shown: Shown) -> (figure: any Figure, caption: String)? {
    let series = groups.compactMap { group -> Series? in
      let points = group.curve(shown.metric)
      return points.isEmpty
        ? nil
        : Series(
          group.name, x: points.map { Double($0.epoch) }, y: points.map { $0.mean * shown.scale },
          hasMarkers: points.count == 1)
    }
    guard !series.isEmpty else { return nil }
    return (
      LinePlot(
        title: Self.capitalized(shown.title), x: Axis(counting: "epoch"),
        y: Axis("", unit: shown.unit), series: series, width: 460, height: 340),
      "After each epoch, means over the runs of a name."
    )
  }

  private static func capitalized(_ text: String) -> String {
    text.prefix(1).uppercased() + text.dropFirst()
  }
}
