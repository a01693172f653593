import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct ExperimentTests {
  private static let names = ExperimentCatalogue.all.map { $0.information.name }

  @Test func allByName() {
    #expect(Self.names.contains("mnist-mlp"))
    #expect(Self.names == Self.names.sorted())
    #expect(Set(Self.names).count == Self.names.count)
  }

  @Test(arguments: names)
  func hasWhatTheListShows(name: String) throws {
    let experiment = try ExperimentCatalogue.experiment(named: name)
    let information = experiment.information
    for text in [
      information.summary, information.data, information.target, information.source,
      information.reached, information.published ?? "–",
    ] {
      #expect(!text.isEmpty && !text.contains("\n"))
    }
    #expect(name.wholeMatch(of: /[a-z0-9-]+/) != nil)
    #expect(ExperimentCatalogue.presets(of: experiment).contains("default"))
    #expect(try ExperimentCatalogue.defaultSettings(of: experiment)["seed"] == "0")
  }

  @Test(arguments: names)
  func presetsAreValidAndSurviveTheFile(name: String) throws {
    func check<Kind: Experiment>(_ kind: Kind.Type) throws {
      for (preset, configuration) in kind.presets {
        try configuration.validate()
        let data = try RunDirectory.encoder.encode(configuration)
        #expect(
          try RunDirectory.decoder.decode(Kind.Configuration.self, from: data)
            == configuration, "\(preset)")
        for (key, words) in Kind.Configuration.choices {
          for word in words {
            _ = try ConfigurationEditor.apply(
              [(key: key, value: word)], to: configuration, of: name)
          }
        }
      }
    }
    try check(ExperimentCatalogue.experiment(named: name))
  }

  @Test func unknownNameGivesTheNearest() {
    let names = Self.names.joined(separator: ", ")
    let verb = Self.names.count == 1 ? "is" : "are"
    expectError(
      .usage,
      "there is no experiment named mnist-mpl; did you mean mnist-mlp? (there \(verb) \(names))"
    ) { _ = try ExperimentCatalogue.experiment(named: "mnist-mpl") }
    expectError(.usage, "there is no experiment named qqqqqqqqqqqqqqqq (there \(verb) \(names))") {
      _ = try ExperimentCatalogue.experiment(named: "qqqqqqqqqqqqqqqq")
    }
  }

  @Test func unknownPreset() {
    expectError(
      .usage,
      "mnist-mlp: there is no preset named defualt; did you mean default? (there is default)"
    ) {
      _ = try ExperimentRunner.configuration(
        MNISTPerceptron.self, [(key: "preset", value: "defualt")])
    }
  }
}
