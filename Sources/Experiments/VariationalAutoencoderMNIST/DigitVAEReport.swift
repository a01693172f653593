import Datasets
import Figures
import Foundation
import Models
import Tensors
import Training

/// What an autoencoder of digits has learned, as pictures.
struct DigitVAEReport {
  private let task: DigitVAETask
  private let configuration: DigitVAEConfiguration
  private var autoencoder: any DigitAutoencoder { task.autoencoder }
  /// Pictures in a grid of samples.
  private static let samples = 60
  /// Test images that a section measures something on, at most.
  private static let measuredImages = 1000
  private let measuredImages: Tensor

  init(_ task: DigitVAETask, _ configuration: DigitVAEConfiguration) {
    self.task = task
    self.configuration = configuration
    measuredImages = task.firstImages(Self.measuredImages, of: task.parts.test)
  }

  func sections() -> [Report.Section] { [reconstructions()] + autoencoder.sections(of: self) }

  /// Of a kind whose z is a Gaussian.
  func sections(of autoencoder: any GaussianDigitAutoencoder) -> [Report.Section] {
    [samples(of: autoencoder), walk(of: autoencoder), use(of: autoencoder)]
  }

  /// Of the kind with a codebook.
  func sections(of network: VectorQuantizedAutoencoder) -> [Report.Section] {
    [samples(of: network), walk(of: network), codebookUse()]
  }

  // MARK: - Reconstructions

  /// Originals above, what is made of their description below.
  private func reconstructions() -> Report.Section {
    let images = firstImages(24)
    let made = tiles(autoencoder.reconstruction(images))
    let originals = tiles(images)
    let columns = 12
    var pairs: [ImageGrid.Tile] = []
    for start in stride(from: 0, to: originals.count, by: columns) {
      let range = start..<min(start + columns, originals.count)
      pairs += originals[range] + made[range]
    }
    return Report.Section(
      "What comes back",
      [
        .figure(
          ImageGrid(tiles: pairs, columns: min(columns, originals.count), tileWidth: 60),
          caption:
            "Test images as the network sees them, each grey pixel drawn on or off; below each, what it makes "
            + "of its description of it\(whatPixelsShow).")
      ])
  }

  private var whatPixelsShow: String {
    configuration.kind == .lossy
      ? ": the mean of \(LossyDigitAutoencoder.draws) images drawn for one z"
      : ": the probability of each pixel"
  }

  private func firstImages(_ count: Int) -> Tensor {
    slice(measuredImages, axis: 0, from: 0, count: min(count, measuredImages.shape[0]))
  }

  private func tiles(_ images: Tensor, caption: (Int) -> String = { _ in "" }) -> [ImageGrid.Tile] {
    let values = images.floats
    return (0..<images.shape[0]).map { row in
      ImageGrid.Tile(
        PixelImage(
          width: 28, height: 28, values: Array(values[(row * 784)..<((row + 1) * 784)])),
        caption: caption(row))
    }
  }

  // MARK: - Gaussian kinds

  private func samples(of autoencoder: any GaussianDigitAutoencoder) -> Report.Section {
    let z = task.noise(Self.samples, stream: 0xE8 << 56)
    let images = autoencoder.drawn(z, seed: configuration.seed, stream: 0xE9 << 56)
    let how =
      configuration.kind == .lossy
      ? "each pixel drawn given z and the pixels before it" : "the probability of each pixel"
    return Report.Section(
      "What it generates",
      [
        .figure(
          ImageGrid(tiles: tiles(images), columns: 12, tileWidth: 60),
          caption: "z from the standard normal distribution; \(how).")
      ])
  }

  /// The plane of two axes of z at the quantiles of the normal distribution: each picture stands for as large a
  /// part of the prior as any other.
  private func walk(of autoencoder: any GaussianDigitAutoencoder) -> Report.Section {
    let latent = configuration.latent
    let axes = mostUsedAxes(autoencoder)
    let (first, second) = (axes[0], axes.count > 1 ? axes[1] : axes[0])
    let side = 12
    let quantiles = (0..<side).map { Self.quantile((Double($0) + 0.5) / Double(side)) }
    var values = [Double](repeating: 0, count: side * side * latent)
    for row in 0..<side {
      for column in 0..<side {
        let start = (row * side + column) * latent
        // Upwards is more, as on any plane.
        if axes.count > 1 { values[start + second] = quantiles[side - 1 - row] }
        values[start + first] = quantiles[column]
      }
    }
    let z = Tensor(values, shape: [side * side, latent], dtype: configuration.precision)
    let which =
      latent <= 2
      ? "z over the plane"
      : "The axes \(first + 1) and \(second + 1) of z, the two that are used most"
    let rest = latent > 2 ? "; the others are 0" : ""
    return Report.Section(
      "A walk through the latent plane",
      [
        .figure(
          ImageGrid(tiles: tiles(autoencoder.decoded(z)), columns: side, tileWidth: 60),
          caption: "\(which), at the quantiles of the normal distribution\(rest)\(whatPixelsShow).")
      ])
  }

  /// The axes of z by what they tell of the first test images, most first.
  private func mostUsedAxes(_ autoencoder: any GaussianDigitAutoencoder) -> [Int] {
    let divergences = divergences(autoencoder)
    return divergences.indices.sorted { divergences[$0] > divergences[$1] }
  }

  /// The mean divergence of each axis in nats, over the first test images.
  private func divergences(_ autoencoder: any GaussianDigitAutoencoder) -> [Double] {
    let head = autoencoder.encoder(measuredImages, .inference)
    let latent = configuration.latent
    let means = slice(head, axis: 1, from: 0, count: latent)
    let logarithms = slice(head, axis: 1, from: latent, count: latent)
    let terms = (means * means + exp(logarithms * 2) - 1) * 0.5 - logarithms
    return mean(terms, axis: 0).doubles
  }

  private func use(of autoencoder: any GaussianDigitAutoencoder) -> Report.Section {
    let divergences = divergences(autoencoder)
    let used = divergences.filter { $0 > 0.01 }.count
    let bars = mostUsedAxes(autoencoder).prefix(40).map {
      BarPlot.Bar("axis \($0 + 1)", divergences[$0], label: String(format: "%.2f", divergences[$0]))
    }
    return Report.Section(
      "What each axis tells",
      [
        .paragraph(Self.words(used: used, of: configuration.latent)),
        .figure(
          BarPlot(axis: Axis("mean divergence from N(0, 1)", unit: "nats"), bars: Array(bars)),
          caption:
            "Mean over the first \(ProgressDisplay.grouped(measuredImages.shape[0])) test images."),
      ])
  }

  /// How many axes tell something of an image.
  static func words(used: Int, of latent: Int) -> String {
    let much = "more than a hundredth of a nat of an image"
    if used == latent {
      return latent == 1 ? "The axis of z tells \(much)." : "All \(latent) axes of z tell \(much)."
    }
    if used == 0 { return "No axis of z tells \(much)." }
    return "\(used) of \(latent) axes of z \(used == 1 ? "tells" : "tell") \(much); the "
      + "\(latent - used == 1 ? "other has" : "others have") been left to the prior."
  }

  /// The number below which a standard normal one lies with probability p.
  static func quantile(_ p: Double) -> Double {
    var (low, high) = (-40.0, 40.0)
    for _ in 0..<100 {
      let middle = (low + high) / 2
      if 0.5 * erfc(-middle / 2.0.squareRoot()) < p { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  // MARK: - Vector-quantised kind

  /// Each position drawn from its own frequencies among test images: the kind has no prior of its own.
  private func samples(of network: VectorQuantizedAutoencoder) -> Report.Section {
    let seen = network.codes(of: measuredImages).values
    let images = seen.count / network.positions
    var random = Philox(seed: configuration.seed, stream: 0xEA << 56)
    let codes = (0..<Self.samples * network.positions).map { index in
      seen[random.integer(below: images) * network.positions + index % network.positions]
    }
    let made = sigmoid(network.logits(for: IndexTensor(codes)))
    return Report.Section(
      "What it generates",
      [
        .figure(
          ImageGrid(tiles: tiles(made), columns: 12, tileWidth: 60),
          caption:
            "Each of the \(network.positions) positions drawn by itself, from the vectors that test images have "
            + "there. What one position has to do with another is lost: a prior over codes would be a "
            + "network of its own.")
      ])
  }

  /// From one test image to another in equal steps before the codebook.
  private func walk(of network: VectorQuantizedAutoencoder) -> Report.Section {
    let steps = 12
    let images = firstImages(12)
    let e = network.encoded(images)
    let positions = network.positions
    var rows: [Tensor] = []
    for pair in 0..<images.shape[0] / 2 {
      let from = slice(e, axis: 0, from: 2 * pair * positions, count: positions)
      let to = slice(e, axis: 0, from: (2 * pair + 1) * positions, count: positions)
      for step in 0..<steps {
        let share = Double(step) / Double(steps - 1)
        rows.append(from * (1 - share) + to * share)
      }
    }
    guard !rows.isEmpty else { return Report.Section("A walk between images", []) }
    let codes = network.nearest(to: concatenate(rows, axis: 0))
    return Report.Section(
      "A walk between images",
      [
        .figure(
          ImageGrid(
            tiles: tiles(sigmoid(network.logits(for: codes))), columns: steps, tileWidth: 60),
          caption:
            "Each row goes from one test image to another in equal steps of the encoder's output; the codebook "
            + "rounds each step to its nearest vectors.")
      ])
  }

  private func codebookUse() -> Report.Section {
    let uses = task.codeUses()
    let total = Double(max(uses.reduce(0, +), 1))
    let order = uses.indices.sorted { (uses[$0], $1) > (uses[$1], $0) }
    let shown = 40
    let bars = order.prefix(shown).map { index in
      let share = 100 * Double(uses[index]) / total
      return BarPlot.Bar("vector \(index)", share, label: String(format: "%.1f %%", share))
    }
    let idle = uses.filter { $0 == 0 }.count
    return Report.Section(
      "What the codebook is used for",
      [
        .paragraph(
          "\(uses.count - idle) of \(uses.count) vectors describe some part of a test image."
            + (uses.count > shown ? " The \(shown) that are used most:" : "")),
        .figure(
          BarPlot(axis: Axis("share of all positions of all test images", unit: "%"), bars: bars),
          caption: "\(uses.count) equally used vectors would have "
            + String(format: "%.1f %% each.", 100 / Double(max(uses.count, 1)))),
      ])
  }
}
