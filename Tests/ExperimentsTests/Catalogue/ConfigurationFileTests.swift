import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

@Suite struct ConfigurationFileTests {
  private func read(
    _ text: String, _ folder: TemporaryFolder, _ changes: [(key: String, value: String)] = []
  ) throws -> MNISTPerceptronConfiguration {
    let file = try folder.write(text.utf8, "best.json")
    return try ExperimentRunner.configuration(MNISTPerceptron.self, changes, from: file)
  }

  @Test func everySettingSurvives() throws {
    let folder = try TemporaryFolder()
    var configuration = MNISTPerceptronConfiguration()
    (configuration.hidden, configuration.seed) = (7, .max)
    (configuration.learningRate, configuration.decayFactor) = (0.1 + 0.2, 1e-12)
    (configuration.precision, configuration.gradients) = (.float64, .byHand)
    let saved = SavedConfiguration("mnist-mlp", configuration)
    let text = String(decoding: try RunDirectory.encoder.encode(saved), as: UTF8.self)
    #expect(try read(text, folder) == configuration)
    configuration.hidden = 9
    #expect(try read(text, folder, [("hidden", "9")]) == configuration)
  }

  @Test func whatIsLeftOutIsTheDefault() throws {
    let folder = try TemporaryFolder()
    let text = #"{"experiment": "mnist-mlp", "configuration": {"hidden": 5}}"#
    var expected = MNISTPerceptronConfiguration()
    expected.hidden = 5
    #expect(try read(text, folder) == expected)
  }

  @Test(arguments: [
    (
      "{", AdjointError.Kind.badData,
      "byte 1: expected a string for a key of an object, found the end"
    ),
    ("[1]", .badData, "expected an object with the keys experiment and configuration"),
    (
      #"{"experiment": "mnist-mlp"}"#, .badData,
      "expected an object with the keys experiment and configuration"
    ),
    (
      #"{"experiment": "etth1", "configuration": {}}"#, .usage,
      "is a configuration of etth1, not of mnist-mlp"
    ),
    (
      #"{"experiment": "mnist-mlp", "configuration": {"hidden": [5]}}"#, .badData,
      "expected a text, a number, true or false for hidden"
    ),
    (
      #"{"experiment": "mnist-mlp", "configuration": {"hidden": null}}"#, .badData,
      "expected a text, a number, true or false for hidden"
    ),
    (
      #"{"experiment": "mnist-mlp", "configuration": {"hidden": "many"}}"#, .badData,
      "hidden=many: expected a whole number"
    ),
    (
      #"{"experiment": "mnist-mlp", "configuration": {"hidden": 0}}"#, .badData,
      "hidden=0: has to be in 1 … 100000"
    ),
    (
      #"{"experiment": "mnist-mlp", "configuration": {"gradients": "magic"}}"#, .badData,
      "gradients=magic: expected tape or by-hand"
    ),
  ])
  func whatIsRefused(text: String, kind: AdjointError.Kind, message: String) throws {
    let folder = try TemporaryFolder()
    expectError(kind, "\(folder.path)/best.json: \(message)") { _ = try read(text, folder) }
  }

  @Test func settingItDoesNotHave() throws {
    let folder = try TemporaryFolder()
    let text = #"{"experiment": "mnist-mlp", "configuration": {"hiden": 5}}"#
    let settings = try ConfigurationEditor.settings(of: MNISTPerceptronConfiguration())
    let names = settings.keys.sorted().joined(separator: ", ")
    expectError(
      .badData,
      "\(folder.path)/best.json: mnist-mlp: there is no setting named hiden; did you mean hidden? (there are "
        + "\(names))"
    ) { _ = try read(text, folder) }
  }

  @Test func presetBesideAFile() throws {
    let folder = try TemporaryFolder()
    let text = #"{"experiment": "mnist-mlp", "configuration": {}}"#
    expectError(.usage, "--config and --set preset exclude one another") {
      _ = try read(text, folder, [("preset", "default")])
    }
  }

  @Test func noFile() throws {
    let folder = try TemporaryFolder()
    expectError(.noInput, "\(folder.path)/none.json: cannot be opened: No such file or directory") {
      _ = try ExperimentRunner.configuration(
        MNISTPerceptron.self, [], from: folder.file("none.json"))
    }
  }
}
