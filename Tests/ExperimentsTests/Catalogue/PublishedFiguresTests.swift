import TestSupport
import Testing

@testable import Experiments

/// A published figure stands beside what was trained as it was published, and beside nothing else.
@Suite struct PublishedFiguresTests {
  typealias Change = (key: String, value: String)

  private func figure<Kind: Experiment>(_ kind: Kind.Type, _ changes: [Change]) throws -> Double? {
    kind.publishedAccuracy(for: try ExperimentRunner.configuration(kind, changes))
  }

  @Test func ofThePresets() throws {
    #expect(try figure(MNISTPerceptron.self, []) == 0.9518)
    for preset in ["default", "document"] {
      #expect(try figure(UvAPerceptron.self, [("preset", preset)]) == 0.4645)
    }
    #expect(try figure(UvABestPerceptron.self, [("preset", "augmented")]) == 0.604)
    for preset in ["default", "bfloat16", "document"] {
      #expect(try figure(CIFARVGG.self, [("preset", preset)]) == 0.78)
    }
    #expect(try figure(DeepPerceptron.self, []) == nil)
    #expect(MNISTPerceptron.information.published == "test accuracy 0.9518")
    #expect(UvABestPerceptron.information.published == "test accuracy 0.604 in 100,000 steps")
    #expect(DeepPerceptron.information.published == nil)
  }

  /// What is drawn, how exactly and by which way the same is worked out, and what has no effect.
  @Test func whatMayDiffer() throws {
    let perceptron: [Change] = [
      ("seed", "7"), ("precision", "float64"), ("gradients", "by-hand"), ("drawn_train", "320"),
      ("drawn_test", "100"),
    ]
    #expect(try figure(MNISTPerceptron.self, perceptron) == 0.9518)
    #expect(try figure(UvAPerceptron.self, [("epochs", "3"), ("steps", "1500")]) == 0.4645)
    let images: [Change] = [
      ("test", "never"), ("compare", "/a,/b"), ("momentum", "0.5"), ("size", "64"),
    ]
    #expect(try figure(CIFARVGG.self, images) == 0.78)
  }

  @Test(arguments: [
    [("hidden", "5")], [("epochs", "6")], [("steps", "1400")], [("learning_rate", "0.003")],
    [("validation", "1000")], [("preset", "document"), ("batch_size", "100")],
    // Of both presets a half.
    [("weight_scale", "0.001"), ("decay_factor", "1")],
  ])
  func whatMayNot(changes: [Change]) throws {
    #expect(try figure(UvAPerceptron.self, changes) == nil)
  }

  @Test func ofOtherImagesAndNetworks() throws {
    for change in [("data", "pathmnist"), ("data", "cifar100"), ("network", "resnet20")] {
      #expect(try figure(CIFARVGG.self, [change]) == nil)
    }
  }

  /// What the report says at its top.
  @Test func keyFigures() throws {
    let folder = try TemporaryFolder()
    let images = try folder.writeCIFAR()
    let digits = try folder.writeMNIST()
    func note(_ experiment: some Experiment) -> String? {
      experiment.keyFigures(["test_accuracy": 0.5])[0].note
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
  }
}
