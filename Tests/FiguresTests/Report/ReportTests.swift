import Foundation
import TestSupport
import Testing

@testable import Figures

@Suite struct ReportTests {
  private let plot = LinePlot(
    x: Axis("epoch"), y: Axis("accuracy"), series: [Series("test", values: [0.5, 0.9])])

  private var report: Report {
    Report(
      title: "mnist-mlp <1>", subtitle: "R&D",
      keyFigures: [.init("Test accuracy", "97.8 %", note: "published: 95.18 %")],
      sections: [
        .init(
          "Curves",
          [
            .paragraph("x < y & \"z\""),
            .figure(plot, caption: "accuracy <b>"),
            .row([(plot, ""), (plot, "beside")]),
            .table(.init(header: ["run", "loss"], rows: [["a<b", "0.5"], ["c", "−1.5 %"]])),
            .preformatted("{\n  \"epochs\": 60\n}"),
            .formulas(header: ["a & b", ""], rows: [["<math><mi>y</mi></math>", "z &lt; 1"]]),
            .html("<math><mi>x</mi></math>"),
          ])
      ], footer: "© Adjoint")
  }

  /// The page is well-formed XML too, but for its first line.
  private func elements(_ report: Report) throws -> XMLElements {
    try XMLElements(report.html().replacing("<!DOCTYPE html>\n", with: ""))
  }

  @Test func wellFormedWithEverythingInside() throws {
    let page = try elements(report)
    #expect(page.all("h1").map(\.text) == ["mnist-mlp <1>"])
    #expect(page.all("title").map(\.text) == ["mnist-mlp <1>"])
    #expect(page.all("h2").map(\.text) == ["Curves"])
    #expect(page.all("p").map(\.text) == ["R&D", "x < y & \"z\""])
    #expect(page.all("dt").map(\.text) == ["Test accuracy"])
    #expect(page.all("dd").map(\.text) == ["97.8 %"])
    #expect(page.all("span").map(\.text) == ["published: 95.18 %"])
    #expect(page.all("figure").count == 3)
    #expect(page.all("figcaption").map(\.text) == ["accuracy <b>", "beside"])
    #expect(page.all("pre").map(\.text) == ["{\n  \"epochs\": 60\n}"])
    #expect(page.all("mi").map(\.text) == ["y", "x"])
    #expect(page.all("footer").map(\.text) == ["© Adjoint"])
  }

  @Test func numbersAreAlignedToTheRight() throws {
    let page = try elements(report)
    #expect(page.all("td").map(\.text) == ["a<b", "0.5", "c", "−1.5 %", "", "z < 1"])
    #expect(
      page.all("td").map { $0.hasClass("number") } == [false, true, false, true, false, false])
    #expect(page.all("th").map { $0.hasClass("number") } == [false, true, false, false])
    #expect(page.all("table").map { $0.hasClass("formulas") } == [false, true])
  }

  @Test func needsNoOtherFileAndNoScript() throws {
    let page = try elements(report)
    #expect(page.all("script").isEmpty && page.all("link").isEmpty)
    for element in page.elements {
      for name in ["src", "href"] {
        #expect(element[name].map { $0.hasPrefix("data:") } ?? true)
      }
    }
  }

  @Test func sameInputSameBytes() {
    #expect(report.html() == report.html())
  }

  @Test func knowsDarkAndPaper() {
    let html = report.html()
    #expect(html.contains("@media screen and (prefers-color-scheme:dark)"))
    #expect(html.contains("@media print"))
  }

  /// Programs write hyphens in front of numbers; those of words and of exponents stay.
  @Test func keyFiguresHaveMinusSigns() throws {
    let page = try elements(
      Report(
        title: "t",
        keyFigures: [.init("ELBO", "-161.04", note: "-1.5 (-2) for a 3072-50-10 one at 1e-4")]))
    #expect(page.all("dd").map(\.text) == ["−161.04"])
    #expect(page.all("span").map(\.text) == ["−1.5 (−2) for a 3072-50-10 one at 1e-4"])
  }

  /// What is wider than the window is seen to go on.
  @Test func whatScrollsHasShadesAtItsEdges() {
    let html = report.html()
    #expect(html.contains(".sheet,.table div{overflow-x:auto;background:linear-gradient(90deg,"))
    #expect(html.contains("12px 100% no-repeat scroll}"))
  }

  @Test func emptyReport() throws {
    let page = try elements(Report(title: "nothing"))
    #expect(page.all("dl").isEmpty && page.all("footer").isEmpty && page.all("section").isEmpty)
  }

  @Test func rowsOfUnequalLengthStop() async throws {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = Report.Table(header: ["a", "b"], rows: [["1", "2"], ["3"]]) }
    expectStop(result, "Report.Table: row 1 has 1 cells where 2 are expected")
  }
}
