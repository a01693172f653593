import Checkpoints
import Figures
import Foundation
import Training

extension ExperimentRunner {
  /// Writes the report of a run and its figures.
  ///
  /// - Parameter remark: what is to be known of a run that is not over: "is not over: …".
  static func writeReport<Kind: Experiment>(
    _ experiment: Kind, _ run: RunDirectory, metrics: [String: Double], history: History,
    remark: String? = nil
  ) throws {
    let environment = try RunDirectory.read(RunEnvironment.self, from: run.environment)
    let configuration = String(decoding: try StrictJSON.read(run.configuration), as: UTF8.self)
    let seconds = try seconds(of: run)
    let measured = bestEpoch(experiment.plan, history)
    let steps = (taken: history.losses.count, ofEpoch: experiment.task.stepsPerEpoch)
    // Of weights that are those of another place nothing stands there.
    let endsInside =
      remark == nil && experiment.plan.keepBest == nil && steps.taken % steps.ofEpoch > 0
    let report = Report(
      title: Kind.information.name,
      subtitle: "\(experiment.summary). Data: \(withoutSums(environment.data))"
        + (unpublished(experiment.dataFiles).isEmpty ? "." : ", \(unpublishedWords).")
        + (try changes(Kind.self, run)) + (measured.isEmpty ? "" : " Weights: \(measured).")
        + (remark.map { " The run \($0)." } ?? ""),
      keyFigures: experiment.keyFigures(metrics),
      sections: [
        RunReport.curves(
          of: history, leavingOut: experiment.metricsDrawn,
          end: endsInside ? (Double(steps.taken) / Double(steps.ofEpoch), metrics) : nil)
      ]
        + (try experiment.reportSections(
          of: RunRecord(history: history, metrics: metrics, folder: run)))
        + [
          RunReport.provenance(environment, configuration: configuration, seconds: seconds)
        ],
      footer: "Adjoint \(adjointVersion)")
    try AtomicFile.write(Data(report.html().utf8), to: run.report)
    try run.write(figuresOf: report)
  }

  /// What the data are without the beginnings of their checksums, which stand among what determined the run.
  static func withoutSums(_ description: String) -> String {
    description.replacing(/\ \([^()]*SHA-256 [^()]*\)/, with: "")
  }

  /// Which epoch's weights were measured, where the plan keeps the best and that was not the last; else empty.
  static func bestEpoch(_ plan: TrainingPlan, _ history: History) -> String {
    guard let rule = plan.keepBest, let best = rule.best(of: history.epochs),
      best.step < history.losses.count
    else { return "" }
    return "those after epoch \(best.epoch) (step \(ProgressDisplay.grouped(best.step)) of "
      + "\(ProgressDisplay.grouped(history.losses.count))), the best of \(history.epochs.count) by "
      + rule.metric
  }

  /// The settings in which a run is not the experiment as it is by default; nothing where there are none.
  private static func changes<Kind: Experiment>(
    _ kind: Kind.Type, _ run: RunDirectory
  ) throws -> String {
    guard let base = kind.presets["default"] else { return "" }
    let saved = try RunDirectory.read(
      SavedConfiguration<Kind.Configuration>.self, from: run.configuration)
    // Which runs stand beside it changes nothing of the run.
    let changed = try ConfigurationEditor.changes(from: base, to: saved.configuration)
      .filter { change in
        !Kind.Configuration.pathLists.contains { change.hasPrefix("\($0)=") }
      }
    return changed.isEmpty ? "" : " Changed: \(changed.joined(separator: ", "))."
  }
}
