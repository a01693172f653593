import Checkpoints
import Figures
import Foundation
import Tensors
import TestSupport
import Testing
import Training

@testable import Datasets
@testable import Experiments

/// `adjoint predict` with pictures.
@Suite struct PicturePredictionTests {
  private func trained(
    _ folder: TemporaryFolder, _ data: DataDirectory, _ changes: [(key: String, value: String)]
  ) throws -> URL {
    var request = ExperimentRunner.Request(data: data)
    request.changes =
      [("network", "resnet20"), ("batch_size", "8"), ("epochs", "1"), ("augment", "none")]
      + changes
    request.output = folder.file("run")
    request.isQuiet = true
    let summary = try ExperimentRunner.train("pathmnist-resnet18", request)
    return try newestCheckpoint(summary).appendingPathComponent("model.safetensors")
  }

  private func percent(_ value: Double) -> String { String(format: "%.1f %%", value * 100) }

  /// What it says of a folder is what it says of the bytes of its pictures, in the run's own words.
  @Test func ofARun() throws {
    let folder = try TemporaryFolder()
    let weights = try trained(
      folder, folder.writePictures(), [("data", "folder"), ("size", "16")])
    let rows = try Prediction.pictures(
      model: "pathmnist-resnet18", changes: [], weights: weights,
      input: folder.file("pictures/test"), output: folder.file("logits.npy"))
    #expect(
      rows.map { $0[0] } == ["bright/1.png", "bright/3.png", "dark/0.png", "dark/2.png"])

    let set = try ImageFolder.load(folder.file("pictures/test"), size: 16)
    try Data(NPYHeader.encode(type: "|u1", shape: [4, 16, 16, 3]) + set.pixels)
      .write(to: folder.file("x.npy"))
    _ = try Prediction.run(
      model: "pathmnist-resnet18", changes: [], weights: weights, input: folder.file("x.npy"),
      output: folder.file("y.npy"))
    let logits = try NPY.read(folder.file("y.npy"))
    #expect(try NPY.read(folder.file("logits.npy")).floats == logits.floats)
    let probabilities = softmax(logits).doubles
    for (row, words) in rows.enumerated() {
      let (bright, dark) = (probabilities[row * 2], probabilities[row * 2 + 1])
      let both = ["bright " + percent(bright), "dark " + percent(dark)]
      #expect(Array(words.dropFirst()) == (bright >= dark ? both : both.reversed()))
    }
    let one = try Prediction.pictures(
      model: "pathmnist-resnet18", changes: [], weights: weights,
      input: folder.file("pictures/test/dark/0.png"), output: nil)
    #expect(one == [["0.png"] + rows[2].dropFirst()])

    // By the network's own name it is the run's all the same.
    var notes: [String] = []
    let named = try Prediction.pictures(
      model: "resnet20", changes: [], weights: weights, input: folder.file("pictures/test"),
      output: nil, note: { notes.append($0) })
    #expect(named == rows)
    _ = try Prediction.run(
      model: "resnet20", changes: [], weights: weights, input: folder.file("x.npy"),
      output: folder.file("y.npy"), note: { notes.append($0) })
    #expect(try NPY.read(folder.file("y.npy")).floats == logits.floats)
    #expect(notes.isEmpty)

    // A run of before the names were noted.
    let environment = folder.file("run/environment.json")
    let text = try String(contentsOf: environment, encoding: .utf8)
    try Data(text.replacing("class_names", with: "other").utf8).write(to: environment)
    let nameless = try Prediction.pictures(
      model: "pathmnist-resnet18", changes: [], weights: weights,
      input: folder.file("pictures/test"), output: nil)
    #expect(
      nameless.map { $0[1] }
        == rows.map {
          $0[1].replacing("bright", with: "class 0").replacing("dark", with: "class 1")
        })
  }

  /// Each label has a probability of its own.
  @Test func severalLabels() throws {
    let folder = try TemporaryFolder()
    let weights = try trained(
      folder, folder.writeChest(), [("data", "chestmnist"), ("size", "28")])
    let picture = PixelImage(
      width: 40, height: 30, channels: 3,
      pixels: (0..<3600).map { UInt8($0 * 31 % 251) })
    try folder.write(PNG.encode(picture), "one.png")
    let rows = try Prediction.pictures(
      model: "pathmnist-resnet18", changes: [], weights: weights, input: folder.file("one.png"),
      output: folder.file("y.npy"))
    let logits = try NPY.read(folder.file("y.npy"))
    #expect(logits.shape == [1, 14])
    let names = try MedMNIST.member(named: "chestmnist").classNames
    let likeliest = zip(names, sigmoid(logits).doubles).sorted { $0.1 > $1.1 }.prefix(3)
    #expect(rows == [["one.png"] + likeliest.map { "\($0.0) \(percent($0.1))" }])
  }

  /// Weights that lie in no run: the size is that of published ones, classes have numbers.
  @Test func ofANetworkByItsName() throws {
    let folder = try TemporaryFolder()
    _ = try folder.writePictures()
    let network = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    var notes: [String] = []
    let rows = try Prediction.pictures(
      model: "resnet20", changes: [], weights: folder.file("w.safetensors"),
      input: folder.file("pictures/test"), output: folder.file("y.npy"),
      note: { notes.append($0) })
    #expect(
      notes == [
        "\(folder.path)/w.safetensors: taken for weights of images of 32 × 32 pixels, normalised by the mean "
          + "0.485, 0.456, 0.406 and the deviation 0.229, 0.224, 0.225"
      ])
    let set = try ImageFolder.load(folder.file("pictures/test"), size: 32)
    let loader = Loader(
      set, batchSize: 4, order: .sequential, layout: .images,
      transform: .normalized(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225]))
    let expected = network(loader.next().inputs, .inference)
    #expect(try NPY.read(folder.file("y.npy")).floats == expected.floats)
    let best = argmax(expected, axis: 1).values
    #expect(rows.map { $0[1].hasPrefix("class \(best[0])") }.first == true)
    #expect(rows.allSatisfy { $0.count == 4 })
  }

  @Test func whatIsWrong() throws {
    let folder = try TemporaryFolder()
    _ = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    func predict(_ model: String, _ input: String) throws {
      _ = try Prediction.pictures(
        model: model, changes: [], weights: folder.file("w.safetensors"),
        input: folder.file(input), output: nil)
    }
    try folder.write(Array("words".utf8), "empty/notes.txt")
    expectError(
      .noInput, "\(folder.path)/empty: expected files .png, .jpg or .jpeg, found none"
    ) { try predict("resnet20", "empty") }
    expectError(.usage, "mnist-mlp: takes rows of an array, no pictures") {
      try predict("mnist-mlp", "empty")
    }
    let missing = #expect(throws: AdjointError.self) { try predict("resnet20", "none.png") }
    #expect(missing?.kind == .noInput)
    #expect(missing?.message.hasPrefix("\(folder.path)/none.png: ") == true)
    try folder.write(Array("words".utf8), "broken.jpg")
    let broken = #expect(throws: AdjointError.self) { try predict("resnet20", "broken.jpg") }
    #expect(broken?.kind == .badData)
    #expect(broken?.message.hasPrefix("\(folder.path)/broken.jpg: ") == true)
    #expect(Prediction.isOfPictures(folder.file("a.PNG")) && Prediction.isOfPictures(folder.url))
    #expect(!Prediction.isOfPictures(folder.file("x.npy")))
  }
}
