import Datasets
import Layers
import Optimizers
import Tensors
import Training

/// The parts of a set of images with classes.
struct ImageClassificationParts {
  var train: ClassificationSet
  /// Images of the training part that are held back; nil for none.
  var validation: ClassificationSet?
  var test: ClassificationSet

  /// Tells of classes that a part has no image of.
  func warnOfEmptyClasses(_ note: (String) -> Void) {
    let parts =
      [("training", train), ("test", test)] + (validation.map { [("validation", $0)] } ?? [])
    for (name, set) in parts {
      if let empty = set.emptyClasses { note("warning: \(name) part: \(empty)") }
    }
  }
}

/// When a model is tried on the test part.
enum TestUse {
  /// After each epoch, for a curve.
  case everyEpoch
  /// Once, when training is over.
  case atEnd
  /// Not at all: as long as settings are chosen.
  case never
}

/// A training task of images and classes: batches from a loader, one ``ClassificationStep`` each.
///
/// Its losses are mean cross-entropies, binary ones of images with several labels; where the step has a penalty, the
/// metric `penalty` says what it comes to.
final class ImageClassificationTask<Model: Layer>: TrainingTask {
  let model: Model
  let parts: ImageClassificationParts
  let step: ClassificationStep
  let transform: PixelTransform
  let testUse: TestUse
  /// Whether the AUC is measured beside loss and accuracy.
  let measuresArea: Bool
  let weightAverage: WeightAverage?
  /// The parts whose AUC lacks classes, once that has been said.
  private var warnedParts: Set<String> = []
  /// What was measured last: the part held back, if there is one; nil where images have several labels.
  private var lastMeasured: (set: ClassificationSet, result: ClassificationResult)?
  /// What the model did on each part when training was over, for the report; none once weights have changed.
  private var finalResults: [String: ClassificationResult] = [:]
  private var isFinal = false
  private var notes: [String] = []
  private let stateHolder: any Layer
  private let loader: Loader
  private let dtype: DType
  private let layout: InputLayout
  private let context = Context.inference
  /// Images of a batch in inference. Rows: large enough for the library's products, small enough for the
  /// caches. Images: about as many as a step has, lest the memory of a run be that of its evaluation.
  private var evaluationBatch: Int { layout == .rows ? 1000 : 100 }

  /// - Parameters:
  ///   - model: takes inputs of the layout and gives logits.
  ///   - stateHolder: whose state a checkpoint keeps, where it is more than the model's.
  ///   - step: what one step does with a batch.
  ///   - parts: the data.
  ///   - transform: how bytes become features.
  ///   - layout: rows of features for perceptrons, images `[batch, height, width, channels]` for convolutions.
  ///   - augmentation: what is done at random to the images that are trained on; nil for nothing.
  ///   - batchSize: images in a batch.
  ///   - testUse: when the test part is looked at.
  ///   - measuresArea: whether the AUC is measured beside loss and accuracy.
  ///   - averageDecay: the decay of the average of the weights that is measured and kept in place of the last
  ///     ones; nil for none.
  ///   - seed: what the order of an epoch is drawn from.
  ///   - dtype: what the inputs are converted to.
  init(
    model: Model, stateHolder: (any Layer)? = nil, step: ClassificationStep,
    parts: ImageClassificationParts, transform: PixelTransform = .unit,
    layout: InputLayout = .rows, augmentation: Augmentation? = nil, batchSize: Int,
    testUse: TestUse = .everyEpoch, measuresArea: Bool = false, averageDecay: Double? = nil,
    seed: UInt64, dtype: DType
  ) {
    self.model = model
    self.stateHolder = stateHolder ?? model
    self.step = step
    self.parts = parts
    self.transform = transform
    self.testUse = testUse
    self.measuresArea = measuresArea
    weightAverage = averageDecay.map { WeightAverage(of: stateHolder ?? model, decay: $0) }
    self.dtype = dtype
    self.layout = layout
    // Gathering a batch of rows takes less time than handing it from one busy core to another: a thread of
    // its own pays where the team leaves a core free. A step of convolutions takes so long that it always pays.
    let isAhead = layout == .images || Threads.count < Threads.available
    loader = Loader(
      parts.train, batchSize: batchSize, order: .shuffled(seed: seed), layout: layout,
      transform: transform, augmentation: augmentation, prefetch: isAhead ? 2 : 0)
  }

  var stepsPerEpoch: Int { loader.batchesPerEpoch }
  var samplesPerEpoch: Int { parts.train.count }
  var secondsWaited: Double? { loader.waiting }
  var optimizer: any Optimizer { step.optimizer }
  var keepsGradients: Bool {
    get { step.keepsGradients }
    set { step.keepsGradients = newValue }
  }
  var gradients: Gradients? { step.gradients }
  var modelState: [String: Tensor] { stateDictionary(of: stateHolder) }

  func load(modelState: [String: Tensor]) throws {
    finalResults = [:]
    try Layers.load(modelState, into: stateHolder)
  }

  func seek(epoch: Int, batch: Int) throws {
    try loader.seek(to: .init(epoch: epoch, batch: batch))
  }

  func step(_ number: Int, checkFinite: Bool) throws -> StepOutcome {
    finalResults = [:]
    let batch = loader.next()
    return try step(
      batch.inputs.converted(to: dtype), batch.labels, targets: batch.targets, step: number,
      checkFinite: checkFinite)
  }

  /// The first batch as it is trained on; then, after each epoch, what the part held back (or that of the test)
  /// has of images that are taken for something else.
  func summaries(_ epoch: Int, gradients: Gradients?) throws -> [RunSummary] {
    if epoch > 0 {
      return lastMeasured.map { ClassificationSummaries.mistakes($0.result, on: $0.set) } ?? []
    }
    // The loop seeks its place before the first step.
    let batch = loader.next()
    return ClassificationSummaries.firstBatch(batch, of: parts.train)
  }

  func epochMetrics() throws -> [String: Double] {
    try metrics(withTest: testUse == .everyEpoch)
  }

  func finalMetrics() throws -> [String: Double] {
    isFinal = true
    defer { isFinal = false }
    return try metrics(withTest: testUse != .never).merging(measure("train", parts.train)) { $1 }
  }

  private func metrics(withTest isTested: Bool) throws -> [String: Double] {
    var metrics = isTested ? try measure("test", parts.test) : [:]
    if let validation = parts.validation {
      metrics.merge(try measure("validation", validation)) { $1 }
    }
    if step.penalty > 0 { metrics["penalty"] = step.penalty }
    return metrics
  }

  /// The part that a report may show: the test part where it has been looked at, else the one held back, else
  /// that of training.
  var shownPart: (name: String, set: ClassificationSet) {
    if testUse != .never { return ("test", parts.test) }
    return parts.validation.map { ("validation", $0) } ?? ("training", parts.train)
  }

  /// What the model does on that part, of one class for each image; not measured again where the final metrics did.
  var shownResult: ClassificationResult {
    let (name, set) = shownPart
    return finalResults[name == "training" ? "train" : name] ?? evaluate(set)
  }

  /// The model as what looks inside takes it.
  var examined: ExaminedNetwork {
    ExaminedNetwork(
      model, takes: layout, parameters: step.parameters, transform: transform,
      training: parts.train, shown: shownPart)
  }

  /// What the model does on a whole set of images of one class each, in inference mode.
  func evaluate(_ set: ClassificationSet) -> ClassificationResult { evaluate(set) {} }

  /// The same; `ask` is called before each batch, and what it throws ends the measurement.
  private func evaluate(
    _ set: ClassificationSet, asking ask: () throws -> Void
  ) rethrows -> ClassificationResult {
    var result = ClassificationResult(classes: set.classCount, keepingScores: measuresArea)
    try infer(set, ask) { result.add(logits: $0, labels: $1.labels) }
    return result
  }

  /// What the model does on a whole set of images with several labels, in inference mode.
  func evaluateLabels(_ set: ClassificationSet) -> MultiLabelResult { evaluateLabels(set) {} }

  private func evaluateLabels(
    _ set: ClassificationSet, asking ask: () throws -> Void
  ) rethrows -> MultiLabelResult {
    var result = MultiLabelResult(labels: set.classCount)
    try infer(set, ask) { logits, batch in
      if let targets = batch.targets { result.add(logits: logits, targets: targets) }
    }
    return result
  }

  private func infer(
    _ set: ClassificationSet, _ ask: () throws -> Void,
    _ body: (_ logits: Tensor, Batch) -> Void
  ) rethrows {
    let loader = Loader(
      set, batchSize: evaluationBatch, order: .sequential, layout: layout, transform: transform)
    for _ in 0..<loader.batchesPerEpoch {
      try ask()
      let batch = loader.next()
      body(model(batch.inputs.converted(to: dtype), context), batch)
    }
  }

  private func measure(_ part: String, _ set: ClassificationSet) throws -> [String: Double] {
    let metrics: [String: Double]
    let area: AreaUnderROC?
    if set.targets != nil {
      let result = try evaluateLabels(set, asking: Interruption.check)
      (metrics, area) = (result.metrics(of: part), result.areaUnderROC())
    } else {
      let result = try evaluate(set, asking: Interruption.check)
      lastMeasured = (set, result)
      if isFinal { finalResults[part] = result }
      (metrics, area) = (result.metrics(of: part), measuresArea ? result.areaUnderROC() : nil)
    }
    if let area, warnedParts.insert(part).inserted,
      let warning = area.warning(classNames: set.classNames)
    {
      notes.append("warning: \(part) part: \(warning)")
    }
    return metrics
  }

  func takeNotes() -> [String] {
    defer { notes = [] }
    return notes
  }
}
