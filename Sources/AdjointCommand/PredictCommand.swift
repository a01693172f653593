import ArgumentParser
import Datasets
import Experiments
import Foundation
import Tensors

/// `adjoint predict`
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict",
    abstract: "Run a model on pictures, a table, or the rows or images of a NumPy array.",
    usage: """
      adjoint predict --run <folder> --input <file> [--output <file>] [<options>]
      adjoint predict --model <name> --weights <file> --input <file> [--output <file>] [<options>]
      """,
    discussion: """
      For an experiment on rows of numbers the input is [rows, features] and the output [rows, outputs]. The weights \
      of a run are in checkpoints/step-…/model.safetensors; its settings are found beside them. --run takes the \
      newest of a run. What a row is:

      \(Console.definitions(Prediction.rowFormats.map { ($0.names, $0.meaning) }, width: 79))

      For a convolutional network, by its own name (\(Prediction.networkNames.joined(separator: ", "))) \
      or by that of its experiment, the input is [rows, height, width, channels], or [rows, channels, \
      height, width] as PyTorch has it; where both could be meant, the former. Floating-point numbers are \
      inputs as they are, already normalised. Bytes are normalised first: as the run that the weights lie in was \
      trained, or as the experiment trains. Weights that lie in no run are taken for published ones where a network has \
      its own name: by the mean 0.485, 0.456, 0.406 and the deviation 0.229, 0.224, 0.225, or by ½ and ½ where there are \
      not three channels. Channels and classes are those of the weights.

        adjoint predict --model resnet20 --weights resnet20.th \\
          --input images.npy --output logits.npy

      It also takes a picture (PNG, JPEG), or a folder of them, and prints the three likeliest classes of each: the \
      square in the middle, brought to the size that the run was trained on, or to that of published weights (224 \
      pixels, 32 for the networks of CIFAR). --output pictures.csv writes the probabilities of all classes, \
      --output logits.npy the logits.

        adjoint predict --run RUN --input photos

      A run of etth1 goes on with a table (CSV) of the columns that it was trained on, by its last rows: what comes \
      after them is printed as such a table, or written to --output. Its training data, by which numbers are scaled, \
      have to be at hand.

        adjoint predict --run RUN --input hours.csv
      """)

  @Option(
    name: .customLong("run"),
    help: ArgumentHelp("A run's folder: its model, its newest weights.", valueName: "folder"))
  var folder: String?

  @Option(help: ArgumentHelp("The network's name, or its experiment's.", valueName: "name"))
  var model: String?

  @Option(
    help: ArgumentHelp(
      "Its weights: safetensors, .pth or .th; by its name alone, a file of pretrained/ in the data folder.",
      valueName: "file"))
  var weights: String?

  @Option(
    help: ArgumentHelp(
      "An .npy file, a picture, a folder of pictures, or a table.", valueName: "file"))
  var input: String

  @Option(
    help: ArgumentHelp(
      "The file to write: .npy, of pictures also .csv, of a table .csv. For pictures and tables it may be left out; they are then printed.",
      valueName: "file"))
  var output: String?

  @Option(
    help: ArgumentHelp(
      "Where weights are looked for by name, and for a table what its run was trained on; else $ADJOINT_DATA, then the cache.",
      valueName: "folder"))
  var dataDir: String?

  @Option(
    help: ArgumentHelp(
      "What the classes of pictures are called: a text file with a name in each line, in the order of the outputs. A run has those that it was trained on.",
      valueName: "file"))
  var classNames: String?

  @Flag(help: "Print one JSON object with the likeliest classes of each picture.")
  var json = false

  @OptionGroup var settings: SettingOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws {
    try requireWords([
      ("run", folder), ("weights", weights), ("input", input), ("output", output),
      ("data-dir", dataDir), ("class-names", classNames),
    ])
    let isNamed = model != nil && weights != nil
    guard folder == nil ? isNamed : model == nil && weights == nil else {
      throw ValidationError(
        "Name a run with --run, or a model and its weights with --model and --weights.")
    }
  }

  func run() throws {
    try threads.apply()
    let input = URL(fileURLWithPath: input)
    let isTable = Prediction.isTable(input)
    let isOfPictures = !isTable && Prediction.isOfPictures(input)
    // That there is no such file is worse than what is missing beside.
    if !isTable && !isOfPictures { try Prediction.requireArray(input) }
    if let model { try Prediction.requireNoForecaster(model) }
    guard !json || isOfPictures else {
      throw AdjointError(.usage, "--json: is for pictures, whose classes it prints")
    }
    guard classNames == nil || isOfPictures else {
      throw AdjointError(.usage, "--class-names: is for pictures, whose classes are printed")
    }
    if isTable { return try forecast(input) }
    let (model, weights) = try named()
    try Prediction.requireSuited(model, toPictures: isOfPictures)
    guard dataDir == nil || folder == nil else {
      throw AdjointError(
        .usage, "--data-dir: pictures and arrays need no training data with --run; leave it out")
    }
    if isOfPictures {
      let found = try Prediction.pictures(
        model: model, changes: settings.changes(), weights: weights, input: input,
        output: output.map { URL(fileURLWithPath: $0) },
        classNames: classNames.map { URL(fileURLWithPath: $0) }, note: Console.note)
      if json { return try Console.printJSON(found) }
      return try Console.result(Console.table(found.table))
    }
    guard let output else {
      throw AdjointError(.usage, "--output: name the .npy file to write")
    }
    let shape = try Prediction.run(
      model: model, changes: settings.changes(), weights: weights, input: input,
      output: URL(fileURLWithPath: output), note: Console.note)
    Console.note("\(output): \(shape)")
  }

  private func forecast(_ input: URL) throws {
    guard let folder, settings.settings.isEmpty else {
      throw AdjointError(
        .usage, "\(input.path): a table is gone on with by a run as it is: --run, and no --set")
    }
    let rows = try Prediction.forecast(
      run: URL(fileURLWithPath: folder, isDirectory: true), input: input,
      output: output.map { URL(fileURLWithPath: $0) }, data: data)
    guard let output else { return try Console.result(String(rows.csv.dropLast())) }
    Console.note("\(output): \(rows.rowCount) rows, \(rows.first) to \(rows.last)")
  }

  private var data: DataDirectory {
    DataDirectory(explicit: dataDir.map { URL(fileURLWithPath: $0, isDirectory: true) })
  }

  private func named() throws -> (model: String, weights: URL) {
    if let folder {
      return try Prediction.newest(
        of: URL(fileURLWithPath: folder, isDirectory: true), note: Console.note)
    }
    guard let model, let weights else { throw ValidationError("Name a model and its weights.") }
    return (model, try data.weights(weights))
  }
}
