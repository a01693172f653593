import Datasets
import Figures
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

@Suite struct DataSetsTests {
  @Test func listSaysWhereTheyAre() throws {
    let folder = try TemporaryFolder()
    func place(_ directory: DataDirectory) -> [String: String] {
      let rows = DataSets.list(in: directory)
      #expect(rows[0] == ["name", "where", "what"])
      return Dictionary(uniqueKeysWithValues: rows.dropFirst().map { ($0[0], $0[1]) })
    }
    let none = place(folder.noData)
    #expect(none["mnist"] == "not here")
    #expect(none["drawn-digits"] == "drawn")
    #expect(place(try folder.writeMNIST())["mnist"] == folder.path + "/mnist")
  }

  @Test func inspectCounts() throws {
    let folder = try TemporaryFolder()
    let rows = try DataSets.inspect("mnist", in: folder.writeMNIST()).rows
    #expect(
      rows.dropFirst(3).filter { !$0[1].hasPrefix("pixels") } == [
        ["training", "30 images, 28 × 28 × 1, 10 classes"],
        ["", "0: 3  1: 3  2: 3  3: 3  4: 3  5: 3  6: 3  7: 3  8: 3  9: 3"],
        ["test", "12 images, 28 × 28 × 1, 10 classes"],
        ["", "0: 2  1: 2  2: 1  3: 1  4: 1  5: 1  6: 1  7: 1  8: 1  9: 1"],
      ])
    #expect(rows[2] == ["from", folder.path + "/mnist/train-images-idx3-ubyte"])
  }

  @Test func inspectCountsColourImages() throws {
    let folder = try TemporaryFolder()
    let inspection = try DataSets.inspect("cifar10", in: folder.writeCIFAR())
    #expect(
      inspection.rows.suffix(3).dropLast() == [
        ["test", "20 images, 32 × 32 × 3, 10 classes"],
        [
          "",
          "airplane: 2  automobile: 2  bird: 2  cat: 2  deer: 2  dog: 2  frog: 2  horse: 2  ship: 2  "
            + "truck: 2",
        ],
      ])
    #expect(inspection.rows[1][1] == "none stated; the publisher asks to cite Krizhevsky 2009")
    let png = folder.file("sheet.png")
    try inspection.writeSheet(to: png)
    // Ten to a row of 34 pixels, and two more; colour type 2 is red, green and blue.
    #expect(Array(try Data(contentsOf: png)[16..<26]) == [0, 0, 1, 86, 0, 0, 1, 86, 8, 2])
  }

  @Test func inspectsWhatTheProgramDrew() throws {
    let folder = try TemporaryFolder()
    let file = try DataSets.synthesize(
      "pathmnist", size: 28, count: 20, seed: 3, into: folder.file("a/b"))
    let data = DataDirectory(
      explicit: file.deletingLastPathComponent(), environment: ["HOME": folder.path])
    let rows = try DataSets.inspect("pathmnist", size: 28, in: data).rows
    #expect(
      rows[2] == [
        "from", "drawn by the program (seed 3) in the layout of PathMNIST, \(file.path)",
      ])
    #expect(
      rows[0][1] == "pathmnist: textures drawn by the program, not the published images")
    #expect(rows[1][1] == "that of the program")
    #expect(rows[6] == ["validation", "1 images, 28 × 28 × 3, 9 classes"])
    #expect(rows.filter { $0[1].hasPrefix("pixels: mean ") }.count == 3)
    let list = DataSets.list(in: data)
    let line = try #require(list.first { $0[0] == "pathmnist" })
    #expect(line[1] == "\(folder.path)/a/b (size 28, drawn)")
    #expect(list.filter { $0[0].hasPrefix("pathmnist") }.count == 1)
    // A second drawing may take the first one's place, but never that of another file.
    _ = try DataSets.synthesize(
      "pathmnist", size: 28, count: 12, seed: 4, into: folder.file("a/b"))
    try folder.write([1], "a/b/pathmnist.npz")
    expectError(
      .cannotWrite, "\(file.path): is there, and was not drawn; name another folder"
    ) {
      _ = try DataSets.synthesize(
        "pathmnist", size: 28, count: 12, seed: 4, into: folder.file("a/b"))
    }
  }

  @Test func inspectsAFolderOfPictures() throws {
    let folder = try TemporaryFolder()
    let data = try folder.writePictures()
    let inspection = try DataSets.inspect("folder", size: 16, in: data)
    let first = [
      ["set", "a folder of pictures"], ["from", "\(folder.path)/pictures"],
      ["training", "12 images, 16 × 16 × 3, 2 classes"], ["", "bright: 6  dark: 6"],
    ]
    #expect(Array(inspection.rows.prefix(4)) == first)
    let parts = inspection.rows.map { $0[0] }.filter { !$0.isEmpty }
    #expect(Array(parts.suffix(2)) == ["validation", "test"])
    try inspection.writeSheet(to: folder.file("sheet.png"))
    // A row for either class, two pixels of grey above, below and between.
    #expect(try PNG.decode(Data(contentsOf: folder.file("sheet.png"))).height == 38)
    expectError(.usage, "folder: name the folder with --data-dir") {
      _ = try DataSets.inspect("folder", in: folder.noData)
    }
    expectError(.usage, "size=7: has to be in 8 … 1024") {
      _ = try DataSets.inspect("folder", size: 7, in: data)
    }
  }

  /// An image with several labels stands in the row of each.
  @Test func inspectsSeveralLabels() throws {
    let folder = try TemporaryFolder()
    let inspection = try DataSets.inspect("chestmnist", in: folder.writeChest())
    #expect(inspection.rows[1] == ["", "not the published files: their checksums differ"])
    let counts = inspection.rows[5][1]
    #expect(counts.hasPrefix("atelectasis: 12  cardiomegaly: 12  effusion: 6  infiltration: 0"))
    try inspection.writeSheet(to: folder.file("sheet.svg"))
    let sheet = try String(contentsOf: folder.file("sheet.svg"), encoding: .utf8)
    // Of the eight images of the test part four are bright, four have the second label, two have all three.
    #expect(sheet.contains("10 images"))
  }

  @Test func sizesOfOtherSets() throws {
    let folder = try TemporaryFolder()
    expectError(.usage, "mnist: comes in one size only; leave --size away") {
      _ = try DataSets.inspect("mnist", size: 28, in: folder.noData)
    }
    expectError(.usage, "pathmnist: there is no size 65; known are 28, 64, 128, 224") {
      _ = try DataSets.inspect("pathmnist", size: 65, in: folder.noData)
    }
    expectError(
      .noInput,
      "pathmnist_64: is neither in $ADJOINT_DATA nor in the cache; adjoint data fetch pathmnist_64"
    ) { _ = try DataSets.inspect("pathmnist", size: 64, in: folder.noData) }
  }

  /// The first row as it is, eight below it changed; with nothing to do, all nine are the same.
  @Test func sheetOfAugmentedImages() throws {
    let folder = try TemporaryFolder()
    let inspection = try DataSets.inspect("drawn-digits", in: folder.noData)
    func sheet(_ recipe: String, seed: UInt64 = 0, _ name: String = "sheet.png") throws -> Data {
      try inspection.writeAugmented(recipe, seed: seed, to: folder.file(name))
      return try Data(contentsOf: folder.file(name))
    }
    let image = try PNG.decode(sheet("none"))
    let (side, pitch) = (28 * 3, 28 * 3 + 2)
    #expect(image.width == 10 * pitch + 2)
    #expect(image.height == 9 * pitch + 8)
    func row(_ line: Int, of image: PixelImage) -> ArraySlice<UInt8> {
      let top = line == 0 ? 2 : line * pitch + 8
      return image.pixels[(top * image.width)..<((top + side) * image.width)]
    }
    #expect((1..<9).allSatisfy { row($0, of: image) == row(0, of: image) })
    let changed = try PNG.decode(sheet("crop4,cutmix1"))
    #expect(row(0, of: changed) == row(0, of: image))
    #expect(row(1, of: changed) != row(0, of: image) && row(1, of: changed) != row(2, of: changed))
    #expect(try sheet("crop4,cutmix1") == sheet("crop4,cutmix1"))
    #expect(try sheet("crop4,cutmix1", seed: 1) != sheet("crop4,cutmix1"))
    let svg = String(decoding: try sheet("standard", "sheet.svg"), as: UTF8.self)
    #expect(svg.contains("First row: as they are. Below: flip,crop4"))
    #expect(svg.components(separatedBy: "<image").count == 91)
    expectError(.usage, "augment: expected flip, found flip2") { _ = try sheet("flip2") }
    expectError(.usage, "augment=stain1: stain: expected images of 3 channels, found 1") {
      _ = try sheet("stain1")
    }
    let other = folder.file("sheet.jpg")
    expectError(.usage, "\(other.path): expected a name that ends in .png or .svg") {
      try inspection.writeAugmented("flip", seed: 0, to: other)
    }
  }

  @Test func sheetOfImages() throws {
    let folder = try TemporaryFolder()
    let inspection = try DataSets.inspect("mnist", in: folder.writeMNIST())
    let png = folder.file("sheet.PNG")
    try inspection.writeSheet(to: png)
    let bytes = try Data(contentsOf: png)
    #expect(Array(bytes.prefix(8)) == [137, 80, 78, 71, 13, 10, 26, 10])
    // Ten images to a row, ten rows, two pixels between: 10 · 30 + 2, as the header has it.
    #expect(Array(bytes[16..<24]) == [0, 0, 1, 46, 0, 0, 1, 46])
    let svg = folder.file("sheet.svg")
    try inspection.writeSheet(to: svg)
    let text = try String(contentsOf: svg, encoding: .utf8)
    #expect(text.hasPrefix("<svg") && text.components(separatedBy: "<image").count == 13)
    let other = folder.file("sheet.jpg")
    expectError(.usage, "\(other.path): expected a name that ends in .png or .svg") {
      try inspection.writeSheet(to: other)
    }
    #expect(!FileManager.default.fileExists(atPath: other.path))
  }

  /// A row for each class: of many classes it grows taller than a PNG file here may be.
  @Test func sheetsThatAreTooLarge() throws {
    let folder = try TemporaryFolder()
    func inspection(classes: Int) throws -> DataSets.Inspection {
      let set = try ClassificationSet(
        pixels: [UInt8](repeating: 7, count: 224 * 224 * 3), height: 224, width: 224, channels: 3,
        labels: [0], classNames: (0..<classes).map { "c\($0)" }, description: "one image")
      return DataSets.Inspection(rows: [], sample: set)
    }
    let png = folder.file("sheet.png")
    expectError(
      .usage,
      "\(png.path): the sheet would be 2,262 × 18,082 pixels, and a PNG here has at most 16,384 pixels a side; "
        + "take a smaller --size, or a name that ends in .svg"
    ) { try inspection(classes: 80).writeSheet(to: png) }
    #expect(try folder.contents.isEmpty)
    try inspection(classes: 80).writeSheet(to: folder.file("sheet.svg"))
    // 72 · 226 + 2 are still few enough.
    try inspection(classes: 72).writeSheet(to: png)
    #expect(try folder.contents.sorted() == ["sheet.png", "sheet.svg"])
  }

  @Test func whatIsWrong() throws {
    let folder = try TemporaryFolder()
    expectError(
      .noInput, "mnist: is neither in $ADJOINT_DATA nor in the cache; adjoint data fetch mnist"
    ) { _ = try DataSets.inspect("mnist", in: folder.noData) }
    // The sizes of a member of MedMNIST share its name.
    let others = DataCatalogue.sources.filter { $0.member == nil }
    let names = (others.map(\.name) + MedMNIST.members.map(\.name)).sorted().joined(separator: ", ")
    expectError(
      .usage, "there is no data set named minst; did you mean mnist? (there are \(names))"
    ) { _ = try DataSets.inspect("minst", in: folder.noData) }
    expectError(.usage, "drawn-digits: is drawn by the program; there is nothing to fetch") {
      _ = try DataSets.fetch("drawn-digits", into: folder.noData) { _ in }
    }
  }
}
