import Datasets

/// What `pathmnist-ablation` takes away from model B's training, adds to it, or puts in the place of something.
struct AblationVariant: Sendable {
  /// What `variant=` says.
  let name: String
  /// What it changes, in words.
  let words: String
  /// Changes the settings of the full training.
  let change: @Sendable (inout ImageConfiguration) -> Void

  /// All of them, the full training first.
  static let all: [AblationVariant] = [
    .init(name: "full", words: "nothing: model B with all the means of its training") { _ in },
    .init(name: "no-augmentation", words: "images as they are") { $0.augment = .none },
    .init(name: "no-label-smoothing", words: "labels as they are") { $0.labelSmoothing = 0 },
    .init(name: "mixup", words: "images averaged in pairs, α = 0.2") { $0.augment.mixup = 0.2 },
    .init(name: "cutmix", words: "images with a rectangle of another, α = 1") {
      $0.augment.cutmix = 1
    },
    .init(name: "no-warmup-cosine", words: "the same rate from the first step to the last") {
      $0.warmup = 0
      $0.schedule = .constant
    },
    // Its own rate and decay, for those of AdamW mean something else: they are model A's.
    .init(name: "sgd", words: "SGD with momentum 0.9 at rate 0.05, weight decay 5e-4") {
      $0.optimizer = .sgd
      $0.learningRate = 0.05
      $0.momentum = 0.9
      $0.weightDecay = 5e-4
    },
    .init(name: "no-average", words: "the weights themselves, not their running average") {
      $0.average = 0
    },
    .init(name: "plain", words: "no augmentation, smoothing, warm-up, cosine or average; AdamW") {
      $0.augment = .none
      $0.labelSmoothing = 0
      $0.warmup = 0
      $0.schedule = .constant
      $0.average = 0
    },
  ]

  /// The variant of a name; nil for a name that is none.
  static func named(_ name: String) -> AblationVariant? { all.first { $0.name == name } }

  /// A training with the changes.
  func applied(to full: ImageConfiguration) -> ImageConfiguration {
    var changed = full
    change(&changed)
    return changed
  }
}
