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

  /// The set of images: cifar10, cifar100, a member of MedMNIST such as pathmnist, or folder for the pictures in
  /// train/CLASS and test/CLASS (or val/CLASS) of --data-dir.
  var data = "cifar10"
  /// The side of MedMNIST's images in pixels, and the one that a folder's pictures are brought to.
  var size = 28
  /// The network, such as resnet18.
  var network = "vgg"
  /// A file with weights to begin with, all but the classifier's, by its path or its name in `pretrained/` of the data
  /// folder; empty for none. Images are then normalised by the means and deviations of ImageNet's, as published weights
  /// want them.
  var weights = ""
  /// What is trained of them.
  var tune = Tuning.full
  /// With tune=discriminative, the rate in front of the classifier as a part of the rate.
  var backboneRate = 0.1
  /// Images in a batch.
  var batchSize = 128
  /// Passes over the training images.
  var epochs = 10
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// What moves the weights.
  var optimizer = OptimizerKind.sgd
  /// The learning rate after warming up.
  var learningRate = 0.1
  /// Of SGD.
  var momentum = 0.9
  /// λ; biases, scales and shifts have none.
  var weightDecay = 5e-4
  /// How the rate goes on.
  var schedule = RateSchedule.cosine
  /// Epochs in which the rate rises from a hundredth.
  var warmup = 0.0
  /// With schedule=step, what the rate is multiplied by …
  var decayFactor = 0.1
  /// … after every so many epochs, counted from the end of the warm-up.
  var decayEvery = 50
  /// What is done to training images at random, such as flip,crop4,mixup0.2.
  var augment = AugmentationRecipe.none
  /// The share of each label that goes to all classes alike.
  var labelSmoothing = 0.0
  /// The decay of the average of the weights that is measured in place of the last ones; 0 for none. It rises to
  /// that over the first (1 − average)^(−3/2) steps: 0.99 is reached after 1,000, 0.999 after 31,600.
  var average = 0.0
  /// Training images held back, drawn by the seed, where the set has no validation part of its own.
  var validation = 0
  /// The metric whose best epoch the run ends with, such as validation_auc; empty for the last epoch.
  var best = ""
  /// When the test part is looked at.
  var test = Test.end
  /// Folders of finished runs to stand beside this one in its report, separated by commas; that of a sweep stands for
  /// its trials.
  var compare = ""
  /// What weights, order, augmentation and the images held back are drawn from.
  var seed: UInt64 = 0
  /// The type of images and activations; with bfloat16 weights and sums stay float32.
  var precision = DType.float32

  static let choices = [
    "network": ImageNetworks.names, "tune": Tuning.allCases.map(\.rawValue),
    "optimizer": OptimizerKind.allCases.map(\.rawValue),
    "schedule": RateSchedule.allCases.map(\.rawValue),
    "test": Test.allCases.map(\.rawValue), "precision": DType.allCases.map(\.rawValue),
  ]

  static let paths = ["weights"]
  static let pathLists = ["compare"]

  var idle: [String: String] {
    var idle: [String: String] = [:]
    if ["cifar10", "cifar100"].contains(data) {
      idle["size"] = "a member of MedMNIST or data=folder"
    } else if data != ImageSet.folderName {
      idle["validation"] = "a set without a validation part of its own"
    }
    if optimizer != .sgd { idle["momentum"] = "optimizer=sgd" }
    if tune != .discriminative { idle["backbone_rate"] = "tune=discriminative" }
    if schedule != .step {
      for key in ["decay_factor", "decay_every"] { idle[key] = "schedule=step" }
    }
    return idle
  }

  func validate() throws {
    try check("batch_size", batchSize, in: 2...100_000)
    try validateTime()
    try check("backbone_rate", backboneRate, in: 0...1)
    try check("momentum", momentum, in: 0...0.9999)
    try check("weight_decay", weightDecay, in: 0...10)
    try check("warmup", warmup, in: 0...10_000)
    try check("decay_factor", decayFactor, in: 1e-12...1)
    try check("decay_every", decayEvery, in: 1...1_000_000)
    try check("label_smoothing", labelSmoothing, in: 0...0.99)
    try check("average", average, in: 0...0.99999999)
    try check("validation", validation, in: 0...1_000_000)
    try check("size", size, in: 8...1024)
    if !["cifar10", "cifar100", ImageSet.folderName].contains(data) {
      _ = try MedMNIST.member(named: data)
    }
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
      best.isEmpty ? nil : BestEpoch(best, isHigherBetter: !best.hasSuffix("loss"))
    return plan(
      rising > 0 ? .linearWarmup(steps: rising, startFactor: 0.01, then: falling) : falling,
      unit: .step, keepBest: keepBest, tracking: .everything)
  }
}
