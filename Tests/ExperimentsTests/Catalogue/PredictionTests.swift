import Checkpoints
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Datasets
@testable import Experiments

@Suite struct PredictionTests {
  /// The numbers of Reference/predict.py: multiples of a power of two, so small that no bit is lost.
  private static func grid(
    _ rows: Int, _ columns: Int, _ a: Int, _ b: Int, _ c: Int, _ modulus: Int, _ divisor: Double
  ) -> [Double] {
    (0..<rows).flatMap { i in
      (0..<columns).map { j in
        Double((a * i + b * j + c) % modulus - modulus / 2) / divisor
      }
    }
  }

  private static let input = Tensor(
    grid(4, 784, 29, 7, 3, 17, 16), shape: [4, 784], dtype: .float64)

  /// What Reference/predict.py prints.
  private static let logits: [Double] = [
    -0.09100341796875, -0.1893310546875, -0.0570068359375, -0.15533447265625, 0.371337890625,
    -0.121337890625, -0.21966552734375, 0.3070068359375, -0.1856689453125, 0.34100341796875,
    -0.0977783203125, -0.184814453125, -0.070556640625, -0.1575927734375, 0.38037109375,
    -0.13037109375, -0.2174072265625, 0.320556640625, -0.190185546875, 0.3477783203125,
    -0.1014404296875, -0.182373046875, -0.077880859375, -0.1588134765625, 0.38525390625,
    -0.13525390625, -0.2161865234375, 0.327880859375, -0.192626953125, 0.3514404296875,
    -0.08953857421875, -0.1903076171875, -0.0540771484375, -0.15484619140625, 0.369384765625,
    -0.119384765625, -0.22015380859375, 0.3040771484375, -0.1846923828125, 0.33953857421875,
  ]

  private func writeWeights(to file: URL, hidden: Int = 3) throws {
    func tensor(_ values: [Double], _ shape: Shape) -> Tensor {
      Tensor(values, shape: shape, dtype: .float32)
    }
    try SafeTensors.write(
      [
        "layers.0.weight": tensor(
          Self.grid(hidden, 784, 31, 11, 5, 23, 256), [hidden, 784]),
        "layers.0.bias": tensor(Self.grid(1, hidden, 0, 3, 1, 7, 4), [hidden]),
        "layers.1.weight": tensor(Self.grid(10, hidden, 5, 2, 1, 13, 8), [10, hidden]),
        "layers.1.bias": tensor(Self.grid(1, 10, 0, 3, 2, 5, 8), [10]),
      ], to: file)
  }

  private func predict(_ folder: TemporaryFolder, hidden: Int = 3) throws -> Shape {
    try Prediction.run(
      model: "mnist-mlp", changes: [(key: "hidden", value: "\(hidden)")],
      weights: folder.file("w.safetensors"), input: folder.file("x.npy"),
      output: folder.file("y.npy"))
  }

  @Test(arguments: DType.full)
  func agreesWithNumPy(dtype: DType) throws {
    let folder = try TemporaryFolder()
    try writeWeights(to: folder.file("w.safetensors"))
    try NPY.encode(Self.input.converted(to: dtype)).write(to: folder.file("x.npy"))
    #expect(try predict(folder) == [4, 10])
    let y = try NPY.read(folder.file("y.npy"))
    #expect(y.shape == [4, 10] && y.dtype == .float32)
    #expect(y.doubles == Self.logits)
  }

  /// Bytes are divided by 255, as in training.
  @Test func bytesAreScaled() throws {
    let folder = try TemporaryFolder()
    try writeWeights(to: folder.file("w.safetensors"))
    let bytes = (0..<1568).map { UInt8($0 * 37 % 256) }
    try Data(NPYHeader.encode(type: "|u1", shape: [2, 784]) + bytes).write(
      to: folder.file("x.npy"))
    #expect(try predict(folder) == [2, 10])
    let found = try NPY.read(folder.file("y.npy")).doubles
    try NPY.encode(Tensor(bytes.map { Float($0) / 255 }, shape: [2, 784])).write(
      to: folder.file("x.npy"))
    #expect(try predict(folder) == [2, 10])
    let expected = try NPY.read(folder.file("y.npy")).doubles
    #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-5 })
  }

  /// Numbers that were never divided are told of, those between 0 and 1 are not.
  @Test(arguments: [
    (Float(1), nil as String?), (255, "255"), (-0.5, "-0.5"),
  ])
  func numbersOutOfRange(value: Float, found: String?) throws {
    let folder = try TemporaryFolder()
    try writeWeights(to: folder.file("w.safetensors"))
    let input = folder.file("x.npy")
    let x = [Float](repeating: 0, count: 783) + [value]
    try NPY.encode(Tensor(x, shape: [1, 784])).write(to: input)
    var notes: [String] = []
    _ = try Prediction.run(
      model: "mnist-mlp", changes: [(key: "hidden", value: "3")],
      weights: folder.file("w.safetensors"), input: input, output: folder.file("y.npy")
    ) { notes.append($0) }
    let expected = found.map {
      "\(input.path): holds \($0); the model was trained on bytes divided by 255, numbers between 0 and 1"
    }
    #expect(notes == [expected].compactMap(\.self))
  }

  /// Beside the weights of a run stands how its model is built.
  @Test func settingsAreThoseOfTheRun() throws {
    let folder = try TemporaryFolder()
    let weights = folder.file("checkpoints/step-000000001/model.safetensors")
    try FileManager.default.createDirectory(
      at: weights.deletingLastPathComponent(), withIntermediateDirectories: true)
    try writeWeights(to: weights)
    try NPY.encode(Self.input).write(to: folder.file("x.npy"))
    func shape() throws -> Shape {
      try Prediction.run(
        model: "mnist-mlp", changes: [], weights: weights, input: folder.file("x.npy"),
        output: folder.file("y.npy"))
    }
    expectError(
      .badData,
      """
      \(weights.path) does not fit the model
        wrong shape: layers.0.weight is [3, 784], expected [50, 784], layers.0.bias is [3], expected \
      [50], layers.1.weight is [10, 3], expected [10, 50]
      """
    ) { _ = try shape() }
    try folder.write(
      Array(#"{"experiment": "mnist-mlp", "configuration": {"hidden": 3}}"#.utf8),
      "configuration.json")
    #expect(try shape() == [4, 10])
    #expect(try NPY.read(folder.file("y.npy")).doubles == Self.logits)
  }

  /// More rows than go through the model at once, and none.
  @Test(arguments: [0, 1, 999, 1000, 1001])
  func anyNumberOfRows(rows: Int) throws {
    let folder = try TemporaryFolder()
    try writeWeights(to: folder.file("w.safetensors"))
    func repeated<Element>(_ values: [Element]) -> [Element] {
      let width = values.count / 4
      // Three does not go into a thousand: what comes after so many rows begins with another one.
      return (0..<rows).flatMap { row in values[(row % 3 * width)..<(row % 3 * width + width)] }
    }
    let x = Tensor(repeated(Self.input.floats), shape: [rows, 784])
    try NPY.encode(x).write(to: folder.file("x.npy"))
    #expect(try predict(folder) == [rows, 10])
    let y = try NPY.read(folder.file("y.npy"))
    #expect(y.shape == [rows, 10])
    #expect(y.doubles == repeated(Self.logits))
  }

  @Test(arguments: [[784], [2, 783], [1, 28, 28]])
  func wrongShape(lengths: [Int]) throws {
    let folder = try TemporaryFolder()
    try writeWeights(to: folder.file("w.safetensors"))
    try NPY.encode(.zeros(Shape(lengths))).write(to: folder.file("x.npy"))
    expectError(
      .badData, "\(folder.path)/x.npy: expected shape [rows, 784], found \(lengths)"
    ) { _ = try predict(folder) }
    #expect(!FileManager.default.fileExists(atPath: folder.path + "/y.npy"))
  }

  @Test func weightsOfAnotherModel() throws {
    let folder = try TemporaryFolder()
    try writeWeights(to: folder.file("w.safetensors"))
    try NPY.encode(Self.input).write(to: folder.file("x.npy"))
    expectError(
      .badData,
      """
      \(folder.path)/w.safetensors does not fit the model
        wrong shape: layers.0.weight is [3, 784], expected [4, 784], layers.0.bias is [3], expected \
      [4], layers.1.weight is [10, 3], expected [10, 4]
      """
    ) { _ = try predict(folder, hidden: 4) }
  }

  @Test func experimentsWithoutSuchAModel() throws {
    let folder = try TemporaryFolder()
    expectError(
      .usage,
      "etth1 forecasts tables: adjoint predict --run RUN --input FILE.csv"
    ) {
      _ = try Prediction.run(
        model: "etth1", changes: [], weights: folder.file("w.safetensors"),
        input: folder.file("x.npy"), output: folder.file("y.npy"))
    }
  }

  @Test func aRunThatHasNotSavedYet() throws {
    let folder = try TemporaryFolder()
    try folder.write(
      #"{"experiment": "mnist-mlp", "configuration": {}}"#.utf8, "run/configuration.json")
    let run = folder.file("run")
    expectError(.noInput, "\(run.path): has no checkpoint yet") {
      _ = try Prediction.newest(of: run)
    }
    // Nor has one whose first checkpoint was never finished.
    try FileManager.default.createDirectory(
      at: folder.file("run/checkpoints"), withIntermediateDirectories: false)
    expectError(.noInput, "\(run.path): has no checkpoint yet") {
      _ = try Prediction.newest(of: run)
    }
  }

  /// Before anything is read.
  @Test func outputsThatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    for name in ["y.csv", "y", "y.npz"] {
      expectError(.usage, "--output \(folder.path)/\(name): the name has to end in .npy") {
        _ = try Prediction.run(
          model: "mnist-mlp", changes: [], weights: folder.file("w.safetensors"),
          input: folder.file("x.npy"), output: folder.file(name))
      }
    }
    for name in ["next.npy", "next"] {
      expectError(.usage, "--output \(folder.path)/\(name): the name has to end in .csv") {
        _ = try Prediction.forecast(
          run: folder.file("run"), input: folder.file("x.csv"), output: folder.file(name),
          data: folder.noData)
      }
    }
  }

  @Test func filesOfArrays() throws {
    let folder = try TemporaryFolder()
    expectError(.noInput, "\(folder.path)/nope: cannot be opened: No such file or directory") {
      try Prediction.requireArray(folder.file("nope"))
    }
    expectError(
      .badData,
      "\(folder.path)/x.txt: offset 0: expected the magic of an .npy file, found [119, 111, 114, 100, 115, 33]"
    ) { try Prediction.requireArray(folder.write("words!".utf8, "x.txt")) }
    try NPY.encode(Self.input).write(to: folder.file("x.npy"))
    try Prediction.requireArray(folder.file("x.npy"))
  }

  @Test func filesThatAreNotThere() throws {
    let folder = try TemporaryFolder()
    expectError(
      .noInput, "\(folder.path)/w.safetensors: cannot be opened: No such file or directory"
    ) { _ = try predict(folder) }
    try writeWeights(to: folder.file("w.safetensors"))
    expectError(.noInput, "\(folder.path)/x.npy: cannot be opened: No such file or directory") {
      _ = try predict(folder)
    }
  }
}
