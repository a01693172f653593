import Datasets
import Optimizers
import Tensors
import Training

/// What determines a run of an experiment with a convolutional classifier.
struct ImageConfiguration: TimedConfiguration {
  /// How the learning rate goes on.
  enum RateSchedule: String, Codable, CaseIterable {
    /// As it is.
    case constant
    /// Multiplied by `decay_factor` after every `decay_every` epochs.
    case step
    /// Half a cosine down to 0 at the end.
    case cosine
  }

  /// What is trained of a network with given weights.
  enum Tuning: String, Codable, CaseIterable {
    /// All of it, at one rate.
    case full
    /// The classifier alone.
    case head
    /// All of it, the classifier at the whole rate and what lies in front of it at `backbone_rate` times that.
    case discriminative
  }

  /// When the test part is looked at.
  enum Test: String, Codable, CaseIterable {
    case epochs, end, never

    var use: TestUse {
      switch self {
      case .epochs: .everyEpoch
      case .end: .atEnd
      case .never: .never
      }
    }
  }

  var data = "cifar10"
  var size = 28
  var network = "vgg"
  var weights = ""
  var tune = Tuning.full
  var backboneRate = 0.1
  var batchSize = 128
  var epochs = 10
  var steps = 0
  var optimizer = OptimizerKind.sgd
  var learningRate = 0.1
  var momentum = 0.9
  var weightDecay = 5e-4
  var schedule = RateSchedule.cosine
  var warmup = 0.0
  var decayFactor = 0.1
  var decayEvery = 50
  var augment = AugmentationRecipe.none
  var labelSmoothing = 0.0
  /// The decay is reached after the first (1 − average)^(−3/2) steps: 0.99 after 1,000, 0.999 after 31,600.
  var average = 0.0
  var validation = 0
  var best = ""
  var test = Test.end
  var compare = ""
  var seed: UInt64 = 0
  var precision = DType.float32

  static let settings: [Setting<Self>] = [
    .other(
      "data", "cifar10, cifar100, a member of MedMNIST such as pathmnist, or folder",
      "images; folder stands for the pictures in train/CLASS and test/CLASS (or val/CLASS) of --data-dir"
    ),
    .whole(
      "size", \.size, in: 8...1024,
      "side of MedMNIST's images in pixels; a folder's pictures are brought to it"),
    .word("network", ImageNetworks.names, "what is trained"),
    .file(
      "weights",
      "weights to begin with, all but the classifier's, by path or by name in pretrained/ of the data folder; images are "
        + "then normalised as ImageNet's are"
    ),
    .word("tune", Tuning.self, "what is trained of given weights"),
    .real(
      "backbone_rate", \.backboneRate, in: 0...1,
      "with tune=discriminative, the rate in front of the classifier as a part of the rate"),
    .whole("batch_size", \.batchSize, in: 2...100_000, "images in a batch"),
    .epochs(),
    .steps,
    .word("optimizer", OptimizerKind.self, "what moves the weights"),
    .learningRate("learning rate after warming up"),
    .real(
      "momentum", \.momentum, in: 0...0.9999,
      "with optimizer=sgd, how much of the last step is in the next"),
    .real(
      "weight_decay", \.weightDecay, in: 0...10,
      "how strongly weights are drawn towards zero; biases, scales and shifts are not"),
    .word("schedule", RateSchedule.self, "how the rate goes on"),
    .real("warmup", \.warmup, in: 0...10_000, "epochs in which the rate rises from a hundredth"),
    .real(
      "decay_factor", \.decayFactor, in: 1e-12...1,
      "with schedule=step, what the rate is multiplied by after every decay_every epochs"),
    .whole(
      "decay_every", \.decayEvery, in: 1...1_000_000,
      "with schedule=step, epochs from one multiplication to the next, counted from the end of the warm-up"
    ),
    .other(
      "augment", "none or a recipe such as flip,crop4,mixup0.2",
      "what is done to training images at random"),
    .real(
      "label_smoothing", \.labelSmoothing, in: 0...0.99,
      "share of each label that goes to all classes alike"),
    .real(
      "average", \.average, in: 0...0.99999999,
      "decay of the average of the weights that is measured in place of the last ones; 0 for none"),
    .whole(
      "validation", \.validation, in: 0...1_000_000,
      "training images held back where the set has no validation part of its own"),
    .other(
      "best", "a metric such as validation_auc, or empty for the last epoch",
      "metric whose best epoch the run ends with"),
    .word("test", Test.self, "when the test part is looked at"),
    .files(
      "compare",
      "folders of finished runs to stand beside this one in its report; that of a sweep stands for its trials"
    ),
    .seed(\.seed, "what weights, order, augmentation and the images held back are drawn from"),
    .word(
      "precision", DType.self,
      "type of images and activations; with bfloat16 weights and sums stay float32"),
  ]

  /// What is known of the images before they are read.
  var setKind: ImageSetKind { get throws { try .named(data) } }

  /// What is trained and how, in a phrase.
  var summary: String {
    let tuned =
      switch tune {
      case .head: "of given weights its classifier alone"
      case .discriminative: "from given weights, at a lower rate in front of the classifier"
      case .full: weights.isEmpty ? "" : "from given weights"
      }
    let falls =
      switch schedule {
      case .constant: warmup > 0 ? "warm-up" : ""
      case .step: warmup > 0 ? "warm-up and steps" : "steps"
      case .cosine: warmup > 0 ? "warm-up and cosine" : "cosine"
      }
    let means = [
      optimizer.words(momentum: momentum), falls, average > 0 ? "average of the weights" : "",
    ]
    let training = means.filter { !$0.isEmpty }.joined(separator: ", ")
    return "\(ImageNetworks.words(network))\(tuned.isEmpty ? "" : ", \(tuned)"); \(training)"
  }

  var idle: [String: String] {
    var idle: [String: String] = [:]
    let kind = try? setKind
    if kind?.side != nil { idle["size"] = "a member of MedMNIST or data=folder" }
    if kind?.hasOwnValidation == true {
      idle["validation"] = "a set without a validation part of its own"
    }
    if optimizer != .sgd { idle["momentum"] = "optimizer=sgd" }
    if tune != .discriminative { idle["backbone_rate"] = "tune=discriminative" }
    if schedule != .step {
      for key in ["decay_factor", "decay_every"] { idle[key] = "schedule=step" }
    }
    return idle
  }

  func validateTogether() throws {
    _ = try setKind
  }

  /// The plan, where an epoch has so many steps.
  func plan(stepsPerEpoch: Int) -> TrainingPlan {
    let total = totalSteps(stepsPerEpoch: stepsPerEpoch)
    let rising = min(Int(warmup * Double(stepsPerEpoch)), total - 1)
    let falling: Schedule =
      switch schedule {
      case .constant: .constant
      case .step: .step(size: decayEvery * stepsPerEpoch, factor: decayFactor)
      case .cosine: .cosine(total: max(1, total - rising), minimum: 0)
      }
    let keepBest =
      best.isEmpty ? nil : BestEpoch(best, isHigherBetter: Metric(best).isHigherBetter ?? true)
    return plan(
      rising > 0 ? .linearWarmup(steps: rising, startFactor: 0.01, then: falling) : falling,
      unit: .step, keepBest: keepBest, tracking: .everything)
  }
}
