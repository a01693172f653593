extension SweepRequest {
  /// Names the files and folders among the settings from the root: a sweep is also gone on with from other folders.
  mutating func rootPaths() throws {
    space = try rooted(ExperimentCatalogue.experiment(named: experiment))
  }

  private func rooted<Kind: Experiment>(_ kind: Kind.Type) throws -> [String] {
    try SearchSpace(space).dimensions.map { dimension in
      guard let list = dimension.list else { return dimension.text }
      let values = list.map {
        ConfigurationEditor.rooted($0, dimension.key, Kind.Configuration.self)
      }
      if values == list { return dimension.text }
      guard values.contains(where: { $0.contains(",") }) else {
        return "\(dimension.key)=\(values.joined(separator: ","))"
      }
      return "\(dimension.key)=\(values.joined(separator: "|"))" + (values.count == 1 ? "|" : "")
    }
  }
}
