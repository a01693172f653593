import Figures
import Tensors

extension Report.Section {
  /// A section that sets a run beside others, or says why those cannot stand there any more: the rest of the report
  /// needs none of them.
  static func beside(
    _ title: String, _ section: () throws -> Report.Section
  ) throws -> Report.Section {
    do { return try section() } catch let error as AdjointError
      where [.noInput, .usage].contains(error.kind)
    {
      return Report.Section(
        title, [.paragraph("What this run was to stand beside cannot be shown: \(error.message).")])
    }
  }
}
