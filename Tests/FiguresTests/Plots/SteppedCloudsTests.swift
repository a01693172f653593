import TestSupport
import Testing

@testable import Figures

@Suite struct SteppedCloudsTests {
  private func figure(_ steps: Int) -> SteppedClouds {
    let fixed = PointCloud("data", x: [0.5], y: [0.5])
    let moving = (0..<steps).map { PointCloud("generated", x: [Double($0) / 10], y: [0], color: 1) }
    return SteppedClouds(
      title: "Samples", steps: (0..<steps).map { "epoch \($0)" },
      panels: [.init([fixed]), .init(moving)], range: 0...1, secondsPerStep: 0.5, width: 450)
  }

  @Test func oneGroupForEachStep() throws {
    let svg = try XMLElements(figure(3).svg())
    #expect(
      svg.all("g").compactMap { $0["class"] } == [
        "step step-0-of-3", "step step-1-of-3", "step step-2-of-3 last-step",
      ])
    // The data once, and one cloud for each step in the second square, which begins at 234.
    let clouds = svg.all("path").filter { $0["stroke-opacity"] != nil }
    #expect(clouds.count == 4)
    #expect(
      clouds.dropFirst().map { points(ofPath: $0["d"] ?? "")[0][0].x } == [234, 254, 274])
    // The mark goes from one end of the line below to the other.
    #expect(svg.all("circle").compactMap { $0.number("cx") } == [22, 225, 428])
    #expect(svg.texts == ["Samples", "data", "generated", "epoch 0", "epoch 1", "epoch 2"])
  }

  /// Two steps of half a second, and the last one four times as long.
  @Test func stepsFollowOneAnother() {
    let svg = figure(3).svg()
    for rule in [
      "@keyframes adjoint-step-0-of-3{0%{visibility:visible}16.67%{visibility:hidden}}",
      "@keyframes adjoint-step-1-of-3{0%{visibility:hidden}16.67%{visibility:visible}"
        + "33.33%{visibility:hidden}}",
      "@keyframes adjoint-step-2-of-3{0%{visibility:hidden}33.33%{visibility:visible}}",
      ".adjoint-figure .step-1-of-3{animation:adjoint-step-1-of-3 3s step-end infinite}",
      // What is printed, or may not move, shows the last step.
      ".adjoint-figure .step{visibility:hidden}\n.adjoint-figure .last-step{visibility:visible}",
      "@media screen and (prefers-reduced-motion:no-preference){",
    ] {
      #expect(svg.contains(rule), "\(rule)")
    }
  }

  @Test func oneStepDoesNotMove() throws {
    let text = figure(1).svg()
    #expect(!text.contains("animation"))
    #expect(try XMLElements(text).all("path").count { $0["stroke-opacity"] != nil } == 2)
  }

  @Test func stopsIfCloudsAreMissing() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let cloud = PointCloud("", x: [], y: [])
      _ = SteppedClouds(
        steps: ["a", "b", "c"], panels: [.init([cloud, cloud])], range: 0...1)
    }
    expectStop(
      result,
      "SteppedClouds: panel 0 has 2 clouds for 3 steps; it has to have one, or one for each step")
  }
}
