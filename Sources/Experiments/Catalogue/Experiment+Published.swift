extension Experiment {
  /// What to say of a run's metrics, by their names: the figures that the source gives, where the run is trained as a
  /// preset that they are of. Beside those of other settings they would say nothing.
  static func publishedNotes(for configuration: Configuration) -> [String: String] {
    let alike = presets.filter { trainsAlike(configuration, $0.value) }.keys
    let figures = information.figures.filter { figure in
      figure.preset.map(alike.contains) ?? !alike.isEmpty
    }
    let notes = figures.map { ($0.metric, PublishedFigure.note($0.metric, $0.value)) }
    return Dictionary(notes) { first, _ in first }
  }

  /// Whether two configurations differ in nothing but what is drawn, how exactly and by which way the same is worked
  /// out, when the test part is looked at, and what stands beside the run.
  private static func trainsAlike(_ one: Configuration, _ other: Configuration) -> Bool {
    guard let changes = try? ConfigurationEditor.changedSettings(from: other, to: one) else {
      return false
    }
    let free =
      ["seed", "precision", "gradients", "drawn_train", "drawn_test", "drawn_rows"]
      + Configuration.idleInTraining
    let idle = ConfigurationEditor.idleChanges(changes, of: one)
    return changes.allSatisfy { key, _ in free.contains(key) || idle[key] != nil }
  }
}
