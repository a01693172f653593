import Testing

@testable import Figures

@Suite struct PolylineTests {
  @Test func lines() {
    #expect(Polyline.path([(0, 1), (10.04, 2), (20, 3.25)]) == "M0 1L10 2L20 3.3")
    #expect(Polyline.path([]) == "")
  }

  @Test func missingPointsBreakTheLine() {
    #expect(
      Polyline.path([nil, (0, 1), (10, 2), nil, nil, (30, 3), nil]) == "M0 1L10 2M30 3h0")
  }

  @Test func ofEachColumnTheExtremesStay() {
    let points = [3.0, 1, 9, 4, 5].enumerated().map {
      (x: 7 + Double($0.offset) / 10, y: $0.element)
    }
    let kept = Polyline.thinned(points + [(8, 2)])
    #expect(kept.map(\.y) == [1, 9, 2])
  }

  @Test func aConstantColumnIsOnePoint() {
    #expect(Polyline.thinned([(1, 5), (1.1, 5), (1.2, 5)]).count == 1)
  }

  @Test func anyLengthThinsToTwoPointsPerColumn() {
    let points = (0..<200_000).map { (i: Int) -> (x: Double, y: Double) in
      (Double(i) / 400, Double(i * 7919 % 1000))
    }
    let kept = Polyline.thinned(points)
    #expect(kept.count == 1000)
    #expect(kept.map(\.y).max() == 999)
    #expect(kept.map(\.y).min() == 0)
  }

  @Test func dotsOnTheSameHalfPixelAreOne() {
    #expect(Polyline.dots([(1, 2), (1.1, 2.1), nil, (3, 4)]) == "M1 2h0M3 4h0")
  }

  @Test func farPointsAreClamped() {
    #expect(Polyline.path([(0, 1e300), (1, -1e300)]) == "M0 100000L1 -100000")
  }
}
