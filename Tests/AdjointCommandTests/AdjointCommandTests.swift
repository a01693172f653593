import Foundation
import TestSupport
import Testing
import Training

@testable import AdjointCommand

@Suite struct AdjointCommandTests {
  private static let subcommands: [([String], [String])] = [
    (
      [],
      [
        "list", "train", "sweep", "evaluate", "report", "predict", "check", "derive", "data",
        "benchmark",
      ]
    ),
    (["list"], ["<name>", "--json"]),
    (
      ["train"],
      [
        "--data-dir <folder>", "--output <folder>", "--epochs", "--steps", "--batch-size",
        "--learning-rate", "--seed", "--precision", "--gradients", "--threads", "--set <key=value>",
        "--resume <run>", "--check-finite", "--json", "--quiet", "--config <file>",
        "--pause-after-epochs", "--pause-after-steps", "--stop-with-input",
        "--track <what>", "--track-every <steps>",
      ]
    ),
    (
      ["sweep"],
      [
        "<name>", "--set <key=values>", "--trials", "--method", "--parallel", "--metric",
        "--minimize", "--maximize", "--output <folder>", "--resume <folder>", "--data-dir",
        "--epochs", "--steps", "--threads", "--seed", "--json", "--quiet",
      ]
    ),
    (["evaluate"], ["<run>", "--data-dir", "--threads", "--json"]),
    (["report"], ["<run>", "--data-dir", "--threads"]),
    (
      ["predict"],
      [
        "--run <folder>", "--model <name>", "--weights <file>", "--input <file>",
        "--output <file>", "--class-names <file>", "--set",
      ]
    ),
    (["check"], ["--seed", "--json"]), (["derive"], ["<name>", "--output <file>"]),
    (["data"], ["list", "fetch", "inspect"]),
    (["data", "list"], ["--data-dir"]), (["data", "fetch"], ["<name>", "--data-dir"]),
    (
      ["data", "inspect"],
      ["<name>", "--data-dir", "--output <file>", "--augment [<recipe>]", "--seed"]
    ),
    (
      ["benchmark"],
      ["--seconds", "--precision", "--gradients", "--inference", "--threads", "--json"]
    ),
  ]

  @Test(arguments: subcommands)
  func helpNamesEveryFlag(path: [String], words: [String]) throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(path + ["--help"], in: folder)
    #expect(result.status == 0 && result.errors.isEmpty)
    for word in words + ["USAGE: adjoint"] { #expect(result.output.contains(word), "\(word)") }
    for line in result.output.split(separator: "\n") { #expect(line.count <= 100, "\(line)") }
  }

  /// What a help page says, without the ends of its lines.
  @Test(arguments: [
    ("predict", "For pictures and tables it may be left out; they are then printed."),
    ("train", "--config <file> A configuration to begin with, such as a sweep's best.json."),
    ("train", "--gradients <gradients> tape or by-hand, where the experiment has both."),
    ("visualize", "Without --image and --sample it takes image 0 of the test part."),
    (
      "data fetch",
      "--size <pixels> The side of an image of MedMNIST: 28 (where left out), 64, 128 or 224. --data-dir"
    ),
    (
      "data inspect",
      "The side of an image of MedMNIST: 28 (where left out), 64, 128 or 224; of a folder's, any from 8."
    ),
  ])
  func helpSays(command: String, words: String) throws {
    let path = command.split(separator: " ").map(String.init)
    let result = try Command.run(path + ["--help"], in: TemporaryFolder())
    let text = result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ")
    #expect(text.contains(words), "\(text)")
  }

  @Test(arguments: [
    ("trian mnist-mlp", "trian; did you mean train?", ""),
    ("trian --help", "trian; did you mean train?", ""),
    ("mnist-mlp", "mnist-mlp", ""), ("data get mnist", "get", "data"),
  ])
  func unknownSubcommand(words: String, found: String, parent: String) throws {
    let names =
      parent == "data"
      ? "fetch, inspect, list, synthesize"
      : "benchmark, check, data, derive, evaluate, list, predict, report, sweep, train, visualize"
    let folder = try TemporaryFolder()
    try expectFailure(
      64, "adjoint: there is no subcommand named \(found) (there are \(names))",
      words.split(separator: " ").map(String.init), in: folder)
    #expect(folder.contents("") == [])
  }

  /// One dash and several letters, wherever they stand, but as values and behind `--`.
  @Test(arguments: [
    ("train mnist-mlp -epochs 1", "-epochs: did you mean --epochs?"),
    ("train mnist-mlp -steps=1", "-steps: did you mean --steps?"),
    ("train mnist-mlp --quiet -epochs 1", "-epochs: did you mean --epochs?"),
    ("train mnist-mlp --seed 3 -threads 1 --help-me", "-threads: did you mean --threads?"),
    ("-threads", "-threads: did you mean --threads?"),
    ("evaluate -run5", "-run5: there is no such option; a file or folder of that name is ./-run5"),
    ("data list -xy", "-xy: there is no such option; a file or folder of that name is ./-xy"),
  ])
  func optionsWithOneDash(words: String, message: String) throws {
    let folder = try TemporaryFolder()
    try expectFailure(
      64, "adjoint: \(message)", words.split(separator: " ").map(String.init), in: folder)
    #expect(folder.contents("") == [])
  }

  /// What is no option with one dash too few.
  @Test(arguments: [
    ("train mnist-mlp --output -hello", "Error: Missing value for '--output <folder>'"),
    (
      "train mnist-mlp --epochs -hello",
      "Error: The value '-hello' is invalid for '--epochs <epochs>'"
    ),
    ("train mnist-mlp -- -hello", "Error: Unexpected argument '-hello'"),
    (
      "train mnist-mlp --learning-rate -0.5",
      "adjoint: learning_rate=-0.5: has to be in 1e-12 … 1000000.0"
    ),
    ("train mnist-mlp --learning-rate -inf", "adjoint: learning_rate=-inf: expected a number"),
  ])
  func valuesWithADash(words: String, message: String) throws {
    let result = try Command.run(
      words.split(separator: " ").map(String.init), in: TemporaryFolder())
    #expect(result.status == 64)
    #expect(result.errors.split(separator: "\n").first.map(String.init) == message)
  }

  @Test(arguments: ["-h", "-help", "--help"])
  func helpHoweverAskedFor(flag: String) throws {
    let result = try Command.run(["train", "-epochs", flag], in: TemporaryFolder())
    #expect(result.status == 0 && result.output.hasPrefix("OVERVIEW: Train an experiment"))
  }

  /// What a shell makes of a variable that is not set is no path to write to.
  @Test(arguments: [
    ["train", "mnist-mlp", "--output", ""], ["train", "mnist-mlp", "--data-dir", ""],
    ["train", "mnist-mlp", "--resume", ""], ["train", "mnist-mlp", "--config", ""],
    ["sweep", "mnist-mlp", "--set", "hidden=8,16", "--output", ""],
    ["sweep", "mnist-mlp", "--set", "hidden=8,16", "--data-dir", ""],
    ["sweep", "mnist-mlp", "--resume", ""], ["data", "fetch", "mnist", "--data-dir", ""],
    ["data", "inspect", "mnist", "--output", ""],
    ["data", "synthesize", "pathmnist", "--count", "3", "--output", ""],
  ])
  func pathsOfNothing(words: [String]) throws {
    let folder = try TemporaryFolder()
    let result = try Command.run(words, in: folder)
    #expect(result.status == 64)
    let flag = words[words.count - 2]
    #expect(result.errors.hasPrefix("Error: \(flag): expected a path, found nothing.\nUsage: "))
    #expect(try folder.contents.isEmpty)
  }

  @Test func version() throws {
    let result = try Command.run(["--version"], in: TemporaryFolder())
    #expect(result.status == 0)
    #expect(result.output == "\(adjointVersion)\n")
  }

  /// Flags of the wrong kind and arguments that are missing: told by the parser, with exit code 64.
  @Test(arguments: [
    (
      "train",
      "Missing expected argument '<name>'\nHelp:  <name>  The experiment; see adjoint list."
    ),
    (
      "train mnist-mlp --epochs many",
      "The value 'many' is invalid for '--epochs <epochs>'\nHelp:  --epochs <epochs>  Epochs to train."
    ),
    ("train mnist-mlp --epoch 1", "Unknown option '--epoch'. Did you mean '--epochs'?"),
    ("train mnist-mlp --steps 0", "--steps 0: has to be at least 1."),
    (
      "train mnist-mlp --seed -1",
      """
      The value '-1' is invalid for '--seed <seed>'
      Help:  --seed <seed>  What weights, order and noise are drawn from.
      """
    ),
    (
      "predict --model mnist-mlp",
      """
      Missing expected argument '--input <file>'
      Help:  --input <file>  An .npy file, a picture, a folder of pictures, or a table.
      """
    ),
    (
      "predict --input x.npy",
      "Name a run with --run, or a model and its weights with --model and --weights."
    ),
    (
      "predict --run a --weights b --input x.npy",
      "Name a run with --run, or a model and its weights with --model and --weights."
    ),
    (
      "benchmark --seconds soon",
      "The value 'soon' is invalid for '--seconds <seconds>'\nHelp:  --seconds <seconds>  Seconds to measure."
    ),
    (
      "data inspect drawn-digits --output a.png --seed 1",
      "--seed is for --augment, which is not there"
    ),
  ])
  func usageErrors(words: String, message: String) throws {
    let forms = [
      ("adjoint train", "[<options>] <name>"),
      (
        "adjoint predict",
        """
        --run <folder> --input <file> [--output <file>] [<options>]
               adjoint predict --model <name> --weights <file> --input <file> [--output <file>] [<options>]
        """
      ),
      ("adjoint benchmark", "[<workload> ...] [<options>]"),
      ("adjoint data inspect", "<name> [<options>]"),
    ]
    let called = "adjoint \(words) "
    let (command, form) = try #require(forms.first { called.hasPrefix($0.0 + " ") })
    let folder = try TemporaryFolder()
    try expectUsageError(
      message, of: command, form, words.split(separator: " ").map(String.init), in: folder)
    #expect(folder.contents("") == [])
  }

  @Test func startsQuickly() throws {
    let folder = try TemporaryFolder()
    _ = try Command.run(["--version"], in: folder)
    let clock = ContinuousClock()
    let best = try (0..<5).map { _ in
      try clock.measure { _ = try Command.run(["--version"], in: folder) }
    }.min()
    // 50 ms on an idle machine; a test has to stand a busy one.
    #expect(try #require(best) < .milliseconds(250))
  }

  @Test func listShowsEveryExperiment() throws {
    let folder = try TemporaryFolder()
    let text = try Command.run(["list"], in: folder)
    #expect(text.status == 0)
    for words in [
      "mnist-mlp\n", "  what       784-50-10 perceptron", "hidden=50", "  presets    default",
      "  published  test accuracy 0.9518",
    ] {
      #expect(text.output.contains(words), "\(words)")
    }
    let json = try Command.run(["list", "--json"], in: folder)
    let list = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    let row = try #require(list.first { $0["name"] as? String == "mnist-mlp" })
    #expect(
      row.keys.sorted() == [
        "choices", "data", "descriptions", "name", "presets", "published", "reached", "settings",
        "source",
        "summary", "target",
      ])
    #expect((row["settings"] as? [String: String])?["drawn_train"] == "60000")
  }

  @Test func listShowsOneExperiment() throws {
    let folder = try TemporaryFolder()
    let list = try Command.run(["list", "cifar10-vgg"], in: folder)
    #expect(list.status == 0 && list.output.hasPrefix("cifar10-vgg\n  what       eight 3×3"))
    let lines = list.output.split(separator: "\n").map { line in
      line.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ")
    }
    for line in [
      "settings, as --set takes them", "batch_size=32 images in a batch (2…100000)",
      "optimizer=adam what moves the weights (sgd, adam, adamw)",
      "average=0.998 decay of the average of the weights that is measured in place of the",
      "last ones; 0 for none (0.0…0.99999999)", "presets, as --set preset=NAME takes them",
      "bfloat16 precision=bfloat16", "default as above", "document average=0",
    ] {
      #expect(lines.contains(line), "\(line)")
    }
    #expect(!list.output.contains(" \n"))
    let all = try Command.run(["list", "--json"], in: folder)
    let names = try #require(
      try JSONSerialization.jsonObject(with: Data(all.output.utf8)) as? [[String: Any]]
    ).compactMap { $0["name"] as? String }.joined(separator: ", ")
    let json = try Command.run(["list", "etth1", "--json"], in: folder)
    let rows = try #require(
      try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
    #expect(rows.map { $0["name"] as? String } == ["etth1"])
    #expect(
      (rows[0]["choices"] as? [String: [String]])?["gradients"] == ["tape", "by-hand"])
    let described = rows[0]["descriptions"] as? [[String: String]]
    #expect(
      described?.first == [
        "name": "history", "default": "96", "meaning": "hours behind", "values": "1…10000",
      ])
    try expectFailure(
      64,
      "adjoint: there is no experiment named mixr; did you mean mixer? (there are \(names))",
      ["list", "mixr"], in: folder)
  }

  @Test func tooFewFiles() throws {
    let result = try Command.run(["list"], in: TemporaryFolder(), shell: #"ulimit -n 8; exec "$@""#)
    #expect(result.status == 73 && result.output.isEmpty)
    #expect(
      result.errors
        == "adjoint: Too many open files: this process may have 8 open, and needs 16\n")
  }

  /// A weight of 4 GB where 3 GB may be taken: a line, and not the program's inside.
  @Test(
    .disabled(
      if: Sanitizer.allCases.contains(where: \.isOn), "a sanitizer takes more addresses than that"))
  func tooLittleMemory() throws {
    let folder = try TemporaryFolder()
    let words = ["train", "cascade", "--set", "hidden=100000", "--set", "outputs=10000", "--quiet"]
    let result = try Command.run(
      words + ["--set", "train_samples=100", "--set", "test_samples=10", "--output", "run"],
      in: folder, shell: #"ulimit -v 3000000; exec "$@""#)
    #expect(result.status == 70)
    #expect(result.errors == "adjoint: out of memory: 4000000000 bytes for a tensor\n")
  }
}
