import Checkpoints
import Datasets
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// Networks that begin with weights from a file.
@Suite(.serialized) struct FineTuningTests {
  typealias Change = (key: String, value: String)

  /// Trains on drawn tissue, and returns the weights and statistics at the end by name.
  private func tune(
    _ folder: TemporaryFolder, _ data: DataDirectory, _ run: String, _ changes: [Change] = []
  ) throws -> [String: Tensor] {
    var request = ExperimentRunner.Request(data: data)
    request.changes =
      [
        ("weights", folder.file("w.safetensors").path), ("size", "28"), ("batch_size", "8"),
        ("epochs", "1"), ("seed", "3"), ("warmup", "0"), ("learning_rate", "0.01"),
      ] + changes
    request.output = folder.file(run)
    request.isQuiet = true
    let summary = try ExperimentRunner.train("pathmnist-finetune", request)
    return try StateFile.read(
      newestCheckpoint(summary).appendingPathComponent("model.safetensors"))
  }

  private func change(_ state: [String: Tensor], _ old: [String: Tensor], _ name: String) throws
    -> [Double]
  {
    zip(try #require(state[name]).doubles, try #require(old[name]).doubles).map { $0 - $1 }
  }

  /// The classifier is new, and nothing in front of it moves: neither weights nor statistics.
  @Test func aHeadAlone() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let network = try folder.writeWeights("resnet20", .init(classes: 10), to: "w.safetensors")
    let given = stateDictionary(of: network.network)
    let tuned = try tune(folder, data, "head", [("tune", "head"), ("weight_decay", "0.1")])
    #expect(tuned.keys.sorted() == given.keys.sorted())
    #expect(tuned["linear.weight"]?.shape == [9, 64] && tuned["linear.bias"]?.shape == [9])
    for (name, value) in given where !name.hasPrefix("linear.") {
      #expect(tuned[name]?.doubles == value.doubles, "\(name)")
    }
    let report = try String(contentsOf: folder.file("head/report.html"), encoding: .utf8)
    // Nine classes of 64 weights and one more.
    #expect(report.contains("<dd>269,657<span class=\"note\">trained: 585</span></dd>"))
    // It is trained: it does not end where it begins.
    let still = try tune(
      folder, data, "still", [("tune", "head"), ("learning_rate", "1e-12"), ("weight_decay", "0")])
    #expect(try change(tuned, still, "linear.weight").allSatisfy { $0 != 0 })
    #expect(try change(tuned, still, "linear.bias").allSatisfy { $0 != 0 })
  }

  /// All of it moves, statistics too; with a rate of its own the body moves as much less.
  @Test func ratesThatDiffer() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let network = try folder.writeWeights("resnet20", .init(classes: 10), to: "w.safetensors")
    let given = stateDictionary(of: network.network)
    let settings: [Change] = [
      ("steps", "1"), ("momentum", "0"), ("weight_decay", "0"), ("schedule", "constant"),
    ]
    let full = try tune(folder, data, "full", settings)
    let less = try tune(
      folder, data, "less", settings + [("tune", "discriminative"), ("backbone_rate", "0.25")])
    for name in ["conv1.weight", "layer2.1.bn2.weight", "layer3.2.conv2.weight"] {
      let whole = try change(full, given, name)
      let part = try change(less, given, name)
      let scale = try #require(whole.map(abs).max())
      #expect(scale > 0)
      for (a, b) in zip(whole, part) { #expect(abs(0.25 * a - b) < 1e-3 * scale, "\(name)") }
    }
    for name in ["linear.weight", "linear.bias", "bn1.running_mean", "layer3.2.bn2.running_var"] {
      #expect(full[name]?.doubles == less[name]?.doubles, "\(name)")
    }
    #expect(try change(full, given, "bn1.running_mean").contains { $0 != 0 })
  }

  /// They are found in the data folder by their name, and the run knows them by it.
  @Test func weightsByTheirName() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    try FileManager.default.createDirectory(
      at: folder.file("pretrained"), withIntermediateDirectories: true)
    let name = "adjoint-tests-resnet20.safetensors"
    let network = try folder.writeWeights("resnet20", .init(classes: 10), to: "pretrained/\(name)")
    let given = stateDictionary(of: network.network)
    let tuned = try tune(
      folder, data, "run", [("weights", name), ("tune", "head"), ("steps", "1")])
    #expect(tuned["conv1.weight"]?.doubles == given["conv1.weight"]?.doubles)
    let run = try RunDirectory(opening: folder.file("run"))
    let configuration = try RunDirectory.read(
      SavedConfiguration<ImageConfiguration>.self, from: run.configuration
    ).configuration
    #expect(configuration.weights == name)
    expectError(.noInput, "absent.pth: no such file here, nor in \(folder.path)/pretrained") {
      _ = try tune(folder, data, "none", [("weights", "absent.pth")])
    }
  }

  /// Weights from elsewhere are for coloured images, so grey ones are repeated.
  @Test func greyImagesAsColouredOnes() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    _ = try folder.writeWeights("resnet20", .init(classes: 10), to: "w.safetensors")
    let tuned = try tune(folder, data, "run", [("data", "pneumoniamnist")])
    #expect(tuned["conv1.weight"]?.shape == [16, 3, 3, 3])
    #expect(tuned["linear.weight"]?.shape == [2, 64])
  }

  /// Published weights of the large networks are for images of 224 pixels, and begin with windows of seven.
  @Test func theBeginningIsThatOfTheWeights() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let given = try folder.writeWeights("resnet18", .init(classes: 5, side: 224), to: "w.pt")
    var configuration = try #require(TissueFinetune.presets["default"])
    configuration.network = "resnet18"
    configuration.weights = folder.file("w.pt").path
    let tuned = try TissueFinetune(configuration, data: data) { _ in }
    let (old, new) = (
      stateDictionary(of: given.network), stateDictionary(of: tuned.training.network.network)
    )
    #expect(new["conv1.weight"]?.shape == [64, 3, 7, 7])
    #expect(new["conv1.weight"]?.floats == old["conv1.weight"]?.floats)
    #expect(new["fc.weight"]?.shape == [9, 512])
  }

  /// Where there is a checkpoint, neither the weights are needed nor, but for the report, the runs beside it.
  @Test func whatOnlyABeginningNeeds() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    _ = try folder.writeWeights("resnet20", .init(classes: 10), to: "w.safetensors")
    _ = try tune(folder, data, "beside", [("seed", "4")])
    _ = try tune(folder, data, "run", [("compare", folder.file("beside").path)])
    for name in ["w.safetensors", "beside"] {
      try FileManager.default.removeItem(at: folder.file(name))
    }
    let run = try RunDirectory(opening: folder.file("run"))
    let configuration = try RunDirectory.read(
      SavedConfiguration<ImageConfiguration>.self, from: run.configuration
    ).configuration
    let metrics = try RunDirectory.read(ExperimentRunner.Summary.self, from: run.result).metrics
    let opened = try TissueFinetune(
      configuration, data: data, resuming: Checkpoint.latest(in: run.checkpoints)
    ) { _ in }
    _ = try Trainer.loadNewest(in: run, into: opened.task)
    #expect(try opened.task.finalMetrics() == metrics)
    #expect(try ExperimentRunner.evaluate(run.folder, data: data).metrics == metrics)
    let words = "\(folder.path)/beside: there is no such run folder"
    let report = try String(
      contentsOf: ExperimentRunner.report(run.folder, data: data), encoding: .utf8)
    #expect(
      report.contains("<p>What this run was to stand beside cannot be shown: \(words).</p>"))
    func begin() throws { _ = try TissueFinetune(configuration, data: data) { _ in } }
    expectError(
      .noInput, "\(folder.path)/w.safetensors: cannot be opened: No such file or directory",
      begin)
    _ = try folder.writeWeights("resnet20", .init(classes: 10), to: "w.safetensors")
    expectError(.noInput, words, begin)
  }

  @Test func saysThatNoWeightsAreNamed() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    var configuration = try #require(TissueFinetune.presets["scratch"])
    configuration.network = "resnet20"
    var notes: [String] = []
    _ = try TissueFinetune(configuration, data: data) { notes.append($0) }
    #expect(
      notes.contains(
        "no weights are named (--set weights=FILE): the network begins from new ones"))
  }

  @Test func weightsThatDoNotFit() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let file = folder.path + "/w.safetensors"
    expectError(.noInput, "\(file): cannot be opened: No such file or directory") {
      _ = try tune(folder, data, "run")
    }
    _ = try folder.writeWeights("resnet20", .init(classes: 10), to: "w.safetensors")
    // Three blocks in each part, and five are expected.
    var missing: [String] = []
    for (part, block) in [(1, 3), (1, 4), (2, 3), (2, 4), (3, 3), (3, 4)] {
      let channels = 8 << part
      for half in 1...2 {
        let path = "layer\(part).\(block)."
        missing.append("\(path)conv\(half).weight [\(channels), \(channels), 3, 3]")
        for name in ["weight", "bias", "running_mean", "running_var"] {
          missing.append("\(path)bn\(half).\(name) [\(channels)]")
        }
      }
    }
    expectError(
      .badData,
      "\(file) does not fit the model\n  missing: \(missing.joined(separator: ", "))"
    ) { _ = try tune(folder, data, "run", [("network", "resnet32")]) }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/run"))
  }
}
