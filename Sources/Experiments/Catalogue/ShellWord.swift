/// A word as a shell reads it back: in single quotes where it holds anything that a shell would not leave alone.
public func shellWord(_ text: String) -> String {
  text.wholeMatch(of: /[\w=,.+\/:@%-]+/) != nil
    ? text : "'" + text.replacing("'", with: "'\\''") + "'"
}
