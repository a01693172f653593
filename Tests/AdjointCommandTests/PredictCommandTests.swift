import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import AdjointCommand

/// What `adjoint predict` prints and writes of pictures, and what it refuses.
@Suite struct PredictCommandTests {
  private static let form = """
    --run <folder> --input <file> [--output <file>] [<options>]
           adjoint predict --model <name> --weights <file> --input <file> [--output <file>] [<options>]
    """

  /// Two grey PNG files of 2 × 2 pixels.
  private static let pictures = [
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgOMFg9AsABIQB9Ymuep4AAAAASUVORK5CYII=",
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR42mNgYGA4cQIAAl4BkUT6HBgAAAAASUVORK5CYII=",
  ]

  private func writePictures(_ folder: TemporaryFolder) throws {
    for (text, name) in zip(Self.pictures, ["a.png", "b.png"]) {
      try folder.write(#require(Data(base64Encoded: text)), "photos/\(name)")
    }
  }

  @Test func picturesAsTableAndAsJSON() throws {
    let folder = try TemporaryFolder()
    try writePictures(folder)
    for arguments in [
      ["data", "synthesize", "pathmnist", "--size", "28", "--count", "40", "--output", "tissue"],
      [
        "train", "pathmnist-resnet18", "--data-dir", "tissue", "--set", "size=28", "--set",
        "network=resnet20",
        "--batch-size", "16", "--steps", "1", "--output", "run", "--quiet",
      ],
    ] {
      let result = try Command.run(arguments, in: folder)
      try #require(result.status == 0, "\(result.errors)")
    }
    let flags = ["predict", "--run", "run", "--input", "photos"]
    let shown = try Command.run(flags + ["--output", "p.csv"], in: folder)
    #expect(shown.status == 0, "\(shown.errors)")
    let json = try Command.run(flags + ["--json", "--output", "p.npy"], in: folder)
    #expect(json.status == 0, "\(json.errors)")
    #expect(try folder.bytes("p.npy").dropFirst().prefix(5) == Data("NUMPY".utf8))

    let rows = try #require(json.lastObject()["rows"] as? [[String: Any]])
    let likeliest = try rows.map { row in
      try #require(row["classes"] as? [[String: Any]]).map { likely in
        (
          name: try #require(likely["class"] as? String),
          probability: try #require(likely["probability"] as? Double)
        )
      }
    }
    #expect(rows.map { $0["picture"] as? String } == ["a.png", "b.png"])
    #expect(likeliest.map(\.count) == [3, 3])
    // The same is printed, and written.
    let table = zip(["a.png", "b.png"], likeliest).map { picture, classes in
      [picture] + classes.map { $0.name + String(format: " %.1f %%", $0.probability * 100) }
    }
    #expect(shown.output == Console.table(table) + "\n")
    let lines = String(decoding: try folder.bytes("p.csv"), as: UTF8.self)
      .replacing("\r\n", with: "\n").split(separator: "\n")
    #expect(lines[0].hasPrefix("picture,class,probability,") && lines.count == 3)
    for (line, row) in zip(lines.dropFirst(), zip(["a.png", "b.png"], likeliest)) {
      let cells = line.split(separator: ",").map(String.init)
      #expect(Array(cells.prefix(2)) == [row.0, row.1[0].name] && cells.count == 3 + 9)
      // Readers of JSON may take another one of neighbouring numbers.
      #expect(abs(try #require(Double(cells[2])) - row.1[0].probability) < 1e-12)
    }
  }

  /// Before weights and tables are read.
  @Test func whatCannotBeWritten() throws {
    let folder = try TemporaryFolder()
    try writePictures(folder)
    try folder.write([], "w.safetensors")
    let network = ["predict", "--model", "resnet20", "--weights", "w.safetensors", "--input"]
    for name in ["p.json", "p"] {
      try expectFailure(
        64, "adjoint: --output \(name): the name has to end in .npy or .csv",
        network + ["photos", "--output", name], in: folder)
    }
    try folder.write([], "x.csv")
    try expectFailure(
      64, "adjoint: --output o.npy: the name has to end in .csv",
      ["predict", "--run", "run", "--input", "x.csv", "--output", "o.npy"], in: folder)
    try expectFailure(
      64, "adjoint: --json: is for pictures, whose classes it prints",
      ["predict", "--run", "run", "--input", "x.csv", "--json"], in: folder)
    try expectFailure(
      64, "adjoint: --class-names: is for pictures, whose classes are printed",
      ["predict", "--run", "run", "--input", "x.csv", "--class-names", "names.txt"], in: folder)
  }

  /// By its name and as a run, whatever the input is and whatever else is there.
  @Test func aForecasterTakesTables() throws {
    let folder = try TemporaryFolder()
    let settings = ["hidden=8", "history=24", "horizon=12", "window=7", "drawn_rows=600"]
    let trained = try Command.run(
      ["train", "etth1", "--steps", "2", "--output", "run", "--quiet"]
        + settings.flatMap { ["--set", $0] }, in: folder)
    try #require(trained.status == 0, "\(trained.errors)")
    let message = "adjoint: etth1 forecasts tables: adjoint predict --run RUN --input FILE.csv"
    let named = ["predict", "--model", "etth1", "--weights", "w.safetensors", "--input"]
    try writePictures(folder)
    try folder.write(NPY.encode(.zeros([1, 24])), "m.npy")
    try folder.write([], "m.csv")
    for input in ["photos/a.png", "photos", "m.npy", "m.csv"] {
      for flags in [[], ["--data-dir", "."], ["--output", "o.npy"], ["--json"]] {
        try expectFailure(64, message, named + [input] + flags, in: folder)
      }
    }
    for input in ["photos/a.png", "photos", "m.npy"] {
      try expectFailure(
        64, message, ["predict", "--run", "run", "--input", input, "--data-dir", "."], in: folder)
    }
  }

  @Test func inputsThatAreNotThere() throws {
    let folder = try TemporaryFolder()
    let rest = [[], ["--output", "p.csv"], ["--output", "p.npy"], ["--json"]]
    for (name, flags) in ["nope", "nope/", "nope.npy"].flatMap({ name in rest.map { (name, $0) } })
    {
      let path = folder.path + "/" + name.trimmingCharacters(in: ["/"])
      try expectFailure(
        66, "adjoint: \(path): cannot be opened: No such file or directory",
        ["predict", "--run", "run", "--input", name] + flags, in: folder)
    }
    for flag in ["run", "input", "output", "data-dir"] {
      let given = ["run": "run", "input": "x.npy"].merging([flag: ""]) { $1 }
      try expectUsageError(
        "--\(flag): expected a path, found nothing.", of: "adjoint predict", Self.form,
        ["predict"] + given.flatMap { ["--\($0)", $1] }, in: folder)
    }
  }
}
