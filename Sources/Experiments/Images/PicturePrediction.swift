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
  /// published weights are for. Classes are called what the run that the weights lie in calls them.
  ///
  /// - Parameters:
  ///   - name: the experiment whose network it is, or a network such as `resnet20`.
  ///   - changes: settings of an experiment that change the network; others are those of the run.
  ///   - weights: a file of safetensors, or one that PyTorch saved.
  ///   - input: a PNG or JPEG file, or a folder of such.
  ///   - output: the `.npy` file to write the logits to, `[pictures, classes]` in the order of the rows; nil for none.
  ///   - note: told what was opened in the weights' file or taken off their names, and what is taken for granted of
  ///     pictures where the weights lie in no run.
  /// - Returns: for each picture its path and the classes that are likeliest, with their probabilities.
  /// - Throws: `AdjointError` that names the file and what is wrong with it.
  public static func pictures(
    model name: String, changes: [(key: String, value: String)], weights: URL, input: URL,
    output: URL?, note: (String) -> Void = { _ in }
  ) throws -> [[String]] {
    guard let model = try imageModel(name, changes, weights) else {
      throw AdjointError(.usage, "\(name): takes rows of an array, no pictures")
    }
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
    if let output { _ = try write(logits, to: output) }
    let probabilities = (hasSeveralLabels(model) ? sigmoid(logits) : softmax(logits)).doubles
    let classes = logits.shape[1]
    let names = classNames(of: weights, count: classes)
    let start = isFolder ? input.path.count + (input.path.hasSuffix("/") ? 0 : 1) : 0
    return files.enumerated().map { row, file in
      let own = probabilities[row * classes..<(row + 1) * classes]
      let likeliest = own.indices.sorted { own[$0] > own[$1] }.prefix(3)
      let words = likeliest.map { place in
        names[place - own.startIndex] + String(format: " %.1f %%", own[place] * 100)
      }
      return [isFolder ? String(file.path.dropFirst(start)) : file.lastPathComponent] + words
    }
  }

  private static func hasSeveralLabels(_ model: ImageModel) -> Bool {
    MedMNIST.members.contains { $0.name == model.configuration?.data && $0.hasSeveralLabels }
  }

  /// Those that a run notes; numbers where there is none, or where they are not as many.
  private static func classNames(of weights: URL, count: Int) -> [String] {
    let file = run(of: weights)?.appendingPathComponent("environment.json")
    let noted = file.flatMap { try? RunDirectory.read(RunEnvironment.self, from: $0) }?.classNames
    return noted.flatMap { $0.count == count ? $0 : nil } ?? (0..<count).map { "class \($0)" }
  }
}
