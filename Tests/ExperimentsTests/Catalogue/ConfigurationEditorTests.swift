import Datasets
import Foundation
import Tensors
import TestSupport
import Testing

@testable import Experiments

/// One setting of each kind.
private struct Settings: ExperimentConfiguration {
  enum Pace: String, Codable, CaseIterable { case slow, fast }

  var batchSize = 16
  var learningRate = 1.0
  var isShuffled = true
  var pace = Pace.slow
  var title = "a"
  var seed: UInt64 = 0

  static let settings: [Setting<Self>] = [
    .whole("batch_size", \.batchSize, in: 1...100, "inputs in a batch"),
    .real("learning_rate", \.learningRate, in: -1e300...1e300, "how far to go"),
    .flag("is_shuffled", "whether they are shuffled"),
    .word("pace", Pace.self, "how fast to go"),
    .other("title", "text", "what it is called"),
    .seed(\.seed, "what they are drawn from"),
  ]
}

/// A recipe is a word among the settings.
private struct ImageSettings: ExperimentConfiguration {
  var augment = AugmentationRecipe.none
  var seed: UInt64 = 0

  static let settings: [Setting<Self>] = [
    .other("augment", "a recipe", "what is done to images"), .seed(\.seed, "what is drawn"),
  ]
}

/// Files by name, and a setting that another one leaves without effect.
private struct FileSettings: ExperimentConfiguration {
  var file = ""
  var files = ""
  var isSlow = false
  var delay = 1.0
  var seed: UInt64 = 0

  static let settings: [Setting<Self>] = [
    .file("file", "one"), .files("files", "many"), .flag("is_slow", "whether to wait"),
    .real("delay", \.delay, in: 0...10, "how long"), .seed(\.seed, "what is drawn"),
  ]
  var idle: [String: String] { isSlow ? [:] : ["delay": "is_slow=true"] }
}

@Suite struct ConfigurationEditorTests {
  @Test func pathsAreFromTheRoot() throws {
    func apply(_ key: String, _ value: String) throws -> FileSettings {
      try ConfigurationEditor.apply([(key, value)], to: FileSettings(), of: "trial")
    }
    let here = FileManager.default.currentDirectoryPath
    let above = URL(fileURLWithPath: "../d").path
    #expect(try apply("files", "/c, a/,../d").files == "/c,\(here)/a,\(above)")
    #expect(try apply("files", "").files == "")
    // A single file may have a comma in its name.
    #expect(try apply("file", "a, b/c.pt").file == "\(here)/a, b/c.pt")
    #expect(try apply("file", "").file == "")
    // A name that is no file here may be one of the data folder's.
    #expect(try apply("file", "absent.pt").file == "absent.pt")
    #expect(try apply("file", "./absent.pt").file == "\(here)/absent.pt")
    #expect(try apply("file", "Package.swift").file == "\(here)/Package.swift")
    // Those of a file that says where to begin are from where it is read.
    var old = FileSettings()
    (old.file, old.files) = ("w/w.pt", "x,y")
    let changed = try ConfigurationEditor.apply([("seed", "1")], to: old, of: "trial")
    #expect(changed.file == "\(here)/w/w.pt" && changed.files == "\(here)/x,\(here)/y")
  }

  @Test func changesWithoutEffect() {
    var settings = FileSettings()
    func remarks(_ changes: (String, String)...) -> [String] {
      ConfigurationEditor.remarks(
        on: changes.map { (key: $0.0, value: $0.1) }, of: settings)
    }
    #expect(
      remarks(("delay", "2"), ("seed", "1")) == [
        "delay=2: has an effect only with is_slow=true"
      ])
    settings.isSlow = true
    #expect(remarks(("delay", "2")) == [])
    let timed = [(key: "epochs", value: "3"), ("steps", "5")]
    var toy = TwoLayerToyConfiguration()
    #expect(
      ConfigurationEditor.remarks(on: timed, of: toy) == [
        "epochs=3: has an effect only with steps=0"
      ])
    toy.steps = 0
    #expect(ConfigurationEditor.remarks(on: timed, of: toy) == [])
  }

  /// Each experiment's own.
  @Test(arguments: [
    (
      "vae-mnist",
      ["latent": nil, "beta": "kind=beta", "window": "kind=lossy", "codebook": "kind=vq"]
    ),
    ("vae-mnist kind=vq", ["latent": "another kind than vq", "commitment": nil]),
    ("cascade", ["inputs": nil, "drawn_test": "data=mnist"]),
    ("cascade data=mnist", ["noise": "data=teacher", "drawn_test": nil]),
    ("vae-2d", ["beta_start": nil]), ("vae-2d beta_rise=0", ["beta_start": "a beta_rise above 0"]),
    (
      "cifar10-vgg",
      ["size": "a member of MedMNIST or data=folder", "momentum": "optimizer=sgd"]
    ),
    (
      "cifar10-vgg data=pathmnist optimizer=sgd",
      ["size": nil, "momentum": nil, "validation": "a set without a validation part of its own"]
    ),
    ("cifar10-resnet", ["backbone_rate": "tune=discriminative", "decay_every": "schedule=step"]),
    ("cifar10-resnet schedule=step", ["decay_every": nil]),
    ("pathmnist-ablation", ["momentum": "optimizer=sgd"]),
    ("pathmnist-ablation variant=sgd", ["momentum": nil]),
  ])
  func settingsWithoutEffect(words: String, expected: [String: String?]) throws {
    let parts = words.split(separator: " ")
    func idle<Kind: Experiment>(_ kind: Kind.Type) throws -> [String: String] {
      let changes = parts.dropFirst().map { change in
        let sides = change.split(separator: "=").map(String.init)
        return (key: sides[0], value: sides[1])
      }
      return try ExperimentRunner.configuration(kind, changes).idle
    }
    let found = try idle(ExperimentCatalogue.experiment(named: String(parts[0])))
    for (key, what) in expected { #expect(found[key] == what, "\(key)") }
  }

  /// What is said of a setting is said of one that there is.
  @Test func namesOfSettingsWithoutEffect() throws {
    func check<Kind: Experiment>(_ kind: Kind.Type) throws {
      for (name, preset) in kind.presets {
        let known = try Set(ConfigurationEditor.settings(of: preset).keys)
        #expect(known.isSuperset(of: preset.idle.keys), "\(kind.information.name) \(name)")
      }
    }
    for kind in ExperimentCatalogue.all { try check(kind) }
  }

  /// Each property is listed, once, with what it means in a phrase.
  @Test(arguments: ExperimentCatalogue.all.map { $0.information.name })
  func everySettingIsListed(name: String) throws {
    let experiment = try ExperimentCatalogue.experiment(named: name)
    let listed = try ExperimentCatalogue.descriptions(of: experiment)
    #expect(
      try listed.map(\.name).sorted()
        == ExperimentCatalogue.defaultSettings(of: experiment).keys.sorted())
    for setting in listed {
      #expect(!setting.meaning.isEmpty && !setting.meaning.hasSuffix("."), "\(setting.name)")
      #expect(!setting.meaning.contains("…"), "\(setting.name): is no phrase of its own")
      #expect(!setting.values.isEmpty, "\(setting.name)")
    }
  }

  /// A range is that of the property of the same name: what is beyond its end is refused under that name.
  @Test(arguments: ExperimentCatalogue.all.map { $0.information.name })
  func everyRangeIsThatOfItsSetting(name: String) throws {
    func check<Kind: Experiment>(_ kind: Kind.Type) throws {
      let usual = try #require(kind.presets["default"])
      for setting in Kind.Configuration.settings {
        guard case .range(let least, let most) = setting.values else { continue }
        let beyond = try #require(Double(most)).rounded() + 1
        let value = try #require(Int(exactly: beyond))
        let shown = most.contains(/[.e]/) ? "\(Double(value))" : "\(value)"
        expectError(.usage, "\(setting.name)=\(shown): has to be in \(least) … \(most)") {
          _ = try ConfigurationEditor.apply(
            [(key: setting.name, value: "\(value)")], to: usual, of: name)
        }
      }
    }
    try check(ExperimentCatalogue.experiment(named: name))
  }

  @Test func augmentationRecipes() throws {
    func apply(_ text: String) throws -> ImageSettings {
      try ConfigurationEditor.apply([("augment", text)], to: ImageSettings(), of: "trial")
    }
    let changed = try apply("standard,mixup0.2")
    #expect(
      changed.augment == AugmentationRecipe(AugmentationRecipe.standard.transforms, mixup: 0.2))
    #expect(
      try ConfigurationEditor.settings(of: changed) == [
        "augment": "flip,crop4,mixup0.2", "seed": "0",
      ])
    #expect(try apply("none") == ImageSettings())
    expectError(
      .usage, "augment: expected mixupα with α from 0 to 100, such as mixup0.2, found mixup"
    ) { _ = try apply("flip,mixup") }
    expectError(
      .usage, "augment=crop0: crop of padding 0; expected a whole number from 1 to 1000"
    ) { _ = try apply("crop0") }
  }

  private func apply(_ changes: (String, String)...) throws -> Settings {
    try ConfigurationEditor.apply(
      changes.map { (key: $0.0, value: $0.1) }, to: Settings(), of: "trial")
  }

  @Test func everyKindOfSetting() throws {
    let changed = try apply(
      ("batch_size", "32"), ("learning-rate", "2.5e-3"), ("is_shuffled", "false"),
      ("pace", "fast"), ("title", "12"), ("seed", "7"))
    #expect(
      changed
        == Settings(
          batchSize: 32, learningRate: 0.0025, isShuffled: false, pace: .fast, title: "12", seed: 7)
    )
    #expect(try apply() == Settings())
  }

  @Test func theLastWordCounts() throws {
    #expect(try apply(("batch_size", "3"), ("batch-size", "4")).batchSize == 4)
  }

  @Test(arguments: [("3", 3.0), ("3.0", 3), ("-0.5", -0.5), ("1e-300", 1e-300), ("1e20", 1e20)])
  func numbersWithAndWithoutFraction(text: String, value: Double) throws {
    #expect(try apply(("learning_rate", text)).learningRate == value)
  }

  @Test(arguments: [("1e2", 100), ("50.0", 50), ("+7", 7)])
  func wholeNumbersHoweverWritten(text: String, value: Int) throws {
    #expect(try apply(("batch_size", text)).batchSize == value)
  }

  /// A double has 53 bits, and a seed 64.
  @Test(arguments: [UInt64(1) << 53 + 1, 12_345_678_901_234_567, .max, UInt64(Int64.max)])
  func seedsKeepAllTheirDigits(seed: UInt64) throws {
    let changed = try apply(("seed", "\(seed)"), ("batch_size", "2"))
    #expect(changed.seed == seed)
    // Also when something else is changed later.
    let again = try ConfigurationEditor.apply(
      [(key: "batch_size", value: "3")], to: changed, of: "trial")
    #expect(again.seed == seed)
  }

  @Test(arguments: [
    (
      "batchsize", "1",
      "trial: there is no setting named batchsize; did you mean batch_size? (there are batch_size, "
        + "is_shuffled, learning_rate, pace, seed, title)"
    ),
    (
      "zzzzzzzzz", "1",
      "trial: there is no setting named zzzzzzzzz (there are batch_size, is_shuffled, learning_rate, "
        + "pace, seed, title)"
    ),
    ("batch_size", "many", "batch_size=many: expected a whole number"),
    ("batch_size", "", "batch_size=: expected a whole number"),
    ("seed", "one", "seed=one: expected a whole number"),
    ("learning_rate", "abc", "learning_rate=abc: expected a number"),
    ("learning_rate", "inf", "learning_rate=inf: expected a number"),
    ("learning_rate", "nan", "learning_rate=nan: expected a number"),
    ("is_shuffled", "1", "is_shuffled=1: expected true or false"),
    ("is-shuffled", "yes", "is_shuffled=yes: expected true or false"),
    ("pace", "quick", "pace=quick: expected slow or fast"),
    ("batch_size", "1.5", "batch_size=1.5: expected a whole number"),
    ("batch-size", "1e30", "batch_size=1e30: expected a smaller whole number"),
    ("seed", "-1", "seed=-1: expected a whole number from 0"),
    ("seed", "18446744073709551616", "seed=18446744073709551616: expected a smaller whole number"),
    ("batch_size", "0", "batch_size=0: has to be in 1 … 100"),
    ("batch_size", "101", "batch_size=101: has to be in 1 … 100"),
  ])
  func whatIsWrong(key: String, value: String, message: String) {
    expectError(.usage, message) { _ = try apply((key, value)) }
  }

  @Test func settingsAsText() throws {
    #expect(
      try ConfigurationEditor.settings(of: Settings())
        == [
          "batch_size": "16", "learning_rate": "1", "is_shuffled": "true", "pace": "slow",
          "title": "a", "seed": "0",
        ])
  }
}
