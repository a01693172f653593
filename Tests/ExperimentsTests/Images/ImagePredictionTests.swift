import Checkpoints
import Foundation
import Layers
import Tensors
import TestSupport
import Testing

@testable import Datasets
@testable import Experiments

/// `adjoint predict` with convolutional networks.
@Suite struct ImagePredictionTests {
  typealias Change = (key: String, value: String)

  private func predict(
    _ folder: TemporaryFolder, _ model: String, _ changes: [Change] = []
  ) throws -> Tensor {
    let shape = try Prediction.run(
      model: model, changes: changes, weights: folder.file("w.safetensors"),
      input: folder.file("x.npy"), output: folder.file("y.npy"))
    let y = try NPY.read(folder.file("y.npy"))
    #expect(y.shape == shape)
    return y
  }

  private func write(_ x: Tensor, _ folder: TemporaryFolder) throws {
    try NPY.encode(x).write(to: folder.file("x.npy"))
  }

  private func write(_ bytes: [UInt8], _ shape: [Int], _ folder: TemporaryFolder) throws {
    try Data(NPYHeader.encode(type: "|u1", shape: shape) + bytes).write(to: folder.file("x.npy"))
  }

  private func bytes(_ count: Int) -> [UInt8] {
    var noise: UInt32 = 9
    return (0..<count).map { _ in
      noise = noise &* 1_664_525 &+ 1_013_904_223
      return UInt8(noise >> 24)
    }
  }

  /// (byte / 255 − mean) / deviation, in float64, rounded once.
  private func normalized(_ bytes: [UInt8], mean: [Double], deviation: [Double]) -> [Float] {
    bytes.enumerated().map { place, byte in
      let channel = place % mean.count
      return Float((Double(byte) / 255 - mean[channel]) / deviation[channel])
    }
  }

  private static let mean = [0.485, 0.456, 0.406]
  private static let deviation = [0.229, 0.224, 0.225]

  private func near(_ a: Tensor, _ b: Tensor, _ tolerance: Double) -> Bool {
    let scale = b.doubles.map(abs).max() ?? 1
    return a.shape == b.shape
      && zip(a.doubles, b.doubles).allSatisfy { abs($0 - $1) <= tolerance * scale }
  }

  /// More images than go through at once; as numbers and as bytes, in the order of Adjoint and in that of PyTorch. The
  /// weights have seven classes, which nobody says.
  @Test func numbersAndBytesInEitherOrder() throws {
    let folder = try TemporaryFolder()
    let network = try folder.writeWeights("resnet20", .init(classes: 7), to: "w.safetensors")
    let (count, side) = (103, 6)
    let bytes = bytes(count * side * side * 3)
    let x = Tensor(
      normalized(bytes, mean: Self.mean, deviation: Self.deviation), shape: [count, side, side, 3])
    let expected = network(x, .inference)
    #expect(expected.shape == [count, 7])

    try write(x, folder)
    let numbers = try predict(folder, "resnet20")
    #expect(near(numbers, expected, 1e-6))
    try write(x.permuted(to: [0, 3, 1, 2]), folder)
    #expect(try predict(folder, "resnet20").floats == numbers.floats)
    try write(bytes, [count, side, side, 3], folder)
    let ofBytes = try predict(folder, "resnet20")
    #expect(near(ofBytes, expected, 1e-5))
    let planes = (0..<count).flatMap { image in
      (0..<3).flatMap { channel in
        (0..<side * side).map { bytes[(image * side * side + $0) * 3 + channel] }
      }
    }
    try write(planes, [count, 3, side, side], folder)
    #expect(try predict(folder, "resnet20").floats == ofBytes.floats)
  }

  /// Three rows of three channels: the last axis decides.
  @Test func theLastAxisIsThatOfTheChannelsWhereBothCouldBe() throws {
    let folder = try TemporaryFolder()
    let network = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    let x = Tensor((0..<90).map { Float($0 % 11) / 8 }, shape: [2, 3, 5, 3])
    try write(x, folder)
    #expect(near(try predict(folder, "resnet20"), network(x, .inference), 1e-6))
  }

  /// What the weights were made for is read from them: channels, classes, and how a large network begins.
  @Test(arguments: [
    ("resnet18", ImageNetworks.Form(channels: 1, classes: 3, side: 28)),
    ("resnet18", .init(channels: 3, classes: 5, side: nil)),
    ("efficient", .init(channels: 4, classes: 2, side: 12)),
  ])
  func theWeightsSayWhatTheyAreFor(name: String, form: ImageNetworks.Form) throws {
    let folder = try TemporaryFolder()
    let network = try folder.writeWeights(name, form, to: "w.safetensors")
    let x = Tensor(
      (0..<2 * 144 * form.channels).map { Float($0 * 7 % 23) / 16 - 0.5 },
      shape: [2, 12, 12, form.channels])
    try write(x, folder)
    let y = try predict(folder, name)
    #expect(y.shape == [2, form.classes])
    #expect(near(y, network(x, .inference), 1e-6))
  }

  /// What the state of another width cannot tell is left to the loading, which lists it.
  @Test func whatCannotBeMeantIsNotBelieved() throws {
    let given = ImageNetworks.Form(classes: 10)
    func form(_ classifier: Shape, _ first: Shape) throws -> ImageNetworks.Form {
      let state = ["fc.weight": Tensor.zeros(classifier), "conv1.weight": Tensor.zeros(first)]
      return try #require(ImageNetworks.form(of: "resnet18", weights: state, given: given))
    }
    #expect(try form([7, 512], [64, 4, 7, 7]).classes == 7)
    #expect(try form([7, 512], [64, 4, 7, 7]).channels == 4)
    for classifier: Shape in [[100_001, 1], [5, 0], [0, 512], [7]] {
      #expect(try form(classifier, [64, 3, 7, 7]).classes == 10)
    }
    for first: Shape in [[1, 1001, 1, 1], [64, 5, 0, 7], [64, 5]] {
      #expect(try form([7, 512], first).channels == 3)
    }
    #expect(ImageNetworks.form(of: "resnet19", weights: [:], given: given) == nil)
  }

  @Test func noRows() throws {
    let folder = try TemporaryFolder()
    _ = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    try write(.zeros([0, 32, 32, 3]), folder)
    #expect(try predict(folder, "resnet20").shape == [0, 4])
  }

  /// An experiment's run predicts from bytes what it measured on them, with half a mean for tissue.
  @Test(arguments: ["cifar10-resnet", "pathmnist-resnet18"])
  func aRunPredictsWhatItMeasured(name: String) throws {
    let folder = try TemporaryFolder()
    let data = try folder.writeImages()
    let network: [Change] = [("network", "resnet20"), ("size", "28")]
    var request = ExperimentRunner.Request(data: data)
    request.changes = network + [("batch_size", "8"), ("epochs", "1"), ("average", "0.5")]
    request.output = folder.file("run")
    request.isQuiet = true
    let summary = try ExperimentRunner.train(name, request)
    try FileManager.default.copyItem(
      at: newestCheckpoint(summary).appendingPathComponent("model.safetensors"),
      to: folder.file("w.safetensors"))
    let test =
      name.hasPrefix("cifar")
      ? try CIFAR10.load(from: folder.url).test
      : try MedMNIST.load("pathmnist", size: 28, from: folder.url).test
    try write(test.pixels, [test.count, test.height, test.width, 3], folder)
    let logits = try predict(folder, name, network)
    let loss = softmaxCrossEntropy(logits, labels: IndexTensor(test.labels)).item
    #expect(abs(loss - (summary.metrics["test_loss"] ?? .nan)) < 1e-5)
    for precision in ["float64", "bfloat16"] {
      let other = try predict(folder, name, network + [("precision", precision)])
      #expect(other.dtype == (precision == "float64" ? .float64 : .float32))
      #expect(near(other, logits, precision == "float64" ? 1e-4 : 0.1))
    }
    // The network of a configuration is for images of its size.
    try write(.zeros([2, 20, 20, 3]), folder)
    expectError(
      .badData,
      "\(folder.path)/x.npy: expected shape [rows, \(test.height), \(test.height), 3] or [rows, 3, "
        + "\(test.height), \(test.height)], found [2, 20, 20, 3]"
    ) { _ = try predict(folder, name, network) }
  }

  /// Weights that were copied out of their run: those of a tuned network take images as what they began with does.
  @Test func weightsWithoutTheirRun() throws {
    let folder = try TemporaryFolder()
    let network = try folder.writeWeights("resnet20", .init(classes: 9), to: "w.safetensors")
    let bytes = bytes(2 * 28 * 28 * 3)
    let half = [0.5, 0.5, 0.5]
    let cases: [(changes: [Change], mean: [Double], deviation: [Double])] = [
      ([], Self.mean, Self.deviation), ([("preset", "head")], Self.mean, Self.deviation),
      ([("preset", "scratch")], half, half),
    ]
    for (changes, mean, deviation) in cases {
      try write(bytes, [2, 28, 28, 3], folder)
      var notes: [String] = []
      func logits() throws -> Tensor {
        _ = try Prediction.run(
          model: "pathmnist-finetune", changes: changes, weights: folder.file("w.safetensors"),
          input: folder.file("x.npy"), output: folder.file("y.npy"), note: { notes.append($0) })
        return try NPY.read(folder.file("y.npy"))
      }
      let x = Tensor(
        normalized(bytes, mean: mean, deviation: deviation), shape: [2, 28, 28, 3])
      let expected = network(x, .inference)
      let ofBytes = try logits()
      #expect(near(ofBytes, expected, 1e-5))
      func text(_ numbers: [Double]) -> String {
        numbers.map { "\($0)" }.joined(separator: ", ")
      }
      let words = [
        "\(folder.path)/w.safetensors: taken for weights of images of 28 × 28 pixels, normalised by the mean "
          + "\(text(mean)) and the deviation \(text(deviation))"
      ]
      #expect(notes == words)
      // Of numbers nothing is taken for granted.
      try write(x, folder)
      let ofNumbers = try logits()
      #expect(near(ofNumbers, expected, 1e-6))
      #expect(notes == words)
    }
  }

  @Test(arguments: [[32, 32, 3], [2, 32, 32, 4], [2, 3072], [2, 0, 32, 3], [1, 2, 32, 32, 3]])
  func wrongShape(lengths: [Int]) throws {
    let folder = try TemporaryFolder()
    _ = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    try write(.zeros(Shape(lengths)), folder)
    expectError(
      .badData,
      "\(folder.path)/x.npy: expected shape [rows, height, width, 3] or [rows, 3, height, width], "
        + "found \(lengths)"
    ) { _ = try predict(folder, "resnet20") }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/y.npy"))
  }

  @Test func whatIsNotThere() throws {
    let folder = try TemporaryFolder()
    let models =
      ExperimentCatalogue.all.filter {
        $0 is any PredictingExperiment.Type || $0 is any ImageExperiment.Type
      }.map { $0.information.name } + ImageNetworks.names
    #expect(models.contains("cifar10-vgg") && models.contains("mnist-mlp"))
    expectError(
      .usage,
      "there is no model named resnet21; did you mean resnet20? (there are "
        + models.sorted().joined(separator: ", ") + ")"
    ) { _ = try predict(folder, "resnet21") }
    expectError(
      .usage, "resnet20: has no settings, found classes, seed; its weights say how it is built"
    ) { _ = try predict(folder, "resnet20", [("classes", "3"), ("seed", "1")]) }
    expectError(.noInput, "\(folder.path)/x.npy: cannot be opened: No such file or directory") {
      _ = try predict(folder, "resnet20")
    }
    try write(.zeros([1, 8, 8, 3]), folder)
    let given = try folder.writeWeights("resnet20", .init(classes: 4), to: "w.safetensors")
    let state = stateDictionary(of: given.network).filter { !$0.key.hasPrefix("linear.") }
    let unexpected = state.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.shape)" }
    // Convolutions with their bias, each with its normalisation; behind every group of them a maximum.
    var (missing, place, inputs): ([String], Int, Int) = ([], 0, 3)
    for group in [[64], [128], [256, 256], [512, 512], [512, 512]] {
      for outputs in group {
        missing += [
          "layers.\(place).weight [\(outputs), \(inputs), 3, 3]",
          "layers.\(place).bias [\(outputs)]",
        ]
        for name in ["weight", "bias", "running_mean", "running_var"] {
          missing.append("layers.\(place + 1).\(name) [\(outputs)]")
        }
        (place, inputs) = (place + 2, outputs)
      }
      place += 1
    }
    expectError(
      .badData,
      """
      \(folder.path)/w.safetensors does not fit the model
        missing: \(missing.joined(separator: ", "))
        unexpected: \(unexpected.joined(separator: ", "))
        wrong shape: linear.weight is [4, 64], expected [4, 512]
      """
    ) { _ = try predict(folder, "vgg") }
  }
}
