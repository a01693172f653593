import Figures
import Testing

@testable import Experiments

/// What a report says of a network is true of the one that was trained.
@Suite struct ImageSummaryTests {
  @Test func ofTheExperimentsThemselves() {
    #expect(
      TissueCustom.pathMNIST.summary
        == "nine inverted bottlenecks, fused while maps are large, with squeeze-and-excitation; AdamW, "
        + "warm-up and cosine, average of the weights")
    #expect(
      CIFARVGG.presets["document"]?.summary
        == "eight 3×3 convolutions with batch normalisation, five max poolings, one linear layer; Adam"
    )
    #expect(
      CIFARResNetExperiment.presets["default"]?.summary
        == "ResNet-20; SGD with momentum, warm-up and cosine")
    for name in ImageNetworks.names { #expect(ImageNetworks.words(name) != name) }
  }

  @Test func ofAnotherNetworkAndTraining() {
    var configuration = TissueCustom.pathMNIST
    configuration.network = "resnet20"
    (configuration.optimizer, configuration.momentum) = (.sgd, 0)
    (configuration.schedule, configuration.warmup, configuration.average) = (.constant, 0, 0)
    #expect(configuration.summary == "ResNet-20; SGD")
    (configuration.schedule, configuration.warmup) = (.step, 2)
    configuration.weights = "w.safetensors"
    #expect(configuration.summary == "ResNet-20, from given weights; SGD, warm-up and steps")
    configuration.tune = .head
    configuration.warmup = 0
    #expect(
      configuration.summary == "ResNet-20, of given weights its classifier alone; SGD, steps")
    configuration.tune = .discriminative
    (configuration.schedule, configuration.warmup) = (.constant, 1)
    #expect(
      configuration.summary
        == "ResNet-20, from given weights, at a lower rate in front of the classifier; SGD, warm-up"
    )
  }

  /// The reasons for a network stand below that one only, those for its training below such a training.
  @Test func reasonsForTheNetwork() {
    let full = TissueCustom.pathMNIST
    #expect(TissueCustom.design(full)?.title == "Why the network is as it is")
    #expect(TissueCustom.design(full)?.blocks.count == 3)
    var other = full
    other.network = "resnet20"
    #expect(TissueCustom.design(other) == nil)
    let changes: [(inout ImageConfiguration) -> Void] = [
      { $0.optimizer = .sgd }, { $0.schedule = .constant }, { $0.average = 0 },
    ]
    for change in changes {
      var changed = full
      change(&changed)
      #expect(TissueCustom.design(changed)?.blocks.count == 2)
    }
  }
}
