import Tensors

/// The values that a setting takes.
public enum SettingValues: Sendable, Equatable, CustomStringConvertible {
  /// Numbers from the first to the second, as the message about others has them.
  case range(String, String)
  /// One of these words.
  case words([String])
  /// A file, or empty.
  case file
  /// Folders with commas between them, or empty.
  case files
  /// Whatever else its type allows, in a few words.
  case other(String)

  /// In a phrase.
  public var description: String {
    switch self {
    case .range(let least, let most): "\(least)…\(most)"
    case .words(let words): words.joined(separator: ", ")
    case .file: "a file, or empty"
    case .files: "folders with commas between them, or empty"
    case .other(let form): form
    }
  }
}

/// One setting of a configuration: its name, what it means, and the values it takes.
///
/// A configuration lists its settings once. What `adjoint list NAME` shows, what `--set` refuses and which of them are
/// files all comes from that list.
public struct Setting<Configuration>: Sendable {
  /// What `--set` calls it, in snake case.
  public let name: String
  /// What it means, in a phrase.
  public let meaning: String
  /// The values it takes.
  public let values: SettingValues
  /// Throws if its value is not one of them. Of words and files decoding, or the experiment, says more.
  let validate: @Sendable (Configuration) throws -> Void

  private init(
    _ name: String, _ meaning: String, _ values: SettingValues,
    validate: @escaping @Sendable (Configuration) throws -> Void = { _ in }
  ) {
    self.name = name
    self.meaning = meaning
    self.values = values
    self.validate = validate
  }

  /// A whole number in a range.
  static func whole(
    _ name: String, _ path: KeyPath<Configuration, Int> & Sendable, in range: ClosedRange<Int>,
    _ meaning: String
  ) -> Setting {
    number(name, path, in: range, meaning)
  }

  /// A number in a range.
  static func real(
    _ name: String, _ path: KeyPath<Configuration, Double> & Sendable,
    in range: ClosedRange<Double>, _ meaning: String
  ) -> Setting {
    number(name, path, in: range, meaning)
  }

  /// What is drawn is drawn from this: any whole number from 0, or one in a range.
  static func seed(
    _ path: KeyPath<Configuration, UInt64> & Sendable, in range: ClosedRange<UInt64>? = nil,
    _ meaning: String
  ) -> Setting {
    guard let range else { return other("seed", "a whole number from 0", meaning) }
    return number("seed", path, in: range, meaning)
  }

  private static func number<Value: Comparable & Sendable>(
    _ name: String, _ path: KeyPath<Configuration, Value> & Sendable, in range: ClosedRange<Value>,
    _ meaning: String
  ) -> Setting {
    Setting(name, meaning, .range("\(range.lowerBound)", "\(range.upperBound)")) {
      try check(name, $0[keyPath: path], in: range)
    }
  }

  /// One of the words of a type.
  static func word<Word: CaseIterable & RawRepresentable<String>>(
    _ name: String, _: Word.Type, _ meaning: String
  ) -> Setting {
    word(name, Word.allCases.map(\.rawValue), meaning)
  }

  /// One of these words.
  static func word(_ name: String, _ words: [String], _ meaning: String) -> Setting {
    Setting(name, meaning, .words(words))
  }

  /// Yes or no.
  static func flag(_ name: String, _ meaning: String) -> Setting {
    Setting(name, meaning, .words(["true", "false"]))
  }

  /// A file or a folder.
  static func file(_ name: String, _ meaning: String) -> Setting {
    Setting(name, meaning, .file)
  }

  /// Files or folders with commas between them.
  static func files(_ name: String, _ meaning: String) -> Setting {
    Setting(name, meaning, .files)
  }

  /// Text of some form, in a few words.
  static func other(_ name: String, _ form: String, _ meaning: String) -> Setting {
    Setting(name, meaning, .other(form))
  }

  /// The type of weights and activations: float32 or float64.
  static var precision: Setting {
    word("precision", DType.full.map(\.rawValue), "type of weights and activations")
  }

  /// By the tape or by hand.
  static var gradients: Setting {
    word("gradients", GradientSource.self, "how gradients are worked out")
  }

  /// The same setting of what holds such a configuration.
  func of<Outer>(_ path: KeyPath<Outer, Configuration> & Sendable) -> Setting<Outer> {
    Setting<Outer>(name, meaning, values) { try validate($0[keyPath: path]) }
  }
}

extension Setting where Configuration: TimedConfiguration {
  /// How long to train, where ``steps`` is 0.
  static func epochs(_ meaning: String = "passes over the training part") -> Setting {
    .whole("epochs", \.epochs, in: 1...1_000_000, meaning)
  }

  /// How long to train, whatever the epochs.
  static var steps: Setting {
    .whole(
      "steps", \.steps, in: 0...1_000_000_000,
      "steps to train, whatever the epochs; 0 to go by the epochs")
  }

  /// The rate that a schedule starts from.
  static func learningRate(_ meaning: String = "learning rate to begin with") -> Setting {
    .real("learning_rate", \.learningRate, in: 1e-12...1e6, meaning)
  }
}

extension Setting where Configuration: SteppedConfiguration {
  /// By how much the rate falls.
  static var decayFactor: Setting {
    .real(
      "decay_factor", \.decayFactor, in: 1e-12...1,
      "what the rate is multiplied by after every decay_every epochs")
  }

  /// How often it does.
  static var decayEvery: Setting {
    .whole(
      "decay_every", \.decayEvery, in: 1...1_000_000,
      "epochs from one multiplication of the rate to the next")
  }
}

extension Setting where Configuration: DigitsConfiguration {
  /// How many digits are held back.
  static var validation: Setting {
    .whole(
      "validation", \.validation, in: 0...59_999,
      "training images held back for validation, drawn by the seed")
  }

  /// How many digits there are to learn from where there is no MNIST.
  static func drawnTrain(atLeast least: Int = 1) -> Setting {
    .whole(
      "drawn_train", \.drawnTrain, in: least...10_000_000,
      "digits that the program draws for training where there is no MNIST")
  }

  /// How many there are then for the test.
  static var drawnTest: Setting {
    .whole(
      "drawn_test", \.drawnTest, in: 1...10_000_000, "digits that it then draws for the test")
  }
}

extension ExperimentConfiguration {
  /// Throws `AdjointError` of kind usage that names the setting that is out of range, or those that do not go together.
  public func validate() throws {
    for setting in Self.settings { try setting.validate(self) }
    try validateTogether()
  }

  /// The values of the settings that are one of a few words, by name in snake case.
  static var choices: [String: [String]] {
    let all = settings.compactMap { setting -> (String, [String])? in
      if case .words(let words) = setting.values { (setting.name, words) } else { nil }
    }
    return Dictionary(uniqueKeysWithValues: all)
  }

  /// The names of the settings that are a file or a folder.
  static var paths: [String] { settings.filter { $0.values == .file }.map(\.name) }

  /// The names of the settings that are files or folders separated by commas.
  static var pathLists: [String] { settings.filter { $0.values == .files }.map(\.name) }

  /// The names of the settings that leave the weights as they are: when the test part is looked at, and which runs
  /// stand beside.
  static var idleInTraining: [String] { ["test"] + pathLists }
}
