extension Sweep {
  /// What to say of trials of which there are no more, and of settings that the others of a trial leave without effect.
  public func remarks() throws -> [String] {
    let isWhole = request.drawing != nil && request.trials == space.combinations
    let end = "\(request.trials) trials: these settings have no more combinations"
    return (isWhole ? [end] : [])
      + (try remarks(ExperimentCatalogue.experiment(named: request.experiment)))
  }

  private func remarks<Kind: Experiment>(_ kind: Kind.Type) throws -> [String] {
    var trials: [String: Int] = [:]
    for trial in 0..<request.trials {
      let changes = request.changes(trial, in: space)
      let idle = ConfigurationEditor.idleChanges(
        changes, of: try ExperimentRunner.configuration(kind, changes))
      for (key, cure) in idle { trials["\(key): has an effect only with \(cure)", default: 0] += 1 }
    }
    return trials.sorted { $0.key < $1.key }.map {
      "\($0.key), which \($0.value) of \(request.trials) trials have not"
    }
  }
}
