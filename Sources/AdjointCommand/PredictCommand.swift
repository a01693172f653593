import ArgumentParser
import Experiments
import Foundation
import Tensors

/// `adjoint predict`
struct PredictCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "predict", abstract: "Run a model on the rows of a NumPy array.",
    usage: """
      adjoint predict --model <name> --weights <file> --input <file> --output <file> [<options>]
      """,
    discussion: """
      For mnist-mlp the input is [rows, 784] with pixels between 0 and 1, and the output the logits, \
      [rows, 10]. The weights of a run are in checkpoints/step-…/model.safetensors.
      """)

  @Option(help: ArgumentHelp("The model, by the name of its experiment.", valueName: "name"))
  var model: String

  @Option(help: ArgumentHelp("Its weights, a safetensors file.", valueName: "file"))
  var weights: String

  @Option(help: ArgumentHelp("An .npy file.", valueName: "file"))
  var input: String

  @Option(help: ArgumentHelp("The .npy file to write.", valueName: "file"))
  var output: String

  @OptionGroup var settings: SettingOptions
  @OptionGroup var threads: ThreadOptions

  func run() throws {
    try threads.apply()
    let shape = try Prediction.run(
      model: model, changes: settings.changes(), weights: URL(fileURLWithPath: weights),
      input: URL(fileURLWithPath: input), output: URL(fileURLWithPath: output))
    Console.note("\(output): \(shape)")
  }
}
