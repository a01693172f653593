import Figures
import Foundation

extension RunReport {
  /// What determined the run, and where it ran.
  ///
  /// - Parameters:
  ///   - environment: where it ran.
  ///   - configuration: what determined it.
  ///   - seconds: how long it trained; nil where that is not known of all of it.
  public static func provenance(
    _ environment: RunEnvironment, configuration: String, seconds: Double? = nil
  ) -> Report.Section {
    Report.Section(
      "How it was made",
      [
        .table(
          .init(
            rows: rows(of: environment, seconds) + resumptions(of: environment))),
        .preformatted(configuration),
      ])
  }

  private static func rows(of environment: RunEnvironment, _ seconds: Double?) -> [[String]] {
    [
      ["data", environment.data],
      ["started", date(environment.started)],
    ] + (seconds.map { [["trained in", duration($0)]] } ?? []) + [
      [
        "processor",
        "\(environment.processor), \(RunEnvironment.vectors(environment.vectorTarget))",
      ],
      ["threads", "\(environment.threads) of \(environment.cores) cores"],
      ["Adjoint", environment.version], ["oneDNN", environment.onednn],
      ["system", environment.system], ["compiler", environment.compiler ?? "–"],
    ]
  }

  /// `0:42 min`, `1:02:03 h`
  public static func duration(_ seconds: Double) -> String {
    ProgressDisplay.clock(seconds) + (seconds.rounded(.up) < 3600 ? " min" : " h")
  }

  /// `2026-07-01 12:34 UTC`
  private static func date(_ date: Date) -> String {
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "yyyy-MM-dd HH:mm 'UTC'"
    return format.string(from: date)
  }

  /// After how many steps the run was gone on with, and where that was otherwise than before.
  private static func resumptions(of environment: RunEnvironment) -> [[String]] {
    let all = environment.resumptions ?? []
    guard !all.isEmpty else { return [] }
    var before = environment.asBegun
    let differences = all.compactMap { one -> String? in
      defer { before = one }
      let changes = before.changes(in: one)
      return changes.isEmpty ? nil : "step \(one.step): \(changes.joined(separator: ", "))"
    }
    let shown = all.prefix(10).map { "\($0.step)" } + (all.count > 10 ? ["…"] : [])
    return [["gone on with after steps", shown.joined(separator: ", ")]]
      + (differences.isEmpty
        ? [] : [["otherwise than before", differences.joined(separator: "; ")]])
  }
}
