/// `there is no experiment named mnist-mpl; did you mean mnist-mlp? (there are etth1, mnist-mlp)`
package func unknown(_ kind: String, _ name: String, among names: [String]) -> String {
  let nearest = names.min { editDistance($0, name) < editDistance($1, name) }
  let isNear = nearest.map { editDistance($0, name) <= max(2, name.count / 2) } ?? false
  let hint = isNear ? "; did you mean \(nearest ?? "")?" : ""
  return "there is no \(kind) named \(name)\(hint) (there \(names.count == 1 ? "is" : "are") "
    + "\(names.sorted().joined(separator: ", ")))"
}

/// The least number of insertions, deletions and substitutions that turn one word into the other
/// (Levenshtein 1966).
func editDistance(_ a: String, _ b: String) -> Int {
  let (a, b) = (Array(a), Array(b))
  var row = Array(0...b.count)
  for (i, x) in a.enumerated() {
    var diagonal = row[0]
    row[0] = i + 1
    for (j, y) in b.enumerated() {
      let above = row[j + 1]
      row[j + 1] = min(above + 1, row[j] + 1, diagonal + (x == y ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.count]
}
