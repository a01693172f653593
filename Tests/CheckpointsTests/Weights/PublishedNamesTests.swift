import Foundation
import Tensors
import TestSupport
import Testing

@testable import Checkpoints

@Suite struct PublishedNamesTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder(inMemory: true) }

  /// The names that a file with these is read as, and what is said about it.
  private func read(_ names: [String]) throws -> (names: [String], notes: [String]) {
    let url = folder.file("f")
    try SafeTensors.write(
      Dictionary(uniqueKeysWithValues: names.map { ($0, Tensor.ones([1])) }), to: url)
    var notes: [String] = []
    let state = try StateFile.read(url) { notes.append($0.replacing("\(url.path): ", with: "")) }
    return (state.keys.sorted(), notes)
  }

  /// The pairs of `Reference/transformers_names.py`, each of which gave the logits of transformers.
  @Test(arguments: ["resnet18", "resnet34", "resnet50"])
  func readsTransformersNames(network: String) throws {
    let url = try #require(
      Bundle.module.url(
        forResource: "transformers_names", withExtension: "json", subdirectory: "Reference"))
    let pairs = try #require(
      JSONDecoder().decode([String: [[String]]].self, from: Data(contentsOf: url))[network])
    for withoutClassifier in [false, true] {
      // What `ResNetModel` saves has neither a classifier nor the name in front.
      let pairs = withoutClassifier ? pairs.filter { $0[1] != "fc" } : pairs
      let theirs = pairs.map {
        (withoutClassifier ? String($0[0].dropFirst("resnet.".count)) : $0[0]) + ".weight"
      }
      let (names, notes) = try read(theirs)
      #expect(names == pairs.map { $0[1] + ".weight" }.sorted())
      #expect(notes == ["the names are those of transformers, read as torchvision's"])
    }
  }

  @Test func keepsWhatItDoesNotKnow() throws {
    let own = ["layer1.0.conv1.weight", "fc.bias", "bn1.num_batches_tracked"]
    #expect(try read(own) == (own.sorted(), []))
    let (names, notes) = try read([
      "resnet.embedder.embedder.convolution.weight", "resnet.encoder.stages.0.layers.0.extra",
      "resnet.encoder.stages.x.layers.0.shortcut.convolution.weight", "pooler.bias",
      "resnet.encoder.stages.0.layers.0.layer.9223372036854775807.convolution.weight",
    ])
    #expect(
      names == [
        "conv1.weight", "pooler.bias", "resnet.encoder.stages.0.layers.0.extra",
        "resnet.encoder.stages.0.layers.0.layer.9223372036854775807.convolution.weight",
        "resnet.encoder.stages.x.layers.0.shortcut.convolution.weight",
      ])
    #expect(notes == ["the names are those of transformers, read as torchvision's"])
  }

  /// Torchvision's AlexNet, VGG and EfficientNet end in a classifier.1 as well.
  @Test func aClassifierAloneIsNotTransformers() throws {
    let names = ["classifier.1.bias", "classifier.1.weight", "features.0.weight"]
    #expect(try read(names) == (names, []))
  }

  @Test func keepsAllNamesIfTold() throws {
    let names = ["model.encoder.stages.0.layers.0.shortcut.convolution.weight"]
    #expect(
      try read(names) == (
        ["layer1.0.downsample.0.weight"],
        [
          "takes \"model.\" off all names",
          "the names are those of transformers, read as torchvision's",
        ]
      ))
    var notes: [String] = []
    let state = try StateFile.read(folder.file("f"), keepsNames: true) { notes.append($0) }
    #expect(state.keys.sorted() == names)
    #expect(notes.isEmpty)
  }

  /// Which of the two would be meant is not for a reader to say.
  @Test func leavesNamesThatWouldBecomeTheSame() throws {
    let both = ["conv1.weight", "resnet.embedder.embedder.convolution.weight"]
    #expect(try read(both) == (both, []))
  }

  @Test func readsParametrizedWeightNormalization() throws {
    let (names, notes) = try read([
      "0.bias", "0.parametrizations.weight.original0", "0.parametrizations.weight.original1",
    ])
    #expect(names == ["0.bias", "0.weight_g", "0.weight_v"])
    #expect(notes == ["the parts of normalised weights are called weight_g and weight_v"])
    #expect(
      try read(["parametrizations.weight.original0", "parametrizations.weight.original1"]).names
        == ["weight_g", "weight_v"])
    #expect(
      try read(["a.parametrizations.bias.original0"]).names
        == ["a.parametrizations.bias.original0"])
  }
}
