import Checkpoints
import Datasets
import Experiments
import Foundation
import Tensors
import TestSupport
import Testing

@testable import AdjointCommand

/// What is done with a run that is there, and with data: evaluate, report, predict, data, benchmark.
@Suite struct RunCommandsTests {
  @Test func evaluateReportPredict() throws {
    let folder = try TemporaryFolder()
    let trained = try Command.run(
      Command.small + ["--epochs", "1", "--output", "run", "--json", "--quiet"], in: folder)
    let metrics = try #require(trained.lastObject()["metrics"] as? [String: Double])

    let evaluated = try Command.run(["evaluate", "run", "--json"], in: folder)
    #expect(evaluated.status == 0, "\(evaluated.errors)")
    #expect(try evaluated.lastObject()["metrics"] as? [String: Double] == metrics)
    #expect(try #require(evaluated.lastObject()["seconds"] as? Double) > 0)
    let table = try Command.run(["evaluate", "run"], in: folder)
    #expect(
      table.output
        == metrics.sorted { $0.key < $1.key }.map { name, value in
          name.replacing("_", with: " ").padding(toLength: 16, withPad: " ", startingAt: 0)
            + (name.contains("accuracy")
              ? String(format: "%.2f %%\n", value * 100) : String(format: "%.4f\n", value))
        }.joined())

    let report = try folder.bytes("run/report.html")
    try FileManager.default.removeItem(at: folder.file("run/report.html"))
    let reported = try Command.run(["report", "run"], in: folder)
    #expect(reported.output == "\(folder.path)/run/report.html\n")
    #expect(try folder.bytes("run/report.html") == report)

    // The classes that it predicts for the test digits are those that the metrics count.
    let test = DrawnDigits.load(trainCount: 1, testCount: 100).test
    let x = Tensor(test.pixels.map { Float($0) / 255 }, shape: [100, 784])
    try NPY.encode(x).write(to: folder.file("x.npy"))
    let weights = try #require(try Checkpoint.latest(in: folder.file("run/checkpoints")))
      .appendingPathComponent("model.safetensors").path
    let flags = ["predict", "--model", "mnist-mlp", "--weights", weights, "--input", "x.npy"]
    let predicted = try Command.run(
      flags + ["--output", "y.npy", "--set", "hidden=16"], in: folder)
    #expect(predicted.status == 0, "\(predicted.errors)")
    #expect(predicted.errors == "y.npy: [100, 10]\n")
    // The run's own settings are found beside its weights.
    let again = try Command.run(flags + ["--output", "again.npy"], in: folder)
    #expect(again.status == 0, "\(again.errors)")
    #expect(try folder.bytes("again.npy") == folder.bytes("y.npy"))
    let ofRun = try Command.run(
      ["predict", "--run", "run", "--input", "x.npy", "--output", "run.npy"], in: folder)
    #expect(ofRun.status == 0, "\(ofRun.errors)")
    #expect(try folder.bytes("run.npy") == folder.bytes("y.npy"))
    try expectFailure(
      64,
      "adjoint: --data-dir: pictures and arrays need no training data with --run; leave it out",
      ["predict", "--run", "run", "--input", "x.npy", "--output", "y.npy", "--data-dir", "."],
      in: folder)
    // What it cannot take at all is said first.
    try folder.write([], "x.png")
    try expectFailure(
      64, "adjoint: mnist-mlp: takes rows of an array, no pictures",
      ["predict", "--run", "run", "--input", "x.png", "--data-dir", "."], in: folder)
    try folder.write(
      Data(contentsOf: URL(fileURLWithPath: weights)), "pretrained/digits.safetensors")
    let byName = try Command.run(
      [
        "predict", "--model", "mnist-mlp", "--weights", "digits.safetensors", "--data-dir", ".",
        "--input", "x.npy", "--output", "named.npy", "--set", "hidden=16",
      ], in: folder)
    #expect(byName.status == 0, "\(byName.errors)")
    #expect(try folder.bytes("named.npy") == folder.bytes("y.npy"))
    try folder.write([], "x.csv")
    try expectFailure(
      64,
      "adjoint: \(folder.path)/run: is a run of mnist-mlp, which has no model that goes on with a table",
      ["predict", "--run", "run", "--input", "x.csv"], in: folder)
    try expectFailure(
      64,
      "adjoint: \(folder.path)/x.csv: a table is gone on with by a run as it is: --run, and no --set",
      ["predict", "--run", "run", "--input", "x.csv", "--set", "hidden=2"], in: folder)
    let classes = argmax(try NPY.read(folder.file("y.npy")), axis: 1).values
    let right = zip(classes, test.labels).filter { $0 == $1 }.count
    #expect(Double(right) / 100 == metrics["test_accuracy"])

    try expectFailure(64, "adjoint: --output: name the .npy file to write", flags, in: folder)
    try expectFailure(
      64, "adjoint: --output y.csv: the name has to end in .npy", flags + ["--output", "y.csv"],
      in: folder)
    try expectFailure(
      64, "adjoint: --json: is for pictures, whose classes it prints", flags + ["--json"],
      in: folder)
    try expectFailure(
      65,
      """
      adjoint: \(weights) does not fit the model
        wrong shape: layers.0.weight is [16, 784], expected [50, 784], layers.0.bias is [16], expected [50], \
      layers.1.weight is [10, 16], expected [10, 50]
      """, flags + ["--output", "z.npy", "--set", "hidden=50"], in: folder)
    try expectFailure(
      73,
      "adjoint: /proc/y.npy: cannot create a temporary file beside it: No such file or directory",
      flags + ["--output", "/proc/y.npy", "--set", "hidden=16"], in: folder)
    try expectFailure(
      66, "adjoint: \(folder.path)/nothing.npy: cannot be opened: No such file or directory",
      flags.dropLast() + ["nothing.npy", "--output", "y.npy", "--set", "hidden=16"], in: folder)
  }

  @Test(arguments: ["evaluate", "report"])
  func whatIsNoRun(command: String) throws {
    let folder = try TemporaryFolder()
    try expectFailure(
      66, "adjoint: \(folder.path)/nothing: there is no such run folder", [command, "nothing"],
      in: folder)
    try expectFailure(
      66,
      "adjoint: \(folder.path): is not the folder of a run: it has no configuration.json",
      [command, "."], in: folder)
    try folder.write(Array("{".utf8), "configuration.json")
    try expectFailure(
      65,
      "adjoint: \(folder.path)/configuration.json: byte 1: expected a string for a key of an "
        + "object, found the end",
      [command, "."], in: folder)
  }

  @Test func dataCommands() throws {
    let folder = try TemporaryFolder()
    let list = try Command.run(["data", "list"], in: folder)
    #expect(list.status == 0)
    #expect(list.output.contains("\nmnist           not here  "))
    #expect(list.output.contains("\ndrawn-digits    drawn     "))
    #expect(list.output.contains("\npneumoniamnist  not here  chest X-rays of children, "))
    #expect(
      list.output.contains(
        "\npretrained      not here  weights, to be called by their names (licences of their publishers)"
      ))
    try folder.write([0], "data/pretrained/w.pth")
    let found = try Command.run(["data", "list", "--data-dir", "data"], in: folder)
    #expect(
      found.output.hasSuffix(
        "  weights, to be called by their names: w.pth (licences of their publishers)\n"))

    let inspected = try Command.run(
      ["data", "inspect", "drawn-digits", "--output", "sheet.png"], in: folder)
    #expect(inspected.status == 0)
    #expect(inspected.output.contains("training  60,000 images, 28 × 28 × 1, 10 classes\n"))
    #expect(inspected.output.contains("test      10,000 images, 28 × 28 × 1, 10 classes\n"))
    #expect(inspected.errors == "sheet.png: written\n")
    #expect(try folder.bytes("sheet.png").prefix(4) == Data([137, 80, 78, 71]))

    let augmented = try Command.run(
      ["data", "inspect", "drawn-digits", "--augment", "flip", "--seed", "2", "--output", "a.png"],
      in: folder)
    #expect(augmented.status == 0 && augmented.errors == "a.png: written\n")
    #expect(try folder.bytes("a.png") != folder.bytes("sheet.png"))

    try expectFailure(
      66, "adjoint: mnist: is neither in $ADJOINT_DATA nor in the cache; adjoint data fetch mnist",
      ["data", "inspect", "mnist"], in: folder)
    // The sizes of a member of MedMNIST share its name, and what is drawn is not fetched.
    let others = DataCatalogue.sources.filter { $0.member == nil && !$0.files.isEmpty }
    let names = (others.map(\.name) + MedMNIST.members.map(\.name)).sorted().joined(separator: ", ")
    try expectFailure(
      64, "adjoint: there is no data set named minst; did you mean mnist? (there are \(names))",
      ["data", "fetch", "minst"], in: folder)
  }

  @Test func drawnTissue() throws {
    let folder = try TemporaryFolder()
    let drawn = try Command.run(
      [
        "data", "synthesize", "pathmnist", "--size", "28", "--count", "12", "--seed", "2",
        "--output",
        "tissue",
      ], in: folder)
    #expect(drawn.status == 0)
    #expect(drawn.output == "\(folder.path)/tissue/pathmnist.npz\n")
    let inspected = try Command.run(
      ["data", "inspect", "pathmnist", "--data-dir", "tissue", "--output", "sheet.png"], in: folder)
    #expect(inspected.output.contains("drawn by the program (seed 2) in the layout of PathMNIST"))
    #expect(inspected.output.contains("training    10 images, 28 × 28 × 3, 9 classes\n"))
    for name in ["bloodmnist", "minst"] {
      try expectFailure(
        64, "adjoint: \(name): cannot be drawn; what can is pathmnist",
        ["data", "synthesize", name, "--count", "20", "--output", "tissue"], in: folder)
    }
    try expectFailure(
      64,
      "adjoint: pathmnist: a count of 0; between 11 and the real set's 107180 images can be drawn",
      ["data", "synthesize", "pathmnist", "--count", "0", "--output", "empty"], in: folder)
    #expect(!FileManager.default.fileExists(atPath: folder.file("empty").path))
  }

  @Test func benchmark() throws {
    let folder = try TemporaryFolder()
    let measured = try Command.run(
      ["benchmark", "tiny", "--seconds", "0.1", "--threads", "1", "--json"], in: folder)
    #expect(measured.status == 0)
    let object = try measured.lastObject()
    #expect(object["workload"] as? String == "tiny" && object["mode"] as? String == "tape")
    #expect(object["threads"] as? Int == 1)
    #expect(try #require(object["median_ms"] as? Double) > 0)
    #expect(try #require(object["peak_bytes"] as? Int) > 0)
    // More than nothing, less than a gigabyte: a network of 83 numbers.
    let resident = try #require(object["peak_resident_bytes"] as? Int)
    #expect(resident > 1 << 20 && resident < 1 << 30)
    #expect(object["system_requests_in_steady_state"] as? Int == 0)
    for key in [
      "initial_loss", "loss_after_10", "p10_ms", "p90_ms", "steps", "processor", "version",
    ] {
      #expect(object[key] != nil, "\(key)")
    }
    let inference = try Command.run(
      ["benchmark", "tiny", "--seconds", "0.05", "--inference", "--precision", "float64"],
      in: folder)
    #expect(inference.output.hasPrefix("tiny  inference  median "))
    #expect(inference.output.contains(/\d steps  peak of tensors 0\.\d MB  reorders of weights 0,/))

    for (flags, message) in [
      (["--seconds", "0"], "--seconds 0.0: has to be above 0 and at most 3600"),
      (["--seconds", "nan"], "--seconds nan: has to be above 0 and at most 3600"),
      (["--precision", "float16"], "--precision float16: expected float32, float64 or bfloat16"),
      (["--gradients", "inference"], "--gradients inference: expected tape or by-hand"),
      (["--threads", "0"], "--threads 0: has to be at least 1"),
    ] {
      try expectFailure(64, "adjoint: " + message, ["benchmark", "tiny"] + flags, in: folder)
    }
    try expectFailure(
      64,
      "adjoint: there is no workload named tinny; did you mean tiny? (there are "
        + Workload.all.map(\.name).joined(separator: ", ") + ")", ["benchmark", "tinny"], in: folder
    )
  }
}
