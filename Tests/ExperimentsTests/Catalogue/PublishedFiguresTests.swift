import TestSupport
import Testing

@testable import Experiments

/// A published figure stands beside what was trained as it was published, and beside nothing else.
@Suite struct PublishedFiguresTests {
  typealias Change = (key: String, value: String)

  private func note<Kind: Experiment>(
    _ kind: Kind.Type, _ changes: [Change], _ metric: String = "test_accuracy"
  ) throws -> String? {
    try kind.publishedNotes(for: ExperimentRunner.configuration(kind, changes))[metric]
  }

  @Test func ofThePresets() throws {
    #expect(try note(MNISTPerceptron.self, []) == "published: 95.18 %")
    for preset in ["default", "document"] {
      #expect(try note(UvAPerceptron.self, [("preset", preset)]) == "published: 46.45 %")
    }
    #expect(try note(UvABestPerceptron.self, [("preset", "augmented")]) == "published: 60.4 %")
    for preset in ["default", "bfloat16", "document"] {
      #expect(try note(CIFARVGG.self, [("preset", preset)]) == "published: 78 %")
    }
    #expect(try note(DeepPerceptron.self, []) == nil)
    #expect(MNISTPerceptron.information.published == "test accuracy 0.9518")
    #expect(UvABestPerceptron.information.published == "test accuracy 0.604 in 100,000 steps")
    #expect(DeepPerceptron.information.published == nil)
  }

  /// HLCV's exercise sheet has 0.29 of its own settings; MedMNIST v2, table 3, ResNet-18 (28): 0.944 and 0.854.
  @Test func ofOnePresetAndOfOtherMetrics() throws {
    #expect(try note(TwoLayerCIFAR10.self, [], "validation_accuracy") == "published: 29 %")
    let tested: [Change] = [("test", "true"), ("seed", "4")]
    #expect(try note(TwoLayerCIFAR10.self, tested, "validation_accuracy") == "published: 29 %")
    #expect(try note(TwoLayerCIFAR10.self, tested) == nil)
    let tuned: [Change] = [("preset", "tuned")]
    #expect(try note(TwoLayerCIFAR10.self, tuned, "validation_accuracy") == nil)
    #expect(
      TwoLayerCIFAR10.information.published == "validation accuracy 0.29 (preset=default)")
    let pneumonia: [Change] = [("preset", "pneumonia")]
    #expect(try note(TissueResNet.self, pneumonia, "test_auc") == "published: 0.944")
    #expect(try note(TissueResNet.self, pneumonia) == "published: 85.4 %")
    for metric in ["test_auc", "test_accuracy"] {
      #expect(try note(TissueResNet.self, [], metric) == nil)
      #expect(try note(TissueResNet.self, pneumonia + [("size", "64")], metric) == nil)
    }
    #expect(
      TissueResNet.information.published
        == "test AUC 0.944, test accuracy 0.854 (preset=pneumonia) and of PathMNIST at 28×28 "
        + "AUC 0.983, accuracy 0.907")
  }

  /// DLinear's error, of runs as they are called; how long a series would be drawn is nothing to ETTh1.
  @Test func ofForecasts() throws {
    let free: [Change] = [("seed", "3"), ("gradients", "tape"), ("drawn_rows", "500")]
    for changes in [[], free, [("preset", "document")]] as [[Change]] {
      #expect(try note(ETTForecasting.self, changes, "test_mse") == "published: 0.386")
    }
    for change in [("hidden", "64"), ("horizon", "48"), ("steps", "2"), ("window", "49")] {
      #expect(try note(ETTForecasting.self, [change], "test_mse") == nil)
    }
    #expect(
      ETTForecasting.information.published
        == "test MSE 0.386 (DLinear), 0.3752 (CycleNet with a perceptron), 0.374 (the best at this history)"
    )
  }

  /// What is drawn, how exactly and by which way the same is worked out, and what has no effect.
  @Test func whatMayDiffer() throws {
    let perceptron: [Change] = [
      ("seed", "7"), ("precision", "float64"), ("gradients", "by-hand"), ("drawn_train", "320"),
      ("drawn_test", "100"),
    ]
    #expect(try note(MNISTPerceptron.self, perceptron) == "published: 95.18 %")
    #expect(
      try note(UvAPerceptron.self, [("epochs", "3"), ("steps", "1500")]) == "published: 46.45 %")
    let images: [Change] = [
      ("test", "never"), ("compare", "/a,/b"), ("momentum", "0.5"), ("size", "64"),
    ]
    #expect(try note(CIFARVGG.self, images) == "published: 78 %")
  }

  @Test(arguments: [
    [("hidden", "5")], [("epochs", "6")], [("steps", "1400")], [("learning_rate", "0.003")],
    [("validation", "1000")], [("preset", "document"), ("batch_size", "100")],
    // Of both presets a half.
    [("weight_scale", "0.001"), ("decay_factor", "1")],
  ])
  func whatMayNot(changes: [Change]) throws {
    #expect(try note(UvAPerceptron.self, changes) == nil)
  }

  @Test func ofOtherImagesAndNetworks() throws {
    for change in [("data", "pathmnist"), ("data", "cifar100"), ("network", "resnet20")] {
      #expect(try note(CIFARVGG.self, [change]) == nil)
    }
  }

  /// What the report says at its top.
  @Test func keyFigures() throws {
    let folder = try TemporaryFolder()
    let images = try folder.writeCIFAR()
    let digits = try folder.writeMNIST()
    func note(_ experiment: some Experiment, _ metric: String = "test_accuracy") -> String? {
      experiment.keyFigures([metric: 0.5])[0].note
    }
    func perceptron(_ changes: [Change]) throws -> UvAPerceptron {
      try UvAPerceptron(ExperimentRunner.configuration(UvAPerceptron.self, changes), data: images) {
        _ in
      }
    }
    #expect(try note(perceptron([])) == "published: 46.45 %")
    #expect(try note(perceptron([("hidden", "5")])) == nil)
    #expect(
      try note(UvABestPerceptron(UvABestConfiguration(), data: images) { _ in })
        == "published: 60.4 %")
    let settings = MNISTPerceptronConfiguration()
    #expect(try note(MNISTPerceptron(settings, data: digits) { _ in }) == "published: 95.18 %")
    // That figure is MNIST's.
    var few = settings
    (few.drawnTrain, few.drawnTest) = (100, 20)
    #expect(try note(MNISTPerceptron(few, data: folder.noData) { _ in }) == nil)
    let preset = try #require(CIFARVGG.presets["document"])
    #expect(try note(CIFARVGG(preset, data: images) { _ in }) == "published: 78 %")
    // It holds 1,000 images back.
    let many = try TemporaryFolder(inMemory: true)
    let two = try TwoLayerCIFAR10(.init(), data: many.writeCIFAR(batch: 201)) { _ in }
    #expect(note(two, "validation_accuracy") == "published: 29 %" && note(two) == nil)
    let pneumonia = try #require(TissueResNet.presets["pneumonia"])
    let resNet = try TissueResNet(pneumonia, data: folder.writeImages()) { _ in }
    #expect(note(resNet) == "published: 85.4 %" && note(resNet, "test_auc") == "published: 0.944")
  }
}
