extension DecodingError {
  /// What is wrong, in one sentence, with the path of the key as the file spells it.
  ///
  /// - Parameter isSnakeCase: whether the file has `batch_size` for `batchSize`.
  public func sentence(isSnakeCase: Bool) -> String {
    func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      let keys = (context.codingPath + (last.map { [$0] } ?? [])).map(\.stringValue)
      // A key may come from the file: it is shown as strings of files are, without the quotes.
      let path = String(JSONText.shown(keys.joined(separator: ".")).dropFirst().dropLast())
      return isSnakeCase ? path.replacing(/[A-Z]/) { "_\($0.output.lowercased())" } : path
    }
    return switch self {
    case .keyNotFound(let key, let context): "expected the key \(path(context, key)), found none"
    case .typeMismatch(let type, let context), .valueNotFound(let type, let context):
      "expected \(type) for \(path(context)), found something else"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "expected JSON, found something else" : "\(path(context)): \(context.debugDescription)"
    @unknown default: "is not what was expected"
    }
  }
}
