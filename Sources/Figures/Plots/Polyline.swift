/// A curve in pixels as the text of an SVG path.
enum Polyline {
  typealias Point = (x: Double, y: Double)

  /// Lines from point to point, broken where a point is missing.
  ///
  /// Of successive points in one column of pixels only the lowest and the highest are kept: nothing more could be seen,
  /// and a curve of 200,000 steps becomes a few kilobytes.
  static func path(_ points: [Point?]) -> String {
    var path = ""
    var run: [Point] = []
    for point in points {
      if let point {
        run.append(point)
      } else {
        append(run, to: &path)
        run = []
      }
    }
    append(run, to: &path)
    return path
  }

  /// A dot for each point, drawn by round line ends; points on the same half pixel are one.
  static func dots(_ points: [Point?]) -> String {
    struct Place: Hashable {
      let x: Int
      let y: Int
    }
    var seen: Set<Place> = []
    var path = ""
    for case .some(let point) in points {
      let place = Place(
        x: Int((clamp(point.x) * 2).rounded()), y: Int((clamp(point.y) * 2).rounded()))
      if seen.insert(place).inserted {
        path += "M\(tenth(Double(place.x) / 2)) \(tenth(Double(place.y) / 2))h0"
      }
    }
    return path
  }

  private static func append(_ run: [Point], to path: inout String) {
    let kept = thinned(run)
    for (index, point) in kept.enumerated() {
      path += "\(index == 0 ? "M" : "L")\(tenth(point.x)) \(tenth(point.y))"
    }
    // A lone point between gaps: a line of no length, which round ends make visible.
    if kept.count == 1 { path += "h0" }
  }

  static func thinned(_ points: [Point]) -> [Point] {
    var kept: [Point] = []
    var start = 0
    while start < points.count {
      let column = clamp(points[start].x).rounded(.down)
      var end = start + 1
      while end < points.count, clamp(points[end].x).rounded(.down) == column { end += 1 }
      if end - start <= 2 {
        kept += points[start..<end]
      } else {
        var (lowest, highest) = (start, start)
        for index in start..<end {
          if points[index].y < points[lowest].y { lowest = index }
          if points[index].y > points[highest].y { highest = index }
        }
        kept += Set([lowest, highest]).sorted().map { points[$0] }
      }
      start = end
    }
    return kept
  }

  private static func clamp(_ value: Double) -> Double { min(max(value, -1e5), 1e5) }

  private static func tenth(_ value: Double) -> String {
    Markup.number((clamp(value) * 10).rounded() / 10)
  }
}
