import Tensors

/// What determines a run of `cascade`.
struct CascadeConfiguration: SteppedConfiguration, DigitsConfiguration {
  /// Where inputs, numbers and classes come from.
  enum Source: String, Codable, Sendable, CaseIterable {
    /// A network that the program draws.
    case teacher
    /// Images: their low frequencies and their digits.
    case mnist
  }

  /// Which networks are trained.
  enum Tasks: String, Codable, Sendable, CaseIterable {
    /// One for both tasks and, beside it, one for each task alone, on the same batches from the same weights.
    case compare
    /// One for both tasks.
    case both
    /// One for task A alone.
    case a
    /// One for task B alone: its branch A predicts nothing in particular.
    case b
  }

  var data = Source.teacher
  var task = Tasks.compare
  var inputs = 64
  var hidden = 128
  var outputs = 32
  var classes = 10
  var trainSamples = 10_000
  var testSamples = 4000
  var noise = 0.1
  var dropout = 0.2
  var batchSize = 64
  var epochs = 30
  var steps = 0
  var learningRate = 0.02
  var decayFactor = 0.1
  var decayEvery = 20
  var momentum = 0.9
  var seed: UInt64 = 0
  var precision = DType.float32
  var gradients = GradientSource.tape
  var drawnTrain = 60_000
  var drawnTest = 10_000

  /// Nothing is held back: no setting is chosen by what is measured.
  var validation: Int { 0 }

  static let settings: [Setting<Self>] = [
    .word("data", Source.self, "where inputs, numbers and classes come from"),
    .word("task", Tasks.self, "which networks are trained"),
    .whole("inputs", \.inputs, in: 1...100_000, "d, the inputs of the teacher; images have 784"),
    .whole("hidden", \.hidden, in: 1...100_000, "s, the hidden units of task A"),
    .whole(
      "outputs", \.outputs, in: 1...10_000,
      "a, the numbers of task A and the hidden units of task B"),
    .whole("classes", \.classes, in: 2...1000, "b, the classes of the teacher; images have 10"),
    .whole(
      "train_samples", \.trainSamples, in: 2...10_000_000,
      "samples that the teacher makes for training"),
    .whole(
      "test_samples", \.testSamples, in: 1...10_000_000,
      "samples that the teacher makes for the test"),
    .real(
      "noise", \.noise, in: 0...1000,
      "standard deviation of what is added to the teacher's numbers, whose own is 1, and to its scores"
    ),
    .real(
      "dropout", \.dropout, in: 0...0.99,
      "p, the share of hidden units that are off in a training step"),
    // The mean of a batch of one is the sample itself: normalisation would leave nothing.
    .whole("batch_size", \.batchSize, in: 2...60_000, "samples in a batch"),
    .epochs(),
    .steps,
    .learningRate(),
    .decayFactor,
    .decayEvery,
    .real("momentum", \.momentum, in: 0...0.9999, "how much of the last step is in the next"),
    .seed(\.seed, "what data, weights, masks and the order of the samples are drawn from"),
    .precision,
    .gradients,
    .drawnTrain(atLeast: 2),
    .drawnTest,
  ]

  var idle: [String: String] {
    let (keys, other) =
      data == .mnist
      ? (["inputs", "classes", "train_samples", "test_samples", "noise"], Source.teacher)
      : (["drawn_train", "drawn_test"], .mnist)
    return Dictionary(uniqueKeysWithValues: keys.map { ($0, "data=\(other.rawValue)") })
  }

  /// MNIST with the settings that suit it.
  static var images: CascadeConfiguration {
    var images = CascadeConfiguration()
    images.data = .mnist
    images.epochs = 15
    images.decayEvery = 10
    return images
  }

  func validateTogether() throws {
    if data == .mnist { try check("outputs", outputs, in: 1...784) }
    if data == .teacher {
      // Inputs are kept as float64 while they are cut and rounded to float32. Of numbers and of scores there are four
      // in float64 at a time: what they are made of, noise as it is drawn and as a tensor, and the sum.
      let sample = 20 * Double(inputs) + 32 * Double(outputs + classes)
      // The largest of the teacher's matrices, twice while it is drawn.
      let teacher = 16 * Double(outputs) * Double(inputs)
      try checkMemory(
        sample * Double(trainSamples + testSamples) + teacher,
        for:
          "inputs=\(inputs), outputs=\(outputs), classes=\(classes), train_samples=\(trainSamples), "
          + "test_samples=\(testSamples)")
    }
  }
}
