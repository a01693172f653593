import Datasets
import Figures
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// A picture from elsewhere is looked at with a run's weights alone, where nothing of its data is asked for.
@Suite struct PictureWithoutDataTests {
  typealias Change = (key: String, value: String)

  private func train(
    _ name: String, _ folder: TemporaryFolder, _ data: DataDirectory, _ changes: [Change]
  ) throws -> RunDirectory {
    var request = ExperimentRunner.Request(data: data)
    request.changes = [("steps", "2"), ("batch_size", "6")] + changes
    request.output = folder.file("run")
    request.isQuiet = true
    _ = try ExperimentRunner.train(name, request)
    return try RunDirectory(opening: folder.file("run"))
  }

  private func picture(_ folder: TemporaryFolder) throws -> URL {
    let pixels = (0..<24 * 20 * 3).map { UInt8($0 * 31 % 251) }
    let image = PixelImage(width: 24, height: 20, channels: 3, pixels: pixels)
    return try folder.write(PNG.encode(image), "x.png")
  }

  private func request(
    _ run: RunDirectory, _ image: URL?, _ what: [VisualizationRequest.What],
    _ data: DataDirectory = .nowhere
  ) -> VisualizationRequest {
    var request = VisualizationRequest(run: run.folder, data: data)
    request.image = image
    request.what = what
    return request
  }

  private func files(_ page: URL) throws -> [String: Data] {
    let folder = page.deletingLastPathComponent()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    return try Dictionary(
      uniqueKeysWithValues: names.map {
        ($0, try Data(contentsOf: folder.appendingPathComponent($0)))
      })
  }

  /// An experiment with a small network, and the data it is trained on.
  struct Example: CustomTestStringConvertible {
    let name: String
    let changes: [Change]
    /// Ways to look that suit it, beyond those that suit all.
    var more: [VisualizationRequest.What] = [.filters]
    let data: @Sendable (TemporaryFolder) throws -> DataDirectory
    var testDescription: String { "\(name) \(changes)" }
  }

  private static let small: [Change] = [("network", "resnet20"), ("augment", "none")]

  static let examples: [Example] = [
    Example(name: "mnist-mlp", changes: [("hidden", "8")], more: [.filters, .integrated]) {
      try $0.writeMNIST()
    },
    Example(
      name: "mixer", changes: [("patch", "7"), ("stride", "7"), ("precision", "float64")], more: []
    ) {
      try $0.writeMNIST()
    },
    Example(name: "two-layer-cifar10", changes: [("hidden", "8"), ("validation", "10")]) {
      try $0.writeCIFAR()
    },
    Example(name: "uva-mlp-best", changes: [("hidden", "16,12,8")]) { try $0.writeCIFAR() },
    Example(name: "cifar10-resnet", changes: small + [("precision", "float64")]) {
      try $0.writeCIFAR()
    },
    // An average in place of the last weights, and labels that do not exclude one another.
    Example(
      name: "pathmnist-resnet18",
      changes: small + [("data", "chestmnist"), ("size", "28"), ("average", "0.9")]
    ) { try $0.writeChest() },
    Example(
      name: "pathmnist-resnet18", changes: small + [("data", "folder"), ("size", "16")]
    ) { try $0.writePictures() },
  ]

  @Test(arguments: examples)
  func thePageIsThatOfWhoeverHasTheData(example: Example) throws {
    let folder = try TemporaryFolder()
    let data = try example.data(folder)
    let run = try train(example.name, folder, data, example.changes)
    var request = request(
      run, try picture(folder), [.features, .saliency, .guided] + example.more)
    request.baseline = .black
    let alone = try Visualization.run(request) { _ in }

    let opened = try ExperimentRunner.open(run, data: data)
    let examined = try #require(opened.experiment as? any LookingInside).examined
    #expect(examined.training.count > 0)
    let whole = try Visualization.view(
      examined, of: example.name, request, in: folder.file("whole")
    ) { _ in }
    #expect(alone.rows == whole.rows)
    let pages = try [files(alone.page), files(whole.page)]
    #expect(pages[0].count > 3 && pages[0].keys == pages[1].keys)
    for (name, bytes) in pages[0] { #expect(bytes == pages[1][name], "\(name)") }
  }

  /// Weights from elsewhere decide how the network begins, here as for larger images; that they are gone does not
  /// matter.
  @Test func ofATunedNetwork() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writePictures()
    _ = try folder.writeWeights("resnet18", .init(classes: 4, side: 224), to: "w.safetensors")
    let run = try train(
      "pathmnist-resnet18", folder, data,
      [
        ("network", "resnet18"), ("augment", "none"), ("data", "folder"), ("size", "16"),
        ("tune", "head"), ("weights", folder.path + "/w.safetensors"),
      ])
    try FileManager.default.removeItem(at: folder.file("w.safetensors"))
    let request = request(run, try picture(folder), [.filters])
    let alone = try Visualization.run(request) { _ in }
    let opened = try ExperimentRunner.open(run, data: data)
    let examined = try #require(opened.experiment as? any LookingInside).examined
    let whole = try Visualization.view(examined, of: opened.name, request, in: folder.url) { _ in }
    #expect(try alone.rows == whole.rows && files(alone.page) == files(whole.page))
  }

  @Test func whatNeedsTheData() {
    func needs(
      _ what: VisualizationRequest.What..., image: Bool = true,
      baseline: VisualizationRequest.Baseline = .mean
    ) -> Bool {
      let nowhere = URL(fileURLWithPath: "/nowhere")
      var request = VisualizationRequest(run: nowhere, data: .nowhere)
      request.image = image ? nowhere : nil
      request.what = what
      request.baseline = baseline
      return request.needsData
    }
    #expect(needs() && needs(.filters, .integrated) && needs(.occlusion))
    #expect(!needs(.filters, .gradcam, .maximize, .smoothgrad))
    #expect(!needs(baseline: .black) && !needs(.integrated, .occlusion, baseline: .black))
    #expect(needs(.filters, image: false, baseline: .black))
  }

  @Test func dataThatHaveChanged() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writePictures()
    let run = try train(
      "pathmnist-resnet18", folder, data, Self.small + [("data", "folder"), ("size", "16")])
    let before = try RunDirectory.read(RunEnvironment.self, from: run.environment).data
    try FileManager.default.removeItem(at: folder.file("pictures/test/dark/2.png"))
    var settings = ImageConfiguration()
    (settings.data, settings.size) = ("folder", 16)
    let now = try ImageSet(settings, from: data, for: "") { _ in }.description
    let image = try picture(folder)
    let changed =
      "\(run.folder.path): was trained on \(before), found \(now); say where its data are (--data-dir)"
    let cure = "; with --baseline black a picture needs no data"

    _ = try Visualization.run(request(run, image, [.filters], data)) { _ in }
    expectError(.noInput, changed + cure) {
      _ = try Visualization.run(request(run, image, [.filters, .occlusion], data)) { _ in }
    }
    expectError(.noInput, changed + cure) {
      _ = try Visualization.run(request(run, image, [], data)) { _ in }
    }
    expectError(.noInput, changed) {
      _ = try Visualization.run(request(run, nil, [.filters], data)) { _ in }
    }
    let nowhere =
      "pathmnist-resnet18: data=folder: name the folder with --data-dir; it holds train and test, each with a "
      + "folder of pictures for each class"
    expectError(.noInput, nowhere + cure) {
      _ = try Visualization.run(request(run, image, [.integrated])) { _ in }
    }

    // A run of before the classes' names were noted: its data have them.
    let text = try String(contentsOf: run.environment, encoding: .utf8)
    try Data(text.replacing("class_names", with: "other").utf8).write(to: run.environment)
    expectError(.noInput, nowhere) {
      _ = try Visualization.run(request(run, image, [.filters])) { _ in }
    }
  }

  @Test func runsWithoutWeights() throws {
    let folder = try TemporaryFolder()
    let run = try train("mnist-mlp", folder, folder.writeMNIST(), [("hidden", "8")])
    let image = try picture(folder)
    try FileManager.default.removeItem(at: run.checkpoints)
    expectError(.noInput, "\(run.folder.path): has no checkpoint yet") {
      _ = try Visualization.run(request(run, image, [.filters])) { _ in }
    }
  }
}
