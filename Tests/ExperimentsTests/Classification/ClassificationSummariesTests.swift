import Datasets
import Figures
import Foundation
import TestSupport
import Testing
import Training

@testable import EventLog
@testable import Experiments

/// What a classifier of images shows in TensorBoard, by tape and by hand.
@Suite struct ClassificationSummariesTests {
  @Test(arguments: ["tape", "by-hand"])
  func imagesAndGradients(gradients: String) throws {
    let folder = try TemporaryFolder()
    var request = ExperimentRunner.Request(data: folder.noData)
    request.changes = [
      ("hidden", "8"), ("epochs", "2"), ("drawn_train", "64"), ("drawn_test", "40"),
      ("gradients", gradients),
    ]
    request.output = folder.file("run")
    request.isQuiet = true
    request.options.tracking = .everything
    let summary = try ExperimentRunner.train("mnist-mlp", request)
    let names = try FileManager.default.contentsOfDirectory(atPath: summary.run)
    let name = try #require(names.first { $0.hasPrefix("events.") })
    var reader = try EventLogReader(file: folder.file("run").appendingPathComponent(name))
    var images: [String: [(step: Int, image: PixelImage)]] = [:]
    var captions: [String] = []
    var histograms: Set<String> = []
    for event in try reader.events() {
      for content in event.contents {
        switch content {
        case .image(let tag, let png, let width, let height):
          let image = try PNG.decode(png)
          #expect(image.width == width && image.height == height)
          images[tag, default: []].append((event.step, image))
        case .text("captions/mistakes", let text): captions.append(text)
        case .histogram(let tag, _, _, _): histograms.insert(tag)
        default: break
        }
      }
    }
    // A batch is 16 images: two rows of eight.
    let first = try #require(images["images/first_batch"])
    #expect(first.map(\.step) == [0])
    #expect(first[0].image.width == 8 * 29 - 1 && first[0].image.height == 2 * 29 - 1)
    #expect(first[0].image.pixels.contains(0) && first[0].image.pixels.contains(255))
    let mistakes = try #require(images["images/mistakes"])
    #expect(mistakes.map(\.step) == [4, 8])
    #expect(captions.count == 2)
    let line = try #require(captions[0].split(separator: "\n").first)
    #expect(line.wholeMatch(of: /1\. \d → \d, \d+ %/) != nil, "\(line)")
    #expect(
      Set(histograms.filter { $0.hasPrefix("gradients/") }).count
        == histograms.filter { $0.hasPrefix("weights/") }.count)
    #expect(histograms.count >= 8)
  }

  /// Each channel has a scale of its own, from its least value to its greatest.
  @Test func theFirstBatchFillsItsScales() throws {
    let set = try ClassificationSet(
      pixels: [0, 10, 200, 50, 20, 100], height: 1, width: 2, channels: 3, labels: [0],
      classNames: ["a"], description: "two pixels")
    let batch = Loader(set, batchSize: 1, order: .sequential).next()
    let image = PixelImage(width: 2, height: 1, channels: 3, pixels: [0, 0, 255, 255, 255, 0])
    #expect(
      ClassificationSummaries.firstBatch(batch, of: set) == [
        .image("images/first_batch", PixelImage(tiles: [image], columns: 8))
      ])
  }
}
