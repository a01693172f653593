import Attribution
import Checkpoints
import Datasets
import Figures
import Foundation
import Tensors
import Training

/// `adjoint visualize`
public enum Visualization {
  /// What was written and found.
  public struct Outcome: Sendable {
    /// The page.
    public let page: URL
    /// What was found, as rows of a table: the prediction, the completeness gap.
    public let rows: [[String]]
  }

  /// Looks into the network of a run and writes PNG files and a page.
  ///
  /// - Parameters:
  ///   - request: at what, and how.
  ///   - note: is told in one line what takes its time.
  /// - Throws: `AdjointError` if the run is none of a classifier of images, if a class, sample, layer or unit is
  ///   not there, or if the network has nothing of what was asked for.
  public static func run(
    _ request: VisualizationRequest, note: (String) -> Void
  ) throws -> Outcome {
    try request.requireUsed()
    let run = try RunDirectory(opening: request.run)
    let name = try RunDirectory.read(SavedName.self, from: run.configuration).experiment
    let folder = run.folder.appendingPathComponent("visualize", isDirectory: true)
    let network = try examined(run, of: ExperimentCatalogue.experiment(named: name), request)
    if let words = try ExperimentRunner.unfinished(run) { note("\(run.folder.path): \(words)") }
    return try view(network, of: name, request, in: folder, note: note)
  }

  /// The network of a run, with its images where the request needs them.
  private static func examined(
    _ run: RunDirectory, of kind: any Experiment.Type, _ request: VisualizationRequest
  ) throws -> ExaminedNetwork {
    func other() -> AdjointError {
      let known = ExperimentCatalogue.all.filter { $0 is any LookingInside.Type }
        .map { $0.information.name }.joined(separator: ", ")
      return AdjointError(
        .usage,
        "\(kind.information.name): has no classifier of images to look into; those that have are \(known)"
      )
    }
    guard let kind = kind as? any LookingInside.Type else { throw other() }
    let alone = request.image == nil ? nil : try kind.examinedWithoutData(of: run)
    if let alone, !request.needsData { return alone }
    do {
      let opened = try ExperimentRunner.open(run, data: request.data)
      guard let experiment = opened.experiment as? any LookingInside else { throw other() }
      return experiment.examined
    } catch let error as AdjointError where alone != nil {
      throw AdjointError(
        error.kind, "\(error.message); with --baseline black a picture needs no data")
    }
  }

  /// Looks into a network, and writes to the folder of the request, or to one in `parent` that is called after it.
  ///
  /// What an earlier page of the same request left in that folder is removed.
  static func view(
    _ examined: ExaminedNetwork, of name: String, _ request: VisualizationRequest,
    in parent: URL, note: (String) -> Void
  ) throws -> Outcome {
    let subject = try Subject(examined, request)
    let views = Views(subject, request)
    let panels =
      try request.what.isEmpty
      ? VisualizationRequest.What.allCases.compactMap { what in
        do { return try views.panel(what, note) } catch let error as NotSuited {
          note("\(what.rawValue): left out, for \(error.reason)")
          return nil
        }
      }
      : request.what.map { what in
        do { return try views.panel(what, note) } catch let error as NotSuited {
          throw AdjointError(.usage, "\(what.rawValue): \(error.reason)")
        }
      }
    let folder =
      request.output
      ?? parent.appendingPathComponent(
        request.folderName(of: subject.folderName), isDirectory: true)
    try OutputFolder.prepare(folder)
    if request.output == nil { try removePage(in: folder) }
    for panel in panels {
      for (name, image) in panel.files {
        try AtomicFile.write(PNG.encode(image), to: folder.appendingPathComponent("\(name).png"))
      }
    }
    let page = folder.appendingPathComponent("index.html")
    try AtomicFile.write(
      Data(report(name, subject, panels).html().utf8), to: page)
    return Outcome(page: page, rows: subject.rows + panels.flatMap(\.rows))
  }

  /// Takes away a page and its pictures, the page first: one that stands has all of its own.
  private static func removePage(in folder: URL) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    for name in ["index.html"] + names.filter({ $0.hasSuffix(".png") }) {
      let path = folder.appendingPathComponent(name).path
      guard unlink(path) == 0 || errno == ENOENT else {
        throw AdjointError(
          .cannotWrite, "\(path): cannot be removed: \(String(cString: strerror(errno)))")
      }
    }
  }

  private static func report(_ name: String, _ subject: Subject, _ panels: [Panel]) -> Report {
    let table = Report.Table(
      header: ["class", "logit", "probability"],
      rows: subject.ranking.prefix(5).map { index in
        [
          subject.name(of: index), Subject.number(subject.logits[index], 3),
          String(format: "%.1f %%", subject.probabilities[index] * 100),
        ]
      },
      caption: subject.explained == subject.predicted
        ? "The classes it finds most likely. The first one is explained below."
        : "The classes it finds most likely. Explained below is \(subject.name(of: subject.explained))."
    )
    let large = subject.picture.enlarged(by: subject.enlargement)
    return Report(
      title: "What \(name) sees", subtitle: "\(subject.source).",
      keyFigures: subject.keyFigures,
      sections: [
        Report.Section(
          "The image",
          [
            .row([
              (
                ImageGrid(
                  tiles: [.init(large, caption: subject.caption, mark: subject.mark)], columns: 1,
                  tileWidth: 260), ""
              )
            ]), .table(table),
          ])
      ] + panels.map(\.section), footer: "Adjoint \(adjointVersion)")
  }
}

/// A way to look that does not suit a network; the command says so if it was asked for by name.
struct NotSuited: Error {
  let reason: String
}

/// What one way of looking found.
struct Panel {
  /// What stands on the page.
  let section: Report.Section
  /// The PNG files by their names without ending.
  let files: [(name: String, image: PixelImage)]
  /// What is printed.
  var rows: [[String]] = []
}
