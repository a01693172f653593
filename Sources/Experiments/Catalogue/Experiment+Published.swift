extension Experiment {
  /// The test accuracy that the source gives for its own run, where a run is trained as one of the presets is: beside
  /// that of other settings it would say nothing.
  static func publishedAccuracy(for configuration: Configuration) -> Double? {
    presets.values.contains { trainsAlike(configuration, $0) }
      ? information.publishedAccuracy : nil
  }

  /// Whether two configurations differ in nothing but what is drawn, how exactly and by which way the same is worked
  /// out, when the test part is looked at, and what stands beside the run.
  private static func trainsAlike(_ one: Configuration, _ other: Configuration) -> Bool {
    guard let changes = try? ConfigurationEditor.changedSettings(from: other, to: one) else {
      return false
    }
    let free = ["seed", "precision", "gradients", "test", "drawn_train", "drawn_test"]
    let idle = ConfigurationEditor.idleChanges(changes, of: one)
    return changes.allSatisfy { key, _ in
      free.contains(key) || idle[key] != nil || Configuration.pathLists.contains(key)
    }
  }
}
