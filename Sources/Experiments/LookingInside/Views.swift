import Attribution
import Figures
import Foundation
import Layers
import Tensors

/// Makes the panel of each way of looking.
struct Views {
  let subject: Subject
  let request: VisualizationRequest

  init(_ subject: Subject, _ request: VisualizationRequest) {
    self.subject = subject
    self.request = request
  }

  private var examined: ExaminedNetwork { subject.examined }
  private var score: Score { subject.score }
  private var className: String { subject.name(of: subject.explained) }

  /// - Throws: ``NotSuited`` where the network has nothing of the kind; `AdjointError` where a layer or unit that
  ///   was named is not there.
  func panel(_ what: VisualizationRequest.What, _ note: (String) -> Void) throws -> Panel {
    switch what {
    case .filters: try FeatureViews(subject, request).filters()
    case .features: try FeatureViews(subject, request).features()
    case .saliency: saliency()
    case .guided: try guided()
    case .smoothgrad: smoothGrad()
    case .integrated: try integrated()
    case .gradcam: try gradCAM()
    case .occlusion: try occlusion()
    case .maximize: try maximize(note)
    }
  }

  // MARK: - Gradients

  private func saliency() -> Panel {
    mapPanel(
      "Saliency", file: "saliency", score.saliency(of: subject.input), .sequential,
      label: "|∂y/∂x|, the largest of the channels",
      text: "How much the logit of \(className) changes with each pixel. Simonyan et al. 2014.")
  }

  private func guided() throws -> Panel {
    let plain = score.gradient(at: subject.input).gradient
    let guided = score.guidedGradient(at: subject.input)
    let picture = AttributionMaps.around(grey: guided)
    let map = channelMaximum(of: guided)
    let scale = ColorScale(.sequential, covering: map.floats, label: "largest of the channels")
    let hint =
      plain.doubles == guided.doubles
      ? " Here it is the gradient itself: no rectifier met a negative cotangent." : ""
    return panel(
      "Guided backpropagation", file: "guided",
      [
        (subject.picture, "image"), (picture, "guided gradient"),
        (AttributionMaps.picture(map, scale), "its size"),
      ], scale,
      text:
        "The gradient as far as it came through positive cotangents at every rectifier, around grey, where it "
        + "is zero: what speaks for \(className). Springenberg et al. 2015.\(hint)")
  }

  private func smoothGrad() -> Panel {
    let (samples, noise) = (50, 0.1)
    let gradient = score.smoothGradient(
      at: subject.input, samples: samples, noise: noise, seed: request.seed)
    return mapPanel(
      "SmoothGrad", file: "smoothgrad", channelMaximum(of: gradient), .sequential,
      label: "|mean ∂y/∂x|, the largest of the channels",
      text:
        "The mean gradient over \(samples) copies of the image with noise of \(Int(noise * 100)) % of its range. "
        + "Smilkov et al. 2017.")
  }

  private func integrated() throws -> Panel {
    let steps = 128
    let found = score.integratedGradients(
      of: subject.input, baseline: try baseline(), steps: steps)
    func number(_ value: Double) -> String { Subject.number(value, 4) }
    let difference = found.value - found.baselineValue
    var panel = mapPanel(
      "Integrated gradients", file: "integrated", channelSum(of: found.attributions), .diverging,
      label: "part of the logit, the sum of the channels",
      text:
        "What each pixel adds to the logit of \(className) on the way from \(baselineName) to the image, in "
        + "\(steps) steps: red for it, blue against it. The parts add up to \(number(found.total)), the logit "
        + "changes by \(number(difference)): the completeness gap is \(number(found.completenessGap)). "
        + "Sundararajan et al. 2017.")
    panel.rows = [
      [
        "integrated",
        "sum \(number(found.total)), logit − baseline \(number(difference)), completeness gap "
          + number(found.completenessGap),
      ]
    ]
    return panel
  }

  // MARK: - Maps

  private func gradCAM() throws -> Panel {
    let outputs = layerOutputs(of: examined.network, on: subject.input)
    let layer: LayerOutput
    if let name = request.layer {
      layer = try outputs.named(name)
      guard layer.isMaps else {
        throw NotSuited(
          reason: "\(name) gives \(layer.value.shape), not maps [batch, height, width, channels]")
      }
    } else {
      do { layer = try outputs.lastMaps() } catch let error as AdjointError {
        throw NotSuited(reason: error.message)
      }
    }
    let map = score.gradCAM(of: subject.input, layer: layer)
    let large = subject.picture.enlarged(by: subject.enlargement)
    let label = "Σ α A of \(layer.name), \(map.shape[1]) × \(map.shape[2])"
    let scale = ColorScale(.sequential, covering: map.floats, label: label)
    let (colors, overlay) = AttributionMaps.beside(map, large, scale)
    var panel = panel(
      "Grad-CAM", file: "gradcam",
      [(large, "image"), (colors, "map"), (overlay, "over the image")], scale,
      text:
        "Where the maps of the layer \(layer.name) speak for \(className): each weighted by the mean gradient of "
        + "the logit on it, negative sums left out. Selvaraju et al. 2017.")
    panel.rows = [["gradcam", "layer \(layer.name), maps of \(map.shape[1]) × \(map.shape[2])"]]
    return panel
  }

  private func occlusion() throws -> Panel {
    let (window, stride) = examined.occluder
    let map = score.occlusion(
      of: subject.input, window: window, stride: stride, cover: try baseline())
    return mapPanel(
      "Occlusion", file: "occlusion", map, .diverging, label: "fall of the logit",
      text:
        "How much the logit of \(className) falls where a window of \(window) pixels is covered by \(baselineName), "
        + "\(stride == 1 ? "at every pixel" : "every \(stride) pixels"): red where the image speaks for it. Zeiler and Fergus 2014."
    )
  }

  // MARK: - Maximisation

  private func maximize(_ note: (String) -> Void) throws -> Panel {
    let targets: [(target: Score.Target, name: String)]
    if let name = request.layer {
      let layer = try layerOutputs(of: examined.network, on: subject.input).named(name)
      guard layer.units > 0 else {
        throw NotSuited(reason: "\(name) gives \(layer.value.shape), which has no units")
      }
      if let unit = request.unit, !(0..<layer.units).contains(unit) {
        throw AdjointError(.usage, "--unit \(unit): \(name) has the units 0 to \(layer.units - 1)")
      }
      let units = request.unit.map { [$0] } ?? Array(0..<min(layer.units, 8))
      targets = units.map { (.unit($0, layer: name), "unit \($0)") }
    } else {
      if request.unit != nil {
        throw AdjointError(.usage, "--unit: say of which layer (--layer)")
      }
      targets = [(.output(subject.explained), className)]
    }
    let (black, white) = try examined.extremes()
    let ascent = ActivationMaximization()
    var tiles: [(PixelImage, String)] = []
    for (index, (target, name)) in targets.enumerated() {
      note("maximize: \(name) (\(index + 1) of \(targets.count)), \(ascent.steps) steps")
      let found = ascent.image(
        for: Score(of: examined.network, target), black: black, white: white, seed: request.seed)
      let image = PixelImage(
        width: examined.width, height: examined.height, channels: examined.channels,
        values: found.pixels.map { Float($0) })
      tiles.append(
        (image, "\(name)\n\(Subject.number(found.first, 2)) → \(Subject.number(found.last, 2))"))
    }
    let what = request.layer.map { "units of \($0)" } ?? "the logit of \(className)"
    return panel(
      "Maximisation", file: "maximize", tiles, nil,
      text:
        "Images that make \(what) large: \(ascent.steps) steps of gradient ascent from grey with a little noise, "
        + "drawn back to grey, blurred and moved about on the way. Below each, the score it began and ended "
        + "with. Simonyan et al. 2014, Yosinski et al. 2015.")
  }

  // MARK: - Panels

  private var baselineName: String {
    request.baseline == .mean ? "the mean of the training images" : "black"
  }

  private func baseline() throws -> Tensor {
    request.baseline == .mean ? try examined.meanInput() : try examined.extremes().black
  }

  /// The image, a map of its size, and the map over the image.
  private func mapPanel(
    _ title: String, file: String, _ map: Tensor, _ colors: ColorMap, label: String, text: String
  ) -> Panel {
    let scale = ColorScale(colors, covering: map.floats, label: label)
    let (picture, overlay) = AttributionMaps.beside(map, subject.picture, scale)
    return panel(
      title, file: file,
      [(subject.picture, "image"), (picture, "map"), (overlay, "over the image")], scale,
      text: text)
  }

  private func panel(
    _ title: String, file: String, _ tiles: [(image: PixelImage, caption: String)],
    _ scale: ColorScale?, text: String
  ) -> Panel {
    let grid = ImageGrid(
      tiles: tiles.map { .init($0.image, caption: $0.caption) }, columns: 4,
      tileWidth: 200, scale: scale)
    // Maps that are drawn larger already stand beside those that are not.
    let width = examined.width * subject.enlargement
    var sheet = tiles.map { $0.image.enlarged(by: max(width / $0.image.width, 1)).colored }
    if let scale, let first = sheet.first {
      sheet.append(PixelImage(bar: scale, width: first.width, height: first.height))
    }
    return Panel(
      section: Report.Section(title, [.paragraph(text), .figure(grid, caption: "")]),
      files: [(file, PixelImage(tiles: sheet, columns: 4, gap: 8))])
  }
}
