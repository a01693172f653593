import Foundation
import TestSupport
import Testing

@testable import AdjointCommand
@testable import Experiments

@Suite struct VisualizeCommandTests {
  @Test func looksIntoARun() throws {
    let folder = try TemporaryFolder()
    _ = try Command.run(
      Command.small + ["--steps", "20", "--output", "run", "--quiet"], in: folder)

    let all = try Command.run(["visualize", "run", "--sample", "7"], in: folder)
    #expect(all.status == 0, "\(all.errors)")
    let lines = all.output.split(separator: "\n").map(String.init)
    #expect(lines.first == "image       Image 7 of the test part")
    #expect(lines.contains { $0.hasPrefix("integrated  sum ") && $0.contains("completeness gap ") })
    #expect(lines.last == "\(folder.path)/run/visualize/test-7/index.html")
    let notes = all.errors.split(separator: "\n").map(String.init)
    #expect(
      notes.first
        == "gradcam: left out, for no layer of this network gives maps [batch, height, width, channels] of more "
        + "than one place")
    #expect(
      folder.contents("run/visualize/test-7") == [
        "features-layers.0.png", "features-layers.1.png", "filters.png", "guided.png",
        "index.html", "integrated.png", "maximize.png", "occlusion.png", "saliency.png",
        "smoothgrad.png",
      ])

    let some = try Command.run(
      ["visualize", "run", "--what", "saliency,guided", "--class", "3", "--output", "seen"],
      in: folder)
    #expect(some.output.contains("explained   logit of 3, "), "\(some.errors)")
    #expect(some.errors == "")
    #expect(folder.contents("seen") == ["guided.png", "index.html", "saliency.png"])

    for (flags, message) in [
      (["--sample", "100"], "--sample 100: the test part has the images 0 to 99"),
      (["--sample", "-1"], "--sample -1: the test part has the images 0 to 99"),
      (["--class", "10"], "--class 10: there are the classes 0 to 9"),
      (["--class", "-1"], "--class -1: there are the classes 0 to 9"),
      (
        ["--what", "maximize", "--layer", "layers.0", "--unit", "-1"],
        "--unit -1: layers.0 has the units 0 to 15"
      ),
      (
        ["--what", "gradcam"],
        "gradcam: no layer of this network gives maps [batch, height, width, channels] of more than one place"
      ),
      (
        ["--what", "salience"],
        "--what: there is no way named salience; did you mean saliency? (there are features, filters, gradcam, "
          + "guided, integrated, maximize, occlusion, saliency, smoothgrad)"
      ),
      (
        ["--what", "saliency,filters", "--layer", "layers.0"],
        "--layer: is for features, gradcam, maximize; asked for is saliency, filters"
      ),
      (
        ["--what", "features", "--unit", "1"], "--unit: is for maximize; asked for is features"
      ),
      (
        ["--what", "filters", "--class", "1"],
        "--class: is for saliency, guided, smoothgrad, integrated, gradcam, occlusion, maximize; asked for is filters"
      ),
      (["--baseline", "white"], "--baseline white: expected mean or black"),
      (["--image", "x.png", "--sample", "1"], "--image and --sample exclude one another"),
      (
        ["--what", "features", "--layer", "conv1"],
        "there is no layer conv1 in this network; there are Flatten, layers.0, layers.1, "
          + "MultilayerPerceptron, Sequential"
      ),
    ] { try expectFailure(64, "adjoint: \(message)", ["visualize", "run"] + flags, in: folder) }
    for (flags, message) in [
      (
        ["--seed", "-1"],
        "The value '-1' is invalid for '--seed <number>'\nHelp:  --seed <number>  What noise is drawn from."
      ),
      (["--image", ""], "--image: expected a path, found nothing."),
      (["--output", ""], "--output: expected a path, found nothing."),
    ] {
      try expectUsageError(
        message, of: "adjoint visualize",
        "<run> [--image <file> | --sample <number>] [--what <ways>] [<options>]",
        ["visualize", "run"] + flags, in: folder)
    }
    try expectFailure(
      66, "adjoint: \(folder.path)/x.png: cannot be opened: No such file or directory",
      ["visualize", "run", "--image", "x.png"], in: folder)
  }

  @Test func aRunWithoutImages() throws {
    let folder = try TemporaryFolder()
    let trained = try Command.run(
      ["train", "two-layer-toy", "--steps", "2", "--output", "toy", "--quiet"], in: folder)
    try #require(trained.status == 0, "\(trained.errors)")
    let names = ExperimentCatalogue.all.filter { $0 is any LookingInside.Type }
      .map { $0.information.name }
    try expectFailure(
      64,
      "adjoint: two-layer-toy: has no classifier of images to look into; those that have are "
        + names.joined(separator: ", "), ["visualize", "toy"], in: folder)
  }
}
