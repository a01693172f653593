import Datasets
import Foundation
import Tensors
import Training

/// Samples with what both tasks have to predict.
struct CascadePart {
  /// X, `[samples, d]`, float32.
  var inputs: Tensor
  /// Y_A, `[samples, a]`, float32; over the training part each column has mean 0 and standard deviation 1.
  var targets: Tensor
  /// The classes of task B.
  var labels: [Int32]

  var count: Int { labels.count }

  /// The samples of those rows, rounded to a type.
  func rows(_ rows: some Collection<Int32>, _ dtype: DType) -> CascadeBatch {
    let indices = IndexTensor(Array(rows))
    return CascadeBatch(
      inputs: gather(inputs, indices).converted(to: dtype),
      targets: gather(targets, indices).converted(to: dtype),
      labels: IndexTensor(rows.map { labels[Int($0)] }))
  }
}

/// What one step is given.
struct CascadeBatch {
  /// X, `[batch, d]`.
  let inputs: Tensor
  /// Y_A, `[batch, a]`.
  let targets: Tensor
  /// `[batch]`.
  let labels: IndexTensor
}

/// The training and the test part, and where they are from.
struct CascadeData {
  let train, test: CascadePart
  let classNames: [String]
  let description: String
  let files: [RunEnvironment.DataFile]
  /// What the numbers of task A are, in words.
  let targetNames: String
  /// The images that the inputs are the pixels of; nil for the teacher's numbers.
  let images: ImageClassificationParts?

  static func load(
    _ configuration: CascadeConfiguration, from data: DataDirectory, note: (String) -> Void
  ) throws -> CascadeData {
    switch configuration.data {
    case .teacher: drawn(configuration)
    case .mnist: try images(Digits.load(configuration, from: data, note: note), configuration)
    }
  }

  private static func drawn(_ configuration: CascadeConfiguration) -> CascadeData {
    let teacher = CascadeTeacher(configuration)
    let parts = teacher.samples(
      train: configuration.trainSamples, test: configuration.testSamples,
      noise: configuration.noise)
    return CascadeData(
      train: parts.train, test: parts.test,
      classNames: (0..<configuration.classes).map(String.init),
      description:
        "a teacher network drawn by the program, \(configuration.trainSamples) samples for training "
        + "and \(configuration.testSamples) for the test, seed \(configuration.seed)",
      files: [], targetNames: "the teacher's numbers", images: nil)
  }

  private static func images(
    _ digits: Digits, _ configuration: CascadeConfiguration
  ) -> CascadeData {
    let frequencies = LowFrequencies(
      count: configuration.outputs, height: digits.parts.train.height,
      width: digits.parts.train.width)
    func part(_ set: ClassificationSet) -> CascadePart {
      let inputs = Tensor(set.pixels.map { Float($0) / 255 }, shape: [set.count, set.featureCount])
      return CascadePart(
        inputs: inputs, targets: frequencies.coefficients(of: inputs), labels: set.labels)
    }
    var (train, test) = (part(digits.parts.train), part(digits.parts.test))
    let scale = Standardization(of: train.targets)
    train.targets = scale(train.targets)
    test.targets = scale(test.targets)
    return CascadeData(
      train: train, test: test, classNames: digits.parts.train.classNames,
      description:
        "\(digits.description): the lowest \(configuration.outputs) coefficients of the cosine transform, "
        + "and the digit",
      files: digits.files, targetNames: "the image's lowest coefficients", images: digits.parts)
  }
}

/// Columns shifted and scaled to mean 0 and standard deviation 1.
struct Standardization {
  private let mean, deviation: [Double]

  /// - Parameter x: `[rows, columns]`, what mean and deviation are those of.
  init(of x: Tensor) {
    let (rows, columns) = (Double(x.shape[0]), x.shape[1])
    let values = x.doubles
    var (sums, squares) = (
      [Double](repeating: 0, count: columns), [Double](repeating: 0, count: columns)
    )
    for (index, value) in values.enumerated() { sums[index % columns] += value }
    let mean = sums.map { $0 / rows }
    for (index, value) in values.enumerated() {
      let distance = value - mean[index % columns]
      squares[index % columns] += distance * distance
    }
    self.mean = mean
    // A column that is the same everywhere stays so; its sum of squares may be that of rounding alone.
    deviation = zip(squares, mean).map { square, mean in
      let deviation = (square / rows).squareRoot()
      return deviation > 1e-9 * abs(mean) ? deviation : 1
    }
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let columns = mean.count
    let values = x.doubles.enumerated().map { index, value in
      Float((value - mean[index % columns]) / deviation[index % columns])
    }
    return Tensor(values, shape: x.shape)
  }
}
