import Attribution
import Datasets
import Figures
import Foundation
import Layers
import Models
import TestSupport
import Tensors
import Testing
import Training

@testable import Experiments

@Suite struct VisualizationTests {
  /// A network in another, as `ResNet<BasicBlock>` has blocks in it.
  private struct Wrapper<Inner: Layer>: Layer {
    let inner: Inner

    func forward(_ x: Tensor, _ context: Context) -> Tensor { inner(x, context) }
  }

  /// A residual network with the weights it begins with, and eight images of noise.
  private func examined(channels: Int = 3, isWrapped: Bool = false) throws -> ExaminedNetwork {
    var random = Philox(seed: 1)
    let network = CIFARResNet(depth: 8, channels: channels, classes: 4, random: &random)
    let set = try ClassificationSet(
      pixels: (0..<8 * 16 * 16 * channels).map { _ in UInt8(random.integer(below: 256)) },
      height: 16, width: 16, channels: channels, labels: [0, 1, 2, 3, 0, 1, 2, 3],
      classNames: ["ant", "bee", "cat", "dog"], description: "noise")
    let half = [Float](repeating: 0.5, count: channels)
    let model: any Layer = isWrapped ? Wrapper(inner: network) : network
    return ExaminedNetwork(
      model, takes: .images, parameters: parameters(of: model),
      transform: .normalized(mean: half, deviation: half), training: set,
      shown: ("test", set))
  }

  private func request(
    _ what: VisualizationRequest.What..., change: (inout VisualizationRequest) -> Void = { _ in }
  ) -> VisualizationRequest {
    let nowhere = URL(fileURLWithPath: "/nowhere")
    var request = VisualizationRequest(run: nowhere, data: DataDirectory(explicit: nowhere))
    request.what = what
    change(&request)
    return request
  }

  private func view(
    _ network: ExaminedNetwork, _ request: VisualizationRequest
  ) throws -> (outcome: Visualization.Outcome, folder: TemporaryFolder) {
    let folder = try TemporaryFolder()
    let outcome = try Visualization.view(network, of: "test", request, in: folder.url) { _ in }
    return (outcome, folder)
  }

  /// A picture is marked by what the network finds, whichever class is explained.
  @Test(arguments: [nil, 0, 1, 2, 3] as [Int?])
  func theMarkIsThatOfThePrediction(label: Int?) throws {
    let network = try examined()
    for sample in 0..<8 {
      let subject = try Subject(
        network,
        request {
          $0.sample = sample
          $0.label = label
        })
      #expect(subject.mark == (subject.predicted == sample % 4 ? .correct : .wrong))
    }
  }

  @Test func maximisationBeginsWithNoiseOfTheSeed() throws {
    let network = try examined()
    let images = try [0, 7, 7].map { (seed: UInt64) in
      let (outcome, folder) = try view(network, request(.maximize) { $0.seed = seed })
      defer { withExtendedLifetime(folder) {} }
      let place = outcome.page.deletingLastPathComponent()
      return try Data(contentsOf: place.appendingPathComponent("maximize.png"))
    }
    #expect(images[0] != images[1] && images[1] == images[2])
  }

  @Test func tallMatricesAreCutIntoStrips() {
    let values = (0..<196 * 4).map(Float.init)
    let (cells, columns) = FeatureViews.strips(values, columns: 4)
    #expect(columns == 34 && cells.count == 34 * 28)
    // Row 29 is the second of the second strip.
    #expect(Array(cells[34 + 5..<34 + 9]) == Array(values[29 * 4..<30 * 4]))
    #expect(cells[4].isNaN)
    #expect(cells.filter { !$0.isNaN }.sorted() == values)
    #expect(FeatureViews.strips(values, columns: 28) == (values, 28))
  }

  @Test func everyWayOfLookingWritesItsPictures() throws {
    let (outcome, folder) = try view(examined(), request(change: { $0.sample = 5 }))
    let written = try FileManager.default.contentsOfDirectory(
      atPath: folder.url.appendingPathComponent("test-5").path
    ).sorted()
    #expect(
      written == [
        "features-conv1.png", "features-layer1.0.png", "features-layer2.0.png",
        "features-layer3.0.png",
        "filters.png", "gradcam.png", "guided.png", "index.html", "integrated.png",
        "maximize.png", "occlusion.png", "saliency.png", "smoothgrad.png",
      ], "\(written)")
    #expect(outcome.page == folder.file("test-5/index.html"))
    let page = try String(contentsOf: outcome.page, encoding: .utf8)
    for title in [
      "Filters", "Feature maps", "Saliency", "Guided backpropagation", "SmoothGrad",
      "Integrated gradients", "Grad-CAM", "Occlusion", "Maximisation",
    ] { #expect(page.contains("<h2>\(title)</h2>"), "\(title)") }
    // It needs no network: the one address in it is the name of SVG's elements, which nobody fetches.
    let others = page.replacingOccurrences(of: "http://www.w3.org/2000/svg", with: "")
    #expect(!others.contains("://"))
    #expect(
      outcome.rows.map { $0[0] } == [
        "image", "prediction", "true class", "explained", "integrated", "gradcam",
      ])
    #expect(outcome.rows[0][1] == "Image 5 of the test part")
    #expect(outcome.rows[2][1] == "bee")
    #expect(outcome.rows[4][1].contains("completeness gap "))
    #expect(outcome.rows[5][1] == "layer layer3, maps of 4 × 4")
    // The image, its map and the overlay, sixteen times as large, and the bar of colours.
    let sheet = try PNG.decode(Data(contentsOf: folder.file("test-5/saliency.png")))
    #expect(sheet.width == 4 * 256 + 3 * 8 && sheet.height == 256)
  }

  @Test func layerUnitAndClassAreThoseAskedFor() throws {
    let (outcome, folder) = try view(
      examined(channels: 1),
      request(.features, .gradcam, .maximize) {
        $0.layer = "layer2"
        $0.unit = 3
        $0.label = 2
      })
    #expect(outcome.rows[3][1].hasPrefix("logit of cat, "))
    #expect(outcome.rows[4] == ["gradcam", "layer layer2, maps of 8 × 8"])
    let page = try String(contentsOf: outcome.page, encoding: .utf8)
    #expect(page.contains("layer2, Sequential, 8 × 8 × 32"))
    #expect(page.contains("Images that make units of layer2 large"))
    #expect(page.contains("unit 3"))
    let pictures = "test-0-features-gradcam-maximize-class-2-layer-layer2-unit-3"
    #expect(
      FileManager.default.fileExists(atPath: folder.file("\(pictures)/features-layer2.png").path))
  }

  /// A layer without a path has the name of its type.
  @Test func typesOfLayersAreWordsOfThePage() throws {
    let (outcome, folder) = try view(examined(isWrapped: true), request(.features))
    let page = try String(contentsOf: outcome.page, encoding: .utf8)
    #expect(page.contains("inner.linear, inner, Wrapper&lt;CIFARResNet&gt;</p>"))
    #expect(!page.contains("Wrapper<"))
    withExtendedLifetime(folder) {}
  }

  @Test func aPictureIsBroughtToTheNetworksSize() throws {
    let folder = try TemporaryFolder()
    let wide = PixelImage(
      width: 40, height: 20, channels: 1, pixels: (0..<800).map { UInt8($0 % 40 * 6) })
    let file = try folder.write(PNG.encode(wide), "wide.png")
    let (outcome, output) = try view(examined(), request(.saliency) { $0.image = file })
    #expect(
      outcome.rows[0][1]
        == "The picture wide.png, 40 × 20 pixels, its middle brought to 16 × 16")
    #expect(outcome.rows.map { $0[0] } == ["image", "prediction", "explained"])
    let sum = try Checksum(of: file).sha256.prefix(8)
    #expect(outcome.page == output.file("wide-\(sum)-saliency/index.html"))
  }

  @Test func whatIsNotThereIsSaid() throws {
    let network = try examined()
    expectError(.usage, "--sample 8: the test part has the images 0 to 7") {
      _ = try view(network, request(change: { $0.sample = 8 }))
    }
    expectError(.usage, "--class 4: there are the classes 0 to 3") {
      _ = try view(network, request(change: { $0.label = 4 }))
    }
    expectError(.usage, "--unit 16: conv1 has the units 0 to 15") {
      _ = try view(
        network,
        request(.maximize) {
          $0.layer = "conv1"
          $0.unit = 16
        })
    }
    expectError(.usage, "--unit: say of which layer (--layer)") {
      _ = try view(network, request(.maximize) { $0.unit = 1 })
    }
    expectError(.usage, "gradcam: linear gives [1, 4], not maps [batch, height, width, channels]") {
      _ = try view(network, request(.gradcam) { $0.layer = "linear" })
    }
    expectError(
      .usage,
      "there is no layer conv9 in this network; there are conv1, bn1, layer1.0.conv1, layer1.0.bn1, "
        + "layer1.0.conv2, layer1.0.bn2, layer1.0, layer1, layer2.0.conv1, layer2.0.bn1, layer2.0.conv2, "
        + "layer2.0.bn2, layer2.0, layer2, layer3.0.conv1, layer3.0.bn1, layer3.0.conv2, layer3.0.bn2, "
        + "layer3.0, layer3, linear, CIFARResNet"
    ) { _ = try view(network, request(.features) { $0.layer = "conv9" }) }
    expectError(.noInput, "/nowhere/x.png: cannot be opened: No such file or directory") {
      _ = try view(
        network, request(.saliency) { $0.image = URL(fileURLWithPath: "/nowhere/x.png") })
    }
  }

  /// Black, white and mean go through the same table as the images.
  @Test func inputsOfBlackWhiteAndTheMean() throws {
    let network = try examined()
    let (black, white) = try network.extremes()
    #expect(black.floats.allSatisfy { $0 == -1 } && white.floats.allSatisfy { $0 == 1 })
    #expect(black.shape == [1, 16, 16, 3])
    let inputs = network.input(of: network.shown.set)
    let mean = mean(inputs, axis: 0).floats
    for (found, right) in zip(try network.meanInput().floats, mean) {
      #expect(abs(found - right) < 1e-5)
    }
  }

  @Test func theSectionOfAReportShowsRightAndWrongImages() throws {
    let network = try examined()
    let section = try AttributionReport.section(network, right: [0, 1], wrong: [2])
    #expect(section.title == "Where it looks")
    let html = Report(title: "", sections: [section]).html()
    // Image, saliency, guided, integrated, Grad-CAM for each.
    #expect(html.components(separatedBy: "<image ").count - 1 == 15)
    #expect(html.contains("the maps of layer3, the last ones"))
    #expect(html.contains("cat → "))
    let none = try AttributionReport.section(network, right: [], wrong: [])
    #expect(none.blocks.count == 1)
  }
}
