/// A line of a CSV file, as RFC 4180 wants it.
///
/// By scalars: a mark that follows a comma or a quote would make another letter of it.
func csvLine(_ cells: [String]) -> String {
  func quoted(_ cell: String) -> String {
    guard cell.unicodeScalars.contains(where: { ",\"\n\r".unicodeScalars.contains($0) }) else {
      return cell
    }
    var text = "\""
    for scalar in cell.unicodeScalars {
      if scalar == "\"" { text.unicodeScalars.append(scalar) }
      text.unicodeScalars.append(scalar)
    }
    return text + "\""
  }
  return cells.map(quoted).joined(separator: ",") + "\r\n"
}
