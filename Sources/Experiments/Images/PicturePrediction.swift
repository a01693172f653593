import Checkpoints
import Datasets
import Foundation
import Tensors
import Training

extension Prediction {
  /// Whether a file is a picture by its name, or a folder, which may hold some.
  public static func isOfPictures(_ input: URL) -> Bool {
    ImageFolder.isPicture(input) || ImageFolder.isFolder(input)
  }

  /// Runs a convolutional network on a picture, or on all in a folder and below.
  ///
  /// Of each picture the largest square in the middle is brought to the size that the network was trained on, or that
  /// published weights are for. Classes are called what the run that the weights lie in calls them,
  /// where no file says otherwise.
  ///
  /// - Parameters:
  ///   - name: the experiment whose network it is, or a network such as `resnet20`.
  ///   - changes: settings of an experiment that change the network; others are those of the run.
  ///   - weights: a file of safetensors, or one that PyTorch saved.
  ///   - input: a PNG or JPEG file, or a folder of such.
  ///   - output: the file to write, in the order of the rows: the logits, `[pictures, classes]`, where its name ends in
  ///     `.npy`, the probabilities as a table where it ends in `.csv`; nil for none.
  ///   - names: a file with a name for each class, see `ClassNames`; nil for none.
  ///   - note: told what was opened in the weights' file or taken off their names, and what is taken for granted of
  ///     pictures where the weights lie in no run.
  /// - Throws: `AdjointError` that names the file and what is wrong with it.
  public static func pictures(
    model name: String, changes: [(key: String, value: String)], weights: URL, input: URL,
    output: URL?, classNames names: URL? = nil, note: (String) -> Void = { _ in }
  ) throws -> PicturePrediction {
    try requireEnding(of: output, "npy", "csv")
    try requireSuited(name, toPictures: true)
    guard let model = try imageModel(name, changes, weights) else { throw rowsOnly(name) }
    let isFolder = ImageFolder.isFolder(input)
    let files = isFolder ? try ImageFolder.pictures(in: input) : [input]
    guard !files.isEmpty else {
      throw AdjointError(
        .noInput, "\(input.path): expected files .png, .jpg or .jpeg, found none")
    }
    let side = try model.side() ?? ImageNetworks.publishedSide(of: name) ?? 224
    let prediction = try model.prediction(weights, imageSide: side, note: note)
    model.tellAssumptions(of: prediction, weights, side: side, note)
    let logits = try prediction.logits(ofPictures: files, size: side)
    let hasSeveralLabels = try model.configuration?.setKind.hasSeveralLabels ?? false
    let probabilities = (hasSeveralLabels ? sigmoid(logits) : softmax(logits)).doubles
    let classes = logits.shape[1]
    let classNames =
      try names.map { try ClassNames.load($0, count: classes) }
      ?? classNames(of: weights, count: classes)
    let start = isFolder ? input.path.count + (input.path.hasSuffix("/") ? 0 : 1) : 0
    let found = PicturePrediction(
      classNames: classNames,
      rows: files.enumerated().map { row, file in
        (
          isFolder ? String(file.path.dropFirst(start)) : file.lastPathComponent,
          Array(probabilities[row * classes..<(row + 1) * classes])
        )
      })
    if let output {
      if output.pathExtension.lowercased() == "csv" {
        try write(Data(found.csv.utf8), to: output)
      } else {
        _ = try write(logits, to: output)
      }
    }
    return found
  }

  /// Those that a run notes; numbers where there is none, or where they are not as many.
  private static func classNames(of weights: URL, count: Int) -> [String] {
    let file = run(of: weights)?.appendingPathComponent("environment.json")
    let noted = file.flatMap { try? RunDirectory.read(RunEnvironment.self, from: $0) }?.classNames
    return noted.flatMap { $0.count == count ? $0 : nil } ?? (0..<count).map { "class \($0)" }
  }
}

/// What a network makes of pictures.
public struct PicturePrediction: Encodable, Sendable {
  /// What it makes of one.
  public struct Row: Encodable, Sendable {
    /// The picture's path in its folder, or its name.
    public let picture: String
    /// The likeliest classes, three where there are as many, the likeliest first.
    public let classes: [Likely]
    /// Those of all classes, in the order of the network's outputs.
    let probabilities: [Double]

    private enum CodingKeys: String, CodingKey { case picture, classes }
  }

  /// A class with its probability.
  public struct Likely: Encodable, Sendable {
    /// What it is called.
    public let name: String
    /// Between 0 and 1.
    public let probability: Double

    private enum CodingKeys: String, CodingKey {
      case name = "class"
      case probability
    }
  }

  /// One for each picture, in the order of their paths.
  public let rows: [Row]
  private let classNames: [String]

  private enum CodingKeys: String, CodingKey { case rows }

  init(classNames: [String], rows: [(picture: String, probabilities: [Double])]) {
    self.classNames = classNames
    self.rows = rows.map { picture, probabilities in
      let likeliest = probabilities.indices.sorted { probabilities[$0] > probabilities[$1] }
      return Row(
        picture: picture,
        classes: likeliest.prefix(3).map {
          Likely(name: classNames[$0], probability: probabilities[$0])
        }, probabilities: probabilities)
    }
  }

  /// For each picture its path and the likeliest classes, as people read them.
  public var table: [[String]] {
    rows.map { row in
      [row.picture]
        + row.classes.map { $0.name + String(format: " %.1f %%", $0.probability * 100) }
    }
  }

  /// For each picture its path, the likeliest class and its probability, then the probabilities of all classes: every
  /// digit, as RFC 4180 wants it.
  var csv: String {
    let lines = rows.map { row in
      [row.picture] + row.classes.prefix(1).flatMap { [$0.name, "\($0.probability)"] }
        + row.probabilities.map { "\($0)" }
    }
    return ([["picture", "class", "probability"] + classNames] + lines).map(csvLine).joined()
  }
}
