import ArgumentParser
import Experiments
import Foundation
import Tensors

/// `adjoint visualize`
struct VisualizeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "visualize",
    abstract: "Look into the network of a run: filters, feature maps, and what in an image counts.",
    usage:
      "adjoint visualize <run> [--image <file> | --sample <number>] [--what <ways>] [<options>]",
    discussion: """
      Writes a page, index.html, and PNG files, with the newest checkpoint of the run. The ways to look, \
      several joined by commas, all that suit the network by default:

        filters     the weights of the first layer
        features    what layers give for the image
        saliency    how much the class' logit changes with each pixel
        guided      guided backpropagation: what speaks for the class
        smoothgrad  the mean gradient over noisy copies of the image
        integrated  integrated gradients, with their completeness gap
        gradcam     where a layer's maps speak for the class
        occlusion   how much the logit falls where a window is covered
        maximize    an image that makes the class' logit, or a layer's units, large

      Without --image and --sample it takes image 0 of the test part. An image that is no sample is brought to the size \
      of the training images. The run's data have to be at hand for a sample, and for the mean image that integrated \
      and occlusion compare with; with --baseline black a picture needs none.
      """)

  @Argument(help: ArgumentHelp("The run's folder.", valueName: "run"))
  var folder: String

  @Option(help: ArgumentHelp("A PNG or JPEG file to look at.", valueName: "file"))
  var image: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Which image of the test part to look at, from 0; of the part held back, where the run leaves the test "
        + "part alone.", valueName: "number"))
  var sample: Int?

  @Option(help: ArgumentHelp("Ways to look, joined by commas.", valueName: "ways"))
  var what: String?

  @Option(
    help: ArgumentHelp(
      "The layer of features, gradcam and maximize, such as layer1.0.conv1.", valueName: "path"))
  var layer: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("The unit of the layer that is maximised; its first eight by default."))
  var unit: Int?

  @Option(
    name: .customLong("class"), parsing: .unconditional,
    help: ArgumentHelp(
      "The class to explain, from 0; the predicted one by default.", valueName: "number"))
  var label: Int?

  @Option(
    help: ArgumentHelp(
      "What integrated and occlusion put in the image's place: the mean training image, or black.",
      valueName: "mean|black"))
  var baseline = "mean"

  @Option(
    parsing: .unconditional, help: ArgumentHelp("What noise is drawn from.", valueName: "number"))
  var seed: UInt64 = 0

  @Option(
    help: ArgumentHelp(
      "The folder to write; by default one in the run's visualize, named after the image and what is asked for.",
      valueName: "folder"))
  var output: String?

  @OptionGroup var data: DataOptions
  @OptionGroup var threads: ThreadOptions

  func validate() throws { try requireWords([("image", image), ("output", output)]) }

  func run() throws {
    try threads.apply()
    if image != nil && sample != nil {
      throw AdjointError(.usage, "--image and --sample exclude one another")
    }
    var request = VisualizationRequest(
      run: URL(fileURLWithPath: folder, isDirectory: true), data: data.directory)
    request.what = try what.map { try $0.split(separator: ",").map { try way(String($0)) } } ?? []
    request.image = image.map { URL(fileURLWithPath: $0) }
    request.sample = sample ?? 0
    request.layer = layer
    request.unit = unit
    request.label = label
    request.seed = seed
    request.output = output.map { URL(fileURLWithPath: $0, isDirectory: true) }
    guard let baseline = VisualizationRequest.Baseline(rawValue: baseline) else {
      throw AdjointError(.usage, "--baseline \(baseline): expected mean or black")
    }
    request.baseline = baseline
    let outcome = try Visualization.run(request) { Console.note($0) }
    try Console.result(Console.table(outcome.rows))
    try Console.result(outcome.page.path)
  }

  private func way(_ name: String) throws -> VisualizationRequest.What {
    if let way = VisualizationRequest.What(rawValue: name) { return way }
    throw AdjointError(
      .usage,
      "--what: " + unknown("way", name, among: VisualizationRequest.What.allCases.map(\.rawValue)))
  }
}
