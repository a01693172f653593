import Derivations
import Figures
import Foundation
import Layers
import Models
import Tensors
import Training

/// The sections of a report of `cascade`.
struct CascadeReport {
  let task: CascadeTask
  let configuration: CascadeConfiguration

  private var main: CascadeNetwork { task.step.networks[0] }

  /// Both losses, epoch by epoch.
  func losses(_ history: History) -> Report.Section? {
    let row = [
      plot(
        history, "Task A", "mean squared error",
        [("train_mse", "training"), ("test_mse", "test"), ("test_mse_alone", "test, A alone")]),
      plot(
        history, "Task B", "cross-entropy",
        [
          ("train_loss_b", "training"), ("test_loss_b", "test"),
          ("test_loss_b_alone", "test, B alone"),
        ]),
    ].compactMap { $0 }
    guard !row.isEmpty else { return nil }
    let caption = "After each epoch, without dropout."
    return Report.Section("Both tasks", [.row(row.map { (figure: $0, caption: caption) })])
  }

  private func plot(
    _ history: History, _ title: String, _ axis: String, _ names: [(String, String)]
  ) -> (any Figure)? {
    guard history.epochs.count > 1 else { return nil }
    let series = names.compactMap { name, label -> Series? in
      let points = history.epochs.compactMap { epoch in
        epoch.metrics[name].map { (Double(epoch.epoch), $0) }
      }
      // Alone it is another network.
      let color = name.hasSuffix("_alone") ? Metric.Part.allCases.count : Metric(name).color
      return points.isEmpty
        ? nil : Series(label, x: points.map(\.0), y: points.map(\.1), color: color)
    }
    guard !series.isEmpty else { return nil }
    return LinePlot(
      title: title, x: Axis(counting: "epoch"), y: Axis(axis, scale: .suiting(series.flatMap(\.y))),
      series: series,
      width: 460,
      height: 300)
  }

  /// The figures of learning both tasks beside those of learning one.
  func comparison(_ metrics: [String: Double]) -> Report.Section {
    func row(_ name: String, _ metric: String, _ text: (Double?) -> String?) -> [String] {
      [name, text(metrics[metric]) ?? "–", text(metrics["\(metric)_alone"]) ?? "–"]
    }
    guard configuration.task == .compare else {
      let what =
        configuration.task == .both
        ? "learns both tasks" : "learns task \(configuration.task.rawValue.uppercased()) alone"
      return Report.Section(
        "Together and alone",
        [
          .paragraph(
            "This network \(what). With --set task=compare one network for both tasks and one for each task "
              + "alone are trained on the same batches, from the same weights and with the same masks."
          )
        ])
    }
    return Report.Section(
      "Together and alone",
      [
        .paragraph(
          "Three networks began with the same weights and saw the same batches under the same masks: one has "
            + "learned both tasks, one task A alone, one task B alone, where the output of branch A has no "
            + "target of its own."),
        .table(
          .init(
            header: ["", "both tasks", "one task alone"],
            rows: [
              row("task A, test MSE", "test_mse", Cascade.mse),
              row("task A, training MSE", "train_mse", Cascade.mse),
              row("task B, test accuracy", "test_accuracy", Cascade.percent),
              row("task B, training accuracy", "train_accuracy", Cascade.percent),
              row("task B, test cross-entropy", "test_loss_b", Cascade.mse),
            ],
            caption: "An MSE of 1 is what predicting the mean would get on the training part.")),
      ])
  }

  /// Predictions beside the truth: points for task A, the confusion matrix for task B, which of images ``images()``
  /// has.
  func predictions() -> Report.Section? {
    let result = task.evaluate(main.model, on: task.data.test)
    var blocks: [Report.Block] = []
    if main.weightA > 0 { blocks.append(scatter(result)) }
    if main.weightB > 0, task.data.images == nil {
      blocks.append(
        .figure(
          ConfusionMatrix(
            counts: result.classification.confusion, classNames: task.data.classNames),
          caption: "Task B: rows are the true classes, columns the predicted ones."))
    }
    return blocks.isEmpty ? nil : Report.Section("Predictions and truth", blocks)
  }

  private func scatter(_ result: CascadeResult) -> Report.Block {
    let columns = configuration.outputs
    let shown = min(task.data.test.count, max(1, 1500 / columns))
    let truth = task.data.test.targets.floats.prefix(shown * columns).map(Double.init)
    let found = result.numbers.floats.prefix(shown * columns).map(Double.init)
    let limit = (truth + found).reduce(1) { max($0, abs($1)) } * 1.05
    return .figure(
      ScatterPlot(
        title: "Task A", x: Axis("truth", range: -limit...limit),
        y: Axis("prediction", range: -limit...limit),
        series: [Series("", x: truth, y: found)], diagonal: -limit...limit, diameter: 3, width: 520,
        height: 520),
      caption:
        "\(task.data.targetNames.prefix(1).uppercased())\(task.data.targetNames.dropFirst()) for "
        + "\(ProgressDisplay.grouped(shown)) test samples, \(columns) points each, in standard deviations; "
        + "with perfect predictions all would lie on the line."
    )
  }

  /// The images that task B gets wrong, and where it looks; nothing where inputs are no images or B is not learned.
  func images() throws -> [Report.Section] {
    guard let images = task.data.images, main.weightB > 0 else { return [] }
    let result = task.evaluate(main.model, on: task.data.test).classification
    let examined = ExaminedNetwork(
      main.model, takes: .rows, parameters: main.parameters, transform: .unit,
      training: images.train, shown: ("test", images.test))
    return [
      ClassificationReport.mistakes(result, on: images.test),
      try AttributionReport.section(examined, result),
    ]
  }

  /// Compares the three gradients at the trained weights on a batch of training samples, with a drawn mask.
  func gradients() -> Report.Section {
    let batch = task.data.train.rows(
      (0..<Int32(min(16, task.data.train.count))).map { $0 }, .float64)
    let network = exact()
    let moved = keepFromKinks(network, batch.inputs)
    let hand = network.byHand
    let mask: Tensor? =
      configuration.dropout == 0
      ? nil
      : dropoutMask(
        [batch.labels.count, configuration.hidden], probability: configuration.dropout,
        key: Context.training(seed: configuration.seed).dropoutKey(), dtype: .float64)
    let agreements = GradientCheck.Case(
      "\(batch.labels.count) training samples", network.parameters,
      byHand: { dy in
        hand.gradient(
          inputs: batch.inputs, targets: batch.targets, labels: batch.labels, mask: mask
        ).gradients.values.map { $0.map { $0 * dy.item } }
      }
    ) { network.loss(batch, .training(seed: configuration.seed)).loss }.agreements()
    let weights =
      main.weightA == main.weightB
      ? #"$\alpha$ and $\beta$ are 1."#
      : #"$\alpha$ is \#(Int(main.weightA)) and $\beta$ is \#(Int(main.weightB))."#
    return GradientReport.section(
      MultiTaskCascade.formulas, agreements,
      note:
        "Measured on \(batch.labels.count) training samples at the trained weights, with a dropout mask $M$; "
        + ClearBiases.words("$b_{1B}$ is", movedBy: moved) + ". "
        + #"$X$ are the samples as rows, $Z_{1A} = X \theta_{1A}^\top + b_{1A}$, "#
        + #"$X_{\text{DP}} = \sin(Z_{1A}) \circ M$, $\hat Y_A = X_{\text{DP}} \theta_{2A}^\top + b_{2A}$, "#
        + #"$X_{1B} = X \theta_{1B}^\top$, $X_{\text{BN}} = X_{1B} - \mu + b_{1B}$ with the mean $\mu$ of the "#
        + #"rows of $X_{1B}$, $X_\oplus = \hat Y_A + \max(X_{\text{BN}}, 0)$, "#
        + #"$Z_{2B} = X_\oplus \theta_{2B}^\top + b_{2B}$, $\hat Y_B = \operatorname{softmax}(Z_{2B})$, "#
        + #"$Y_A$ the numbers, $Y_B$ the classes as one-hot rows, $m$ the number of samples, $L$ is "#
        + #"$\frac{\alpha}{m} \sum_i \frac{1}{2} \lVert (\hat Y_A - Y_A)_i \rVert^2$ plus $\beta$ times the "#
        + "mean cross-entropy. \(weights)")
  }

  /// The main network in float64.
  private func exact() -> CascadeNetwork {
    var random = Philox(seed: 0)
    let model = TaskCascade(
      inputs: task.data.train.inputs.shape[1], hidden: configuration.hidden,
      outputs: configuration.outputs, classes: task.data.classNames.count,
      dropout: configuration.dropout, random: &random)
    convert(model, to: .float64)
    let copies = parameters(of: model)
    for (copy, trained) in zip(copies, main.parameters) {
      copy.value = trained.value.converted(to: .float64)
    }
    return CascadeNetwork(
      model: model, parameters: copies, weightA: main.weightA, weightB: main.weightB)
  }

  /// Moves b₁B until no unit is near the kink; returns by how much at most.
  private func keepFromKinks(_ network: CascadeNetwork, _ x: Tensor) -> Double {
    let bias = network.parameters[5]
    let before = bias.value.doubles
    let units = meanOnlyBatchNormalization(linear(x, network.parameters[4].value), bias.value)
    // A difference moves a weight by 0.0014 to either side: a unit by that times its largest input, less the mean.
    let largest = max(1, x.doubles.reduce(0) { max($0, abs($1)) })
    bias.value = ClearBiases.nearest(to: bias.value, units: units, margin: 0.003 * largest)
    return zip(before, bias.value.doubles).map { abs($0 - $1) }.max() ?? 0
  }
}
