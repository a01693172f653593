import ArgumentParser
import Experiments

/// `adjoint list`
struct ListCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract:
      "Show the experiments: what, data, target, source; of one also what its settings mean.")

  @Argument(help: ArgumentHelp("An experiment; all by default.", valueName: "name"))
  var name: String?

  @Flag(help: "Print one JSON array.")
  var json = false

  private struct Row: Encodable {
    let name, summary, data, target, source: String
    let published: String?
    let reached: String
    let presets: [String]
    let settings: [String: String]
    let choices: [String: [String]]
    let descriptions: [SettingDescription]
  }

  func run() throws {
    let chosen = try name.map { [try ExperimentCatalogue.experiment(named: $0)] }
    let rows = try (chosen ?? ExperimentCatalogue.all).map { experiment in
      let information = experiment.information
      return Row(
        name: information.name, summary: information.summary, data: information.data,
        target: information.target, source: information.source,
        published: information.published, reached: information.reached,
        presets: ExperimentCatalogue.presets(of: experiment),
        settings: try ExperimentCatalogue.defaultSettings(of: experiment),
        choices: ExperimentCatalogue.choices(of: experiment),
        descriptions: try ExperimentCatalogue.descriptions(of: experiment))
    }
    if json { return try Console.printJSON(rows) }
    for row in rows {
      let settings = row.settings.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
      let brief = [
        ["  presets", row.presets.joined(separator: ", ")],
        ["  settings", settings.joined(separator: " ")],
      ]
      try Console.result(row.name)
      try Console.result(
        Console.table(
          [
            ["  what", row.summary], ["  data", row.data], ["  target", row.target],
            ["  source", row.source], ["  published", row.published ?? "–"],
            ["  reached", row.reached],
          ] + (chosen == nil ? brief : [])))
    }
    guard let chosen, let row = rows.first else { return }
    try Console.result("\nsettings, as --set takes them")
    try Console.result(
      Console.definitions(
        row.descriptions.map { ("\($0.name)=\($0.default)", "\($0.meaning) (\($0.values))") }))
    let presets = try ExperimentCatalogue.presetsTable(of: chosen[0])
    try Console.result("\npresets, as --set preset=NAME takes them")
    try Console.result(Console.definitions(presets.map { ($0[0], $0[1]) }))
  }
}
