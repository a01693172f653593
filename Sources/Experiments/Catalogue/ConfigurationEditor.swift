import Checkpoints
import Datasets
import Foundation
import Tensors
import Training

/// Changes single settings of a configuration by name, as `--set key=value` asks.
enum ConfigurationEditor {
  /// A copy with the settings changed.
  ///
  /// - Parameters:
  ///   - configuration: where to begin.
  ///   - changes: names in snake case (a hyphen stands for an underscore) and values as text.
  ///   - experiment: its name, for messages.
  ///
  /// A configuration with a number of steps goes by them; it no longer does where epochs are asked for and steps are
  /// not.
  ///
  /// - Throws: `AdjointError` for a name it does not have, with the nearest, and for a value of the wrong
  ///   type or out of range.
  static func apply<Configuration: ExperimentConfiguration>(
    _ changes: [(key: String, value: String)], to configuration: Configuration,
    of experiment: String
  ) throws -> Configuration {
    var settings = try dictionary(of: configuration)
    var changed = configuration
    let keys = Set(changes.map(\.key))
    let goesByEpochs =
      keys.contains("epochs") && !keys.contains("steps") && settings["steps"] != nil
    for (name, value) in changes + (goesByEpochs ? [("steps", "0")] : []) {
      let key = name.replacing("-", with: "_")
      guard let old = settings[key] else {
        throw AdjointError(
          .usage, "\(experiment): " + unknown("setting", key, among: settings.keys.sorted()))
      }
      settings[key] = try parse(value, like: old, key, Configuration.choices[key]) {
        isWhole(key, of: Configuration.self, settings)
      }
      let data = try JSONSerialization.data(withJSONObject: settings)
      // One by one: the decoder does not say which number it could not represent.
      do { changed = try RunDirectory.decoder.decode(Configuration.self, from: data) } catch let
        error
        as DecodingError
      {
        throw AdjointError(
          .usage, "\(key)=\(value): \(misfit(value) ?? error.sentence(isSnakeCase: true))")
      }
    }
    try changed.validate()
    return try rooted(changed)
  }

  /// A copy whose files and folders are named from the root: a run is also looked at from other folders than the one it
  /// was begun in. A name that is no file here stays what it is: it may be one of `pretrained/`.
  static func rooted<Configuration: ExperimentConfiguration>(
    _ configuration: Configuration
  ) throws -> Configuration {
    var settings = try dictionary(of: configuration)
    for key in Configuration.paths + Configuration.pathLists {
      settings[key] = (settings[key] as? String).map { rooted($0, key, Configuration.self) }
    }
    return try RunDirectory.decoder.decode(
      Configuration.self, from: JSONSerialization.data(withJSONObject: settings))
  }

  /// A setting's value, where it is a file, a folder or a list of them named from the root.
  static func rooted<Configuration: ExperimentConfiguration>(
    _ value: String, _ key: String, _ configuration: Configuration.Type
  ) -> String {
    func root(_ path: String) -> String {
      path.isEmpty ? path : URL(fileURLWithPath: path).path
    }
    if Configuration.pathLists.contains(key) {
      return value.split(separator: ",").map { root($0.trimmingCharacters(in: .whitespaces)) }
        .joined(separator: ",")
    }
    guard Configuration.paths.contains(key), !DataDirectory.isOnlyName(value) else { return value }
    return root(value)
  }

  /// What to say of the changes that come to nothing, beside the other settings.
  static func remarks(
    on changes: [(key: String, value: String)], of configuration: some ExperimentConfiguration
  ) -> [String] {
    let idle = idleChanges(changes, of: configuration)
    return changes.compactMap { key, value in
      idle[key].map { "\(key)=\(value): has an effect only with \($0)" }
    }
  }

  /// Those of the changes that the other settings leave without effect, each with what would give it one.
  static func idleChanges(
    _ changes: [(key: String, value: String)], of configuration: some ExperimentConfiguration
  ) -> [String: String] {
    var idle = configuration.idle
    if let timed = configuration as? any TimedConfiguration, timed.steps > 0 {
      idle["epochs"] = "steps=0"
    }
    var found: [String: String] = [:]
    for (key, _) in changes { found[key] = idle[key.replacing("-", with: "_")] }
    return found
  }

  /// The settings by name, with their values as text.
  static func settings(of configuration: some ExperimentConfiguration) throws -> [String: String] {
    try dictionary(of: configuration).mapValues { text($0) ?? "\($0)" }
  }

  /// The settings of a configuration that another has not, as `key=value` in alphabetical order.
  static func changes<Configuration: ExperimentConfiguration>(
    from base: Configuration, to changed: Configuration
  ) throws -> [String] {
    try changedSettings(from: base, to: changed).map { "\($0.key)=\($0.value)" }.sorted()
  }

  /// The same by name, in no order.
  static func changedSettings<Configuration: ExperimentConfiguration>(
    from base: Configuration, to changed: Configuration
  ) throws -> [(key: String, value: String)] {
    let usual = try settings(of: base)
    return try settings(of: changed).filter { usual[$0.key] != $0.value }
      .map { (key: $0.key, value: $0.value) }
  }

  /// A value as `--set` takes it; nil for what is neither text, number, true nor false.
  static func text(_ value: Any) -> String? {
    if let text = value as? String { return text }
    guard let number = value as? NSNumber else { return nil }
    return CFBooleanCheck.isBoolean(number) ? "\(number.boolValue)" : "\(number)"
  }

  private static func dictionary(
    of configuration: some ExperimentConfiguration
  ) throws -> [String: Any] {
    let object = try JSONSerialization.jsonObject(with: RunDirectory.encoder.encode(configuration))
    return object as? [String: Any] ?? [:]
  }

  /// Why a number does not fit the setting's type, such as 1.5 for a number of units.
  private static func misfit(_ text: String) -> String? {
    guard let value = Double(text) else { return nil }
    if value != value.rounded() { return "expected a whole number" }
    return value < 0 ? "expected a whole number from 0" : "expected a smaller whole number"
  }

  /// Whether a setting takes whole numbers alone: whether it does not take a half.
  private static func isWhole<Configuration: ExperimentConfiguration>(
    _ key: String, of configuration: Configuration.Type, _ settings: [String: Any]
  ) -> Bool {
    let half = settings.merging([key: 0.5]) { $1 }
    return (try? JSONSerialization.data(withJSONObject: half)).map {
      (try? RunDirectory.decoder.decode(Configuration.self, from: $0)) == nil
    } ?? false
  }

  private static func parse(
    _ text: String, like old: Any, _ key: String, _ choices: [String]?, isWhole: () -> Bool
  ) throws -> Any {
    func wrong(_ expected: String) -> AdjointError {
      AdjointError(.usage, "\(key)=\(text): expected \(expected)")
    }
    switch old {
    case is String:
      if let choices, !choices.contains(text) {
        throw wrong(choices.joined(separator: " or "))
      }
      return text
    case let number as NSNumber where CFBooleanCheck.isBoolean(number):
      guard let value = Bool(text) else { throw wrong("true or false") }
      return value
    default:
      // A double has fewer digits than a seed.
      if let whole = Int(text) { return whole }
      if let whole = UInt64(text) { return whole }
      guard let value = Double(text), value.isFinite else {
        throw wrong(isWhole() ? "a whole number" : "a number")
      }
      // Whole numbers stay whole: a decoder takes 50.0 for an Int, and refuses 50.5, in words.
      return value == value.rounded() && abs(value) < 1e15 ? Int(value) : value
    }
  }
}

/// Tells JSON's true and false from its numbers.
private enum CFBooleanCheck {
  static func isBoolean(_ number: NSNumber) -> Bool {
    // swift-corelibs-foundation boxes booleans as the character type of Objective-C's BOOL.
    String(cString: number.objCType) == "c"
  }
}
