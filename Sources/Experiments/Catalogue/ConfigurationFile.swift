import Checkpoints
import Foundation
import Tensors

/// A configuration that `train --config` takes: a run's `configuration.json`, or a sweep's `best.json`.
///
/// It may leave settings out, which then are the default's; one that the experiment does not have is an error.
struct ConfigurationFile {
  private let path: String
  private let experiment: String
  private let settings: [(key: String, value: String)]

  /// Reads a file.
  ///
  /// - Throws: `AdjointError` that names the file: it cannot be read, it is no configuration, or it is one of
  ///   another experiment.
  init(_ file: URL, of experiment: String) throws {
    path = file.path
    self.experiment = experiment
    let data = try StrictJSON.read(file)
    func wrong(_ expected: String) -> AdjointError {
      AdjointError(.badData, "\(file.path): expected \(expected)")
    }
    guard let object = try? JSONSerialization.jsonObject(with: data) else {
      throw wrong("JSON, found something else")
    }
    guard let object = object as? [String: Any], let name = object["experiment"] as? String,
      let configuration = object["configuration"] as? [String: Any]
    else { throw wrong("an object with the keys experiment and configuration") }
    guard name == experiment else {
      throw AdjointError(.usage, "\(path): is a configuration of \(name), not of \(experiment)")
    }
    settings = try configuration.sorted { $0.key < $1.key }.map { key, value in
      guard let text = ConfigurationEditor.text(value) else {
        throw wrong("a text, a number, true or false for \(key)")
      }
      return (key, text)
    }
  }

  /// A configuration with the file's settings.
  ///
  /// - Throws: `AdjointError` of bad data that names the file and the setting.
  func apply<Configuration: ExperimentConfiguration>(
    to configuration: Configuration
  ) throws -> Configuration {
    do {
      return try ConfigurationEditor.apply(settings, to: configuration, of: experiment)
    } catch let error as AdjointError {
      throw AdjointError(.badData, "\(path): \(error.message)")
    }
  }
}
