import Checkpoints
import Experiments
import Foundation
import Tensors
import TestSupport
import Testing

@testable import AdjointCommand

@Suite struct TrainCommandTests {
  @Test func jsonIsTheLastLine() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      Command.small + ["--epochs", "1", "--seed", "3", "--output", "run", "--json"], in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let object = try result.lastObject()
    #expect(
      object.keys.sorted() == [
        "data", "experiment", "interrupted", "metrics", "run", "seconds", "seed", "steps",
      ])
    #expect(object["experiment"] as? String == "mnist-mlp")
    #expect(object["seed"] as? Int == 3)
    #expect(object["steps"] as? Int == 20)
    #expect(object["interrupted"] as? Bool == false)
    #expect(try #require(object["seconds"] as? Double) > 0)
    #expect(object["run"] as? String == folder.path + "/run")
    #expect(
      (object["data"] as? String)
        == "digits drawn by the program, 320 for training and 100 for the test, seed 3")
    let metrics = try #require(object["metrics"] as? [String: Double])
    #expect(
      metrics.keys.sorted() == ["test_accuracy", "test_loss", "train_accuracy", "train_loss"])
    #expect(result.output.split(separator: "\n").count == 1)

    let lines = result.errors.split(separator: "\n").map(String.init)
    #expect(
      lines.first
        == "data: 320 digits drawn by the program, for there is no MNIST in $ADJOINT_DATA or the cache "
        + "(adjoint data fetch mnist)")
    #expect(lines.count == 7 && lines[1].hasPrefix("epoch 1/1  step 20  test accuracy "))
    let last = try #require(lines.last)
    #expect(last.hasPrefix("20 steps in "))
    #expect(last.hasSuffix(" s; report: \(folder.path)/run/report.html"))
    #expect(!result.errors.contains("\u{1B}"))
    #expect(
      folder.contents("run").filter { !$0.hasPrefix("events") } == [
        "checkpoints", "configuration.json", "environment.json", "figures", "metrics.jsonl",
        "report.html", "result.json",
      ])
  }

  @Test func settingsWithoutEffectAreSaid() throws {
    let folder = try TemporaryFolder()
    let small = [
      "hidden=4", "samples_per_epoch=64", "batch_size=32", "evaluation_points=10",
      "evaluation_draws=1", "beta_rise=0", "beta_start=0.3",
    ].flatMap { ["--set", $0] }
    let words = ["train", "vae-2d", "--steps", "1", "--output"]
    let result = try Command.run(words + ["run"] + small, in: folder)
    #expect(result.status == 0)
    #expect(
      result.errors.split(separator: "\n").first
        == "beta_start=0.3: has an effect only with a beta_rise above 0")
    let quiet = try Command.run(words + ["quiet", "--quiet"] + small, in: folder)
    #expect(quiet.status == 0 && quiet.errors.isEmpty)
  }

  @Test func quietAndSilentAboutTheFolder() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(Command.small + ["--steps", "2", "--quiet"], in: folder)
    #expect(result.status == 0)
    #expect(result.output.isEmpty && result.errors.isEmpty)
    let runs = folder.contents("runs")
    #expect(runs.count == 1)
    #expect(runs.first?.wholeMatch(of: /mnist-mlp-\d{8}-\d{6}/) != nil)
  }

  private static let experiments = ExperimentCatalogue.all.map { $0.information.name }
    .joined(separator: ", ")
  private static let settings =
    ((try? ExperimentCatalogue.defaultSettings(
      of: ExperimentCatalogue.experiment(named: "mnist-mlp"))) ?? [:]).keys.sorted()
    .joined(separator: ", ")

  @Test(arguments: [
    (
      ["train", "mnist-mpl"],
      "there is no experiment named mnist-mpl; did you mean mnist-mlp? (there are \(experiments))"
    ),
    (Command.small + ["--epochs", "0"], "epochs=0: has to be in 1 … 1000000"),
    (Command.small + ["--batch-size", "0"], "batch_size=0: has to be in 1 … 60000"),
    (Command.small + ["--batch-size=-1"], "batch_size=-1: has to be in 1 … 60000"),
    (
      Command.small + ["--learning-rate", "0"], "learning_rate=0.0: has to be in 1e-12 … 1000000.0"
    ),
    (Command.small + ["--learning-rate", "nan"], "learning_rate=nan: expected a number"),
    (Command.small + ["--precision", "float16"], "precision=float16: expected float32 or float64"),
    (Command.small + ["--gradients", "hand"], "gradients=hand: expected tape or by-hand"),
    (Command.small + ["--threads", "0"], "--threads 0: has to be at least 1"),
    (Command.small + ["--set", "hidden"], "--set hidden: expected key=value"),
    (Command.small + ["--set", "=5"], "--set =5: expected key=value"),
    (
      Command.small + ["--set", "hiden=5"],
      "mnist-mlp: there is no setting named hiden; did you mean hidden? (there are \(settings))"
    ),
    (Command.small + ["--set", "hidden=5.5"], "hidden=5.5: expected a whole number"),
    (Command.small + ["--set", "hidden=abc"], "hidden=abc: expected a whole number"),
    (
      ["train", "cifar10-vgg", "--gradients", "by-hand"],
      "--gradients by-hand: cifar10-vgg has gradients by the tape only"
    ),
    (
      Command.small + ["--set", "preset=large"],
      "mnist-mlp: there is no preset named large (there is default)"
    ),
  ])
  func whatIsOutOfRange(arguments: [String], message: String) throws {
    let folder = try TemporaryFolder()
    try expectFailure(64, "adjoint: \(message)", arguments, in: folder)
    #expect(folder.contents("") == [])
  }

  @Test func flagsThatExcludeOneAnother() throws {
    let folder = try TemporaryFolder()
    for (flags, message) in [
      (["--epochs", "1", "--steps", "2"], "--epochs and --steps exclude one another."),
      (
        ["--resume", "a", "--output", "b"],
        "--resume writes to the run's own folder; leave out --output."
      ),
      (["--track-every", "3"], "--track-every goes with --track: say what is to be noted."),
      (
        ["--track", "norms", "--track-every", "0"],
        "--track-every 0: has to be in 1 ... 1000000000."
      ),
    ] {
      try expectUsageError(
        message, of: "adjoint train", "[<options>] <name>", Command.small + flags, in: folder)
    }
    try expectFailure(
      64,
      "adjoint: --track: expected norms, histograms or images with commas between, or everything, or "
        + "nothing; found \"norms,weights\"", Command.small + ["--track", "norms,weights"],
      in: folder)
  }

  /// Who has nothing else goes by the tape whether asked to or not: what is missing are the images.
  @Test func gradientsByTheTapeAlone() throws {
    let folder = try TemporaryFolder()
    try expectFailure(
      66,
      "adjoint: cifar10-vgg: there is no cifar10 in $ADJOINT_DATA or the cache; adjoint data fetch cifar10, or "
        + "name its folder with --data-dir",
      ["train", "cifar10-vgg", "--gradients", "tape", "--output", "run"], in: folder)
    #expect(folder.contents("") == [])
  }

  /// oneDNN may be told to behave as on a lesser processor, where it does not multiply bfloat16: then too a run is near
  /// that in float32, but not the same.
  @Test func bfloat16WithoutAVX512() throws {
    let folder = try TemporaryFolder()
    let drawn = try Command.run(
      [
        "data", "synthesize", "pathmnist", "--size", "28", "--count", "120", "--output", "medmnist",
      ],
      in: folder)
    #expect(drawn.status == 0, "\(drawn.errors)")
    let losses = try ["float32", "bfloat16"].map { precision in
      let result = try Command.run(
        [
          "train", "pathmnist-resnet18", "--set", "network=resnet20", "--set", "size=28",
          "--precision", precision, "--batch-size", "16", "--steps", "2", "--json", "--quiet",
          "--data-dir", ".", "--output", precision,
        ], in: folder, environment: ["ONEDNN_MAX_CPU_ISA": "AVX2"])
      #expect(result.status == 0, "\(result.errors)")
      let object = try #require(
        try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any])
      let metrics = try #require(object["metrics"] as? [String: Double])
      return try #require(metrics["train_loss"])
    }
    // Two steps of a network whose images have eight bits.
    #expect(losses[0] != losses[1] && abs(losses[0] - losses[1]) < 0.03 * losses[0], "\(losses)")
  }

  @Test func moreThreadsThanCores() throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(
      Command.small + ["--steps", "1", "--threads", "100000"], in: folder)
    #expect(result.status == 0)
    // What follows are the line about the data, what it came to and the seconds.
    #expect(
      result.errors.split(separator: "\n").first
        == "--threads 100000: more than the cores that this process may use; using \(Threads.available)"
    )
    let last = try #require(result.errors.split(separator: "\n").last)
    #expect(last.hasPrefix("1 step in "), "\(last)")
    let quiet = try Command.run(
      Command.small + ["--steps", "1", "--threads", "100000", "--quiet"], in: folder)
    #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
  }

  @Test func folders() throws {
    let folder = try TemporaryFolder()
    try expectFailure(
      66, "adjoint: \(folder.path)/nowhere: no such folder",
      Command.small + ["--data-dir", "nowhere", "--output", "run"], in: folder)
    try expectFailure(
      66, "adjoint: \(folder.path)/nowhere: there is no such run folder",
      Command.small.prefix(2) + ["--resume", "nowhere"], in: folder)
    let file = try folder.write([], "file").path
    try expectFailure(
      73, "adjoint: \(file)/run: cannot make this folder: Not a directory",
      Command.small + ["--output", "file/run"], in: folder)
    try expectFailure(
      73, "adjoint: \(file): expected a folder, found a file",
      Command.small + ["--output", "file"], in: folder)
    let taken = Command.small + ["--output", "run", "--steps", "1", "--quiet"]
    #expect(try Command.run(taken, in: folder).status == 0)
    try expectFailure(
      64,
      "adjoint: \(folder.path)/run: holds a run already; go on with it (--resume) or name another "
        + "folder (--output)", taken, in: folder)
    try expectFailure(
      64,
      "adjoint: --resume takes its settings from the run; seed cannot be changed (epochs and steps can)",
      ["train", "mnist-mlp", "--resume", "run", "--seed", "5"], in: folder)
  }

  /// Four files of MNIST's names, and what is wrong with one of them.
  @Test func damagedData() throws {
    let folder = try TemporaryFolder()
    let data = folder.path + "/mnist"
    func write(_ name: String, _ bytes: [UInt8]) throws { try folder.write(bytes, "mnist/\(name)") }
    func expect(
      _ code: Int32, _ message: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      try expectFailure(
        code, "adjoint: " + message, Command.small + ["--data-dir", folder.path, "--quiet"],
        in: folder, sourceLocation: sourceLocation)
    }
    let pixels = [UInt8](repeating: 7, count: 2 * 784)
    try write("train-images-idx3-ubyte", words(0x803, 2, 28, 28) + pixels)
    try write("t10k-images-idx3-ubyte", words(0x803, 2, 28, 28) + pixels)
    try write("t10k-labels-idx1-ubyte", words(0x801, 2) + [1, 2])
    try expect(
      66,
      "\(folder.path): expected the files train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
        + "t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz (or unpacked, without .gz) in mnist/ "
        + "or in the folder itself; found no train-labels-idx1-ubyte.gz")
    let labels = "train-labels-idx1-ubyte"
    try write(labels, words(0x801, 2) + [3, 10])
    try expect(65, "\(data)/\(labels): row 1: expected a label in 0 ..< 10, found 10")
    try write(labels, words(0x801, 3) + [3, 1, 2])
    try expect(
      65,
      "\(data)/\(labels): offset 4: expected 2 labels, one for each image of "
        + "\(data)/train-images-idx3-ubyte, found 3")
    try write(labels, words(0x803, 2, 28, 28) + pixels)
    try expect(
      65,
      "\(data)/\(labels): offset 0: expected the magic number 0x00000801 (labels: unsigned bytes, 1 "
        + "dimension), found the magic number 0x00000803 (images: unsigned bytes, 3 dimensions)")
    try write(labels, words(0x801, 2) + [3])
    try expect(65, "\(data)/\(labels): offset 8: expected 2 bytes (2), found 1")
    try write(labels, words(0x801, 2) + [3, 1])
    try write("train-images-idx3-ubyte", words(0x803, 2, 28, 28) + pixels.dropLast())
    try expect(
      65,
      "\(data)/train-images-idx3-ubyte: offset 16: expected 1568 bytes (2 × 28 × 28), found 1567")
    try write("train-images-idx3-ubyte", words(0x1234_5678))
    try expect(
      65,
      "\(data)/train-images-idx3-ubyte: offset 0: expected the magic number 0x00000803 (images: "
        + "unsigned bytes, 3 dimensions), found the magic number 0x12345678")
  }

  @Test func divergence() throws {
    let folder = try TemporaryFolder()
    let wild =
      Command.small + [
        "--epochs", "1", "--quiet", "--learning-rate", "1e6", "--set", "hidden=500", "--seed", "2",
      ]
    let result = try Command.run(wild + ["--precision", "float32"], in: folder)
    #expect(result.status == 65)
    #expect(
      result.errors.wholeMatch(
        of:
          /adjoint: the loss became (nan|inf) at step \d+ \(epoch 1, batch \d+\); a lower --learning-rate usually helps, and --check-finite finds the operation that did it\n/
      ) != nil, "\(result.errors)")
    for gradients in ["tape", "by-hand"] {
      let checked = try Command.run(
        wild + ["--check-finite", "--gradients", gradients], in: folder)
      #expect(checked.status == 65)
      #expect(
        checked.errors.wholeMatch(
          of:
            /adjoint: step \d+ \(epoch 1, batch \d+\): (the gradient through )?operation \w+( in layer layers\.[01] \(Linear\))? made \d+ of \d+ elements of a tensor of shape \[[\d, ]*\] NaN or infinite; .*\n/
        ) != nil, "\(checked.errors)")
    }
  }

  /// Whoever reads the output may go at any time: the run is done. That its result was not taken is an error, that
  /// nobody reads the progress is none.
  @Test func closedPipes() throws {
    let folder = try TemporaryFolder()
    let command = Command.executable.path
    let arguments = (Command.small + ["--epochs", "1", "--json"]).joined(separator: " ")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    process.currentDirectoryURL = folder.url
    process.environment = Command.environment(home: folder)
    process.arguments = [
      "-c",
      """
      trap - PIPE
      \(command) \(arguments) --output a 2>a.txt | true; echo ${PIPESTATUS[0]} > status
      \(command) \(arguments) --output b 2>&1 >b.txt | true; echo ${PIPESTATUS[0]} >> status
      \(command) list | true; echo ${PIPESTATUS[0]} >> status
      """,
    ]
    try process.run()
    process.waitUntilExit()
    let lines = String(decoding: try folder.bytes("status"), as: UTF8.self)
      .split(separator: "\n").map(String.init)
    // A list that nobody reads may end as `ls` does.
    #expect(lines.prefix(2) == ["73", "0"])
    #expect(lines.last == "0" || lines.last == "141")
    #expect(folder.contents("a").contains("report.html"))
    #expect(folder.contents("b").contains("report.html"))
    let errors = String(decoding: try folder.bytes("a.txt"), as: UTF8.self)
    #expect(
      errors.split(separator: "\n").filter { $0.hasPrefix("adjoint: ") } == [
        "adjoint: standard output: cannot write the result: Broken pipe"
      ])
    #expect(String(decoding: try folder.bytes("b.txt"), as: UTF8.self).hasPrefix("{\"data\":"))
  }
}
