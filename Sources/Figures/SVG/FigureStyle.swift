/// The colours and letters of every figure, as one style sheet that knows light and dark ground.
///
/// The series colours start from Okabe and Ito's set ("Color Universal Design", 2008), which people with any common
/// form of colour blindness can tell apart; four more follow for sets of ten classes. On dark ground each has a lighter
/// sibling.
enum FigureStyle {
  static let seriesColors = [
    "#0072b2", "#d55e00", "#009e73", "#b5569b", "#d99000", "#3f9fd8", "#8a5a2b", "#6650b0",
    "#86a82e", "#7d8794",
  ]
  static let seriesColorsOnDark = [
    "#4cb2ec", "#ff8f4d", "#3ccfa5", "#e29fcb", "#f5bf3d", "#a5d8f8", "#cda06f", "#a797ee",
    "#bfdc6c", "#b4bcc7",
  ]

  static let font =
    "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',sans-serif"

  /// Rules are scoped to the figures' own class, so that they leave the page around alone.
  static let sheet: String = {
    let base = """
      .adjoint-figure text{font-family:\(font);font-size:12px;\
      font-variant-numeric:tabular-nums}
      .adjoint-figure .title{font-size:14px;font-weight:600}
      .adjoint-figure .small{font-size:10px}
      .adjoint-figure .grid,.adjoint-figure .axis,.adjoint-figure .line,.adjoint-figure .dots\
      {fill:none}
      .adjoint-figure .line{stroke-width:1.75;stroke-linejoin:round;stroke-linecap:round}
      .adjoint-figure .faint{stroke-width:1.4;opacity:.28}
      .adjoint-figure .dots{stroke-linecap:round}
      .adjoint-figure .pixels{image-rendering:pixelated}
      """
    let light = theme(
      ground: "#ffffff", bright: "#ffffff", ink: "#1d2433", muted: "#5d687a", grid: "#e7eaef",
      axis: "#a3adbb",
      series: seriesColors)
    let dark = theme(
      ground: "#161b22", bright: "#08131c", ink: "#e8ebf0", muted: "#9ba6b5", grid: "#2a313c",
      axis: "#566172",
      series: seriesColorsOnDark)
    return "\(base)\n\(light)\n@media screen and (prefers-color-scheme:dark){\n\(dark)\n}"
  }()

  private static func theme(
    ground: String, bright: String, ink: String, muted: String, grid: String, axis: String,
    series: [String]
  ) -> String {
    let rules =
      [
        ".ground{fill:\(ground)}", ".ink{fill:\(ink)}", ".muted{fill:\(muted)}",
        ".bright{fill:\(bright)}", ".grid{stroke:\(grid)}", ".axis{stroke:\(axis)}",
        ".halo{stroke:\(ground)}",
      ]
      + series.enumerated().map { ".s\($0.offset){stroke:\($0.element)}" }
      + series.enumerated().map { ".f\($0.offset){fill:\($0.element)}" }
    return rules.map { ".adjoint-figure \($0)" }.joined(separator: "\n")
  }

  /// The class of a series' stroke; the colours repeat after the tenth, then broken lines tell them apart.
  static func stroke(_ index: Int) -> String { "s\(index % seriesColors.count)" }
  static func fill(_ index: Int) -> String { "f\(index % seriesColors.count)" }

  static func dashes(_ index: Int) -> String? {
    [nil, "6 4", "2 4"][(index / seriesColors.count) % 3]
  }
}
