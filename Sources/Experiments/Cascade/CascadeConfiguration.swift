import Tensors

/// What determines a run of `cascade`.
struct CascadeConfiguration: TimedConfiguration, DigitsConfiguration {
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

  /// Where inputs, numbers and classes come from.
  var data = Source.teacher
  /// Which networks are trained.
  var task = Tasks.compare
  /// d, the inputs of the teacher; images have 784.
  var inputs = 64
  /// s, the hidden units of task A.
  var hidden = 128
  /// a, the numbers of task A, which are as many as the hidden units of task B.
  var outputs = 32
  /// b, the classes of the teacher; images have 10.
  var classes = 10
  /// Samples that the teacher makes for training.
  var trainSamples = 10_000
  /// Samples that the teacher makes for the test.
  var testSamples = 4000
  /// The standard deviation of what is added to the teacher's numbers, whose own is 1, and to its scores.
  var noise = 0.1
  /// p, the share of hidden units that are off in a training step.
  var dropout = 0.2
  /// Samples in a batch.
  var batchSize = 64
  /// Passes over the training part.
  var epochs = 30
  /// Steps to train, whatever the epochs; 0 to go by the epochs.
  var steps = 0
  /// The learning rate of the first epochs.
  var learningRate = 0.02
  /// What it is multiplied by …
  var decayFactor = 0.1
  /// … after every so many epochs.
  var decayEvery = 20
  /// How much of the last step is in the next.
  var momentum = 0.9
  /// What data, weights, masks and the order of the samples are drawn from.
  var seed: UInt64 = 0
  /// The type of weights and activations.
  var precision = DType.float32
  /// How gradients are worked out.
  var gradients = GradientSource.tape
  /// How many digits are drawn for training where there is no MNIST.
  var drawnTrain = 60_000
  /// How many digits are drawn for the test where there is no MNIST.
  var drawnTest = 10_000

  /// Nothing is held back: no setting is chosen by what is measured.
  var validation: Int { 0 }

  static let choices = [
    "data": Source.allCases.map(\.rawValue),
    "task": Tasks.allCases.map(\.rawValue),
    "precision": DType.full.map(\.rawValue),
    "gradients": GradientSource.allCases.map(\.rawValue),
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

  func validate() throws {
    try check("inputs", inputs, in: 1...100_000)
    try check("hidden", hidden, in: 1...100_000)
    try check("outputs", outputs, in: 1...(data == .mnist ? 784 : 10_000))
    try check("classes", classes, in: 2...1000)
    try check("train_samples", trainSamples, in: 2...10_000_000)
    try check("test_samples", testSamples, in: 1...10_000_000)
    if data == .teacher {
      // Twice as float64 while it is drawn, then as float32.
      try checkMemory(
        20 * Double(trainSamples + testSamples) * Double(inputs),
        for: "inputs=\(inputs), train_samples=\(trainSamples), test_samples=\(testSamples)")
    }
    try check("noise", noise, in: 0...1000)
    try check("dropout", dropout, in: 0...0.99)
    // The mean of a batch of one is the sample itself: normalisation would leave nothing.
    try check("batch_size", batchSize, in: 2...60_000)
    try validateTime()
    try check("decay_every", decayEvery, in: 1...1_000_000)
    try check("drawn_train", drawnTrain, in: 2...10_000_000)
    try check("drawn_test", drawnTest, in: 1...10_000_000)
    try check("decay_factor", decayFactor, in: 1e-12...1)
    try check("momentum", momentum, in: 0...0.9999)
  }
}
