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
      input: folder.file("pictures/test"), output: folder.file("logits.npy")
    ).table
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
      input: folder.file("pictures/test/dark/0.png"), output: nil
    ).table
    #expect(one == [["0.png"] + rows[2].dropFirst()])

    // By the network's own name it is the run's all the same.
    var notes: [String] = []
    let named = try Prediction.pictures(
      model: "resnet20", changes: [], weights: weights, input: folder.file("pictures/test"),
      output: nil, note: { notes.append($0) }
    ).table
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
      input: folder.file("pictures/test"), output: nil
    ).table
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
      output: folder.file("y.npy")
    ).table
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
      note: { notes.append($0) }
    ).table
    #expect(
      notes == [
        "\(folder.path)/w.safetensors: taken for weights of images of 32 × 32 pixels, normalised by the mean "
          + "0.485, 0.456, 0.406 and the deviation 0.229, 0.224, 0.225"
      ])
    let named = try Prediction.pictures(
      model: "resnet20", changes: [], weights: folder.file("w.safetensors"),
      input: folder.file("pictures/test"), output: nil,
      classNames: folder.write(Array("zero\none\ntwo\nthree\n".utf8), "names.txt")
    ).table
    let words = ["class 0": "zero", "class 1": "one", "class 2": "two", "class 3": "three"]
    #expect(
      named
        == rows.map { row in
          row.map { cell in words.reduce(cell) { $0.replacing($1.key, with: $1.value) } }
        })
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

  /// A row for each picture, with the numbers that are the logits' of the same pictures.
  @Test func tableOfProbabilities() throws {
    let folder = try TemporaryFolder()
    _ = try folder.writePictures()
    _ = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    func predict(_ output: String) throws -> PicturePrediction {
      try Prediction.pictures(
        model: "resnet20", changes: [], weights: folder.file("w.safetensors"),
        input: folder.file("pictures/test"), output: folder.file(output))
    }
    _ = try predict("y.NPY")
    let found = try predict("y.csv")
    let probabilities = softmax(try NPY.read(folder.file("y.NPY"))).doubles
    let lines = found.rows.enumerated().map { row, picture in
      let own = Array(probabilities[row * 4..<row * 4 + 4])
      let best = own.indices.max { own[$0] < own[$1] } ?? 0
      return "\(picture.picture),class \(best),\(own[best]),"
        + own.map { "\($0)" }.joined(separator: ",")
    }
    let header = "picture,class,probability,class 0,class 1,class 2,class 3"
    #expect(
      try String(contentsOf: folder.file("y.csv"), encoding: .utf8)
        == ([header] + lines).map { $0 + "\r\n" }.joined())
  }

  /// Names are of whoever gave them: none may end a cell or a line.
  @Test func namesInATable() throws {
    let found = PicturePrediction(
      classNames: ["plain", "red, green", "12\" disc"],
      rows: [
        ("a,\u{301}b.png", [0.25, 0.5, 0.25]), ("a\"\u{301}b.png", [0.125, 0.25, 0.625]),
        ("two\r\nlines.png", [1, 0, 0]),
      ])
    let lines = [
      "picture,class,probability,plain,\"red, green\",\"12\"\" disc\"",
      "\"a,\u{301}b.png\",\"red, green\",0.5,0.25,0.5,0.25",
      "\"a\"\"\u{301}b.png\",\"12\"\" disc\",0.625,0.125,0.25,0.625",
      "\"two\r\nlines.png\",plain,1.0,1.0,0.0,0.0",
    ]
    #expect(Data(found.csv.utf8) == Data(lines.map { $0 + "\r\n" }.joined().utf8))
  }

  /// Of more classes the three likeliest, of fewer all.
  @Test(arguments: [
    (
      ["a", "b"], [0.25, 0.75],
      #"{"rows":[{"classes":[{"class":"b","probability":0.75},{"class":"a","probability":0.25}],"picture":"x"}]}"#
    ),
    (
      ["a", "b", "c", "d"], [0.125, 0.5, 0.0625, 0.3125],
      #"{"rows":[{"classes":[{"class":"b","probability":0.5},{"class":"d","probability":0.3125},"#
        + #"{"class":"a","probability":0.125}],"picture":"x"}]}"#
    ),
  ])
  func asJSON(names: [String], probabilities: [Double], text: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let found = PicturePrediction(classNames: names, rows: [("x", probabilities)])
    #expect(String(decoding: try encoder.encode(found), as: UTF8.self) == text)
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
    expectError(.noInput, "\(folder.path)/none.png: cannot be opened: No such file or directory") {
      try predict("resnet20", "none.png")
    }
    // Before anything is read.
    for name in ["y.json", "y"] {
      expectError(
        .usage, "--output \(folder.path)/\(name): the name has to end in .npy or .csv"
      ) {
        _ = try Prediction.pictures(
          model: "resnet20", changes: [], weights: folder.file("none.safetensors"),
          input: folder.file("none.png"), output: folder.file(name))
      }
    }
    try folder.write(Array("words".utf8), "broken.jpg")
    expectError(
      .badData,
      "\(folder.path)/broken.jpg: offset 0: expected a PNG or JPEG file, found 77 6f 72 64 73"
    ) { try predict("resnet20", "broken.jpg") }
    #expect(Prediction.isOfPictures(folder.file("a.PNG")) && Prediction.isOfPictures(folder.url))
    #expect(!Prediction.isOfPictures(folder.file("x.npy")))
  }
}
