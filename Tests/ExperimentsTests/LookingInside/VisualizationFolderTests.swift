import Datasets
import Figures
import Foundation
import Layers
import Tensors
import TestSupport
import Testing
import Training

@testable import Experiments

/// Where pages are written: each in a folder of its own, which holds nothing of another one.
@Suite struct VisualizationFolderTests {
  private func request(
    _ what: VisualizationRequest.What..., change: (inout VisualizationRequest) -> Void = { _ in }
  ) -> VisualizationRequest {
    let nowhere = URL(fileURLWithPath: "/nowhere")
    var request = VisualizationRequest(run: nowhere, data: DataDirectory(explicit: nowhere))
    request.what = what
    change(&request)
    return request
  }

  /// A linear classifier of four grey pixels, and two images.
  private func examined() throws -> ExaminedNetwork {
    var random = Philox(seed: 1)
    let model = Linear(4, 3, random: &random)
    let set = try ClassificationSet(
      pixels: [0, 50, 100, 150, 200, 250, 0, 50], height: 2, width: 2, channels: 1, labels: [0, 2],
      classNames: ["ant", "bee", "cat"], description: "two images")
    return ExaminedNetwork(
      model, takes: .rows, parameters: parameters(of: model), transform: .unit, training: set,
      shown: ("test", set))
  }

  private func view(_ request: VisualizationRequest, in folder: TemporaryFolder) throws -> String {
    let outcome = try Visualization.view(
      examined(), of: "test", request, in: folder.file("pages")
    ) { _ in }
    return outcome.page.deletingLastPathComponent().lastPathComponent
  }

  private func contents(_ folder: URL) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted()
  }

  private func picture(_ pixels: [UInt8]) -> Data {
    PNG.encode(PixelImage(width: 2, height: 2, channels: 1, pixels: pixels))
  }

  @Test func picturesOfOneNameAreTwo() throws {
    let folder = try TemporaryFolder()
    let files = try [
      folder.write(picture([0, 0, 0, 0]), "A/x.png"),
      folder.write(picture([9, 9, 9, 9]), "B/x.png"),
    ]
    let names = try files.map { file in try view(request { $0.image = file }, in: folder) }
    #expect(
      try names == files.map { "x-\(try Checksum(of: $0).sha256.prefix(8))" })
    #expect(try contents(folder.file("pages")) == names.sorted() && names[0] != names[1])
    // A copy is the same picture, and a picture is another one when it was painted over.
    let copy = try folder.write(picture([0, 0, 0, 0]), "C/x.png")
    #expect(try view(request { $0.image = copy }, in: folder) == names[0])
    try folder.write(picture([1, 1, 1, 1]), "A/x.png")
    #expect(try !names.contains(view(request { $0.image = files[0] }, in: folder)))
  }

  @Test func anotherRequestHasAnotherFolder() {
    typealias Change = (inout VisualizationRequest) -> Void
    let changes: [(Change, String)] = [
      ({ _ in }, "x"), ({ $0.what = [.filters] }, "x-filters"),
      ({ $0.what = [.filters, .guided] }, "x-filters-guided"), ({ $0.label = 0 }, "x-class-0"),
      ({ $0.layer = "layer1.0.conv_1" }, "x-layer-layer1.0.conv_1"),
      ({ $0.layer = "../Sequential#2" }, "x-layer-..-Sequential-2"), ({ $0.unit = 3 }, "x-unit-3"),
      ({ $0.baseline = .black }, "x-black"), ({ $0.seed = 5 }, "x-seed-5"),
      (
        {
          $0.what = [.maximize]
          $0.label = 1
          $0.layer = "fc"
          $0.unit = 2
          $0.baseline = .black
          $0.seed = 7
        }, "x-maximize-class-1-layer-fc-unit-2-black-seed-7"
      ),
    ]
    for (change, name) in changes {
      #expect(request(change: change).folderName(of: "x") == name)
    }
    let long = request { $0.what = Array(repeating: .smoothgrad, count: 100) }
    #expect(long.folderName(of: "x").utf8.count == 200)
  }

  /// What a name may be longer by than file systems take.
  @Test func namesAreCut() throws {
    #expect(VisualizationRequest.cut("aäb", toBytes: 4) == "aäb")
    #expect(VisualizationRequest.cut("aäb", toBytes: 3) == "aä")
    // Not within a letter.
    #expect(VisualizationRequest.cut("aäb", toBytes: 2) == "a")
    let folder = try TemporaryFolder()
    let name = String(repeating: "ä", count: 125)
    let file = try folder.write(picture([0, 0, 0, 0]), "\(name).png")
    let sum = try Checksum(of: file).sha256.prefix(8)
    #expect(
      try view(request(.filters) { $0.image = file }, in: folder)
        == String(repeating: "ä", count: 40) + "-\(sum)-filters")
  }

  @Test func theSameRequestReplacesItsPage() throws {
    let folder = try TemporaryFolder()
    #expect(try view(request(.filters), in: folder) == "test-0-filters")
    let page = try Data(contentsOf: folder.file("pages/test-0-filters/index.html"))
    // As of a network that had more layers.
    try folder.write([1], "pages/test-0-filters/features-conv9.png")
    try folder.write([1], "pages/test-0-filters/index.html")
    try folder.write([1], "pages/test-0-filters/notes.txt")
    #expect(try view(request(.filters), in: folder) == "test-0-filters")
    #expect(
      try contents(folder.file("pages/test-0-filters"))
        == ["filters.png", "index.html", "notes.txt"])
    #expect(try Data(contentsOf: folder.file("pages/test-0-filters/index.html")) == page)
    // One that cannot be carried out leaves the page of before.
    expectError(
      .usage,
      "gradcam: no layer of this network gives maps [batch, height, width, channels] of more than one place"
    ) { _ = try view(request(.gradcam), in: folder) }
    #expect(try contents(folder.file("pages")) == ["test-0-filters"])
  }

  @Test func whatIsInTheWay() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], "pages/test-0-filters/old.png/file")
    expectError(
      .cannotWrite, "\(folder.path)/pages/test-0-filters/old.png: cannot be removed: Is a directory"
    ) { _ = try view(request(.filters), in: folder) }
  }

  /// A folder that the user named is the user's.
  @Test func aNamedFolderKeepsWhatIsInIt() throws {
    let folder = try TemporaryFolder()
    try folder.write([1], "own/mine.png")
    for what in [VisualizationRequest.What.filters, .saliency] {
      #expect(
        try view(request(what) { $0.output = folder.file("own") }, in: folder) == "own")
    }
    #expect(
      try contents(folder.file("own"))
        == ["filters.png", "index.html", "mine.png", "saliency.png"])
    // Made with those above it.
    _ = try view(request(.filters) { $0.output = folder.file("a/b") }, in: folder)
    #expect(try contents(folder.file("a/b")) == ["filters.png", "index.html"])
  }
}
