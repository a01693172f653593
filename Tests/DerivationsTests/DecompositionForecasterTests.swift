import Foundation
import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct DecompositionForecasterTests {
  /// One run of Reference/decomposition_forecaster.py.
  struct Run: Decodable, Sendable, CustomTestStringConvertible {
    let normalization: DecompositionForecaster.Normalization
    let hasMasks: Bool
    let loss: Double
    let forecast: [Double]
    let gradients: [[Double]]

    var testDescription: String { "\(normalization)\(hasMasks ? " with masks" : "")" }

    static let all: [Run] = {
      let url = Bundle.module.url(
        forResource: "decomposition_forecaster", withExtension: "json", subdirectory: "Reference")!
      do { return try JSONDecoder().decode([Run].self, from: Data(contentsOf: url)) } catch {
        fatalError("Reference/decomposition_forecaster.json: \(error)")
      }
    }()
  }

  /// The numbers of the script: multiples of a power of two.
  private static func grid(
    _ shape: Shape, columns: Int, _ a: Int, _ b: Int, _ c: Int, _ modulus: Int, _ divisor: Double,
    _ dtype: DType
  ) -> Tensor {
    let values = (0..<shape.count).map { index in
      Double((a * (index / columns) + b * (index % columns) + c) % modulus - modulus / 2) / divisor
    }
    return Tensor(values, shape: shape, dtype: dtype)
  }

  private static func parameters(_ dtype: DType) -> [Parameter] {
    [
      grid([4, 6], columns: 6, 5, 2, 1, 13, 8, dtype), grid([4], columns: 4, 0, 2, 1, 7, 4, dtype),
      grid([3, 4], columns: 4, 3, 4, 2, 9, 4, dtype), grid([3], columns: 3, 0, 3, 2, 5, 8, dtype),
      grid([4, 6], columns: 6, 3, 4, 2, 11, 8, dtype), grid([4], columns: 4, 0, 3, 2, 7, 4, dtype),
      grid([3, 4], columns: 4, 5, 2, 1, 7, 4, dtype), grid([3], columns: 3, 0, 2, 1, 5, 8, dtype),
    ].map { Parameter($0) }
  }

  private static func masks(_ dtype: DType) -> (trend: Tensor, seasonal: Tensor) {
    func twice(_ tensor: Tensor) -> Tensor {
      Tensor(tensor.doubles.map { $0 == 0 ? 0 : 2 }, shape: tensor.shape, dtype: dtype)
    }
    return (
      twice(grid([4, 4], columns: 4, 3, 2, 1, 5, 1, dtype)),
      twice(grid([4, 4], columns: 4, 2, 3, 2, 5, 1, dtype))
    )
  }

  private static func network(_ run: Run, _ dtype: DType) -> DecompositionForecaster {
    DecompositionForecaster(parameters(dtype), window: 5, normalization: run.normalization)
  }

  private static func data(_ dtype: DType) -> (x: Tensor, y: Tensor) {
    (
      grid([2, 6, 2], columns: 12, 7, 3, 0, 11, 4, dtype),
      grid([2, 3, 2], columns: 6, 4, 5, 1, 13, 4, dtype)
    )
  }

  private func expect(
    _ values: [Double], near expected: [Double], within tolerance: Double,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(values.count == expected.count, sourceLocation: sourceLocation)
    for (value, other) in zip(values, expected) {
      #expect(abs(value - other) <= tolerance, sourceLocation: sourceLocation)
    }
  }

  /// All numbers are below 8: the tolerances are some units in the last place, after sums of a dozen terms.
  @Test(arguments: Run.all, [(DType.float64, 2e-14), (.float32, 8e-6)])
  func agreesWithPyTorch(run: Run, kind: (dtype: DType, tolerance: Double)) throws {
    let (x, y) = Self.data(kind.dtype)
    let network = Self.network(run, kind.dtype)
    let masks = run.hasMasks ? Self.masks(kind.dtype) : nil
    let result = network.gradient(inputs: x, targets: y, masks: masks)
    #expect(abs(result.loss.item - run.loss) <= kind.tolerance)
    #expect(
      abs(network.loss(inputs: x, targets: y, masks: masks).item - run.loss) <= kind.tolerance)
    for (gradient, stored) in zip(result.gradients.values, run.gradients) {
      expect(try #require(gradient).doubles, near: stored, within: kind.tolerance)
    }
    #expect(run.gradients.count == 8)
    if !run.hasMasks {
      let forecast = network.forecast(x)
      #expect(forecast.shape == [2, 3, 2])
      expect(forecast.doubles, near: run.forecast, within: kind.tolerance)
    }
  }

  @Test(arguments: Run.all)
  func agreesWithTheTape(run: Run) throws {
    let (x, y) = Self.data(.float64)
    let network = Self.network(run, .float64)
    let masks = run.hasMasks ? Self.masks(.float64) : nil
    let hand = network.gradient(inputs: x, targets: y, masks: masks)
    let (loss, tape) = valueWithGradient(of: network.parameters) {
      network.loss(inputs: x, targets: y, masks: masks)
    }
    #expect(hand.loss.item == loss.item)
    for (one, other) in zip(hand.gradients.values, tape.values) {
      expect(try #require(one).doubles, near: try #require(other).doubles, within: 1e-14)
    }
  }

  @Test func trendAndSeasonalPartMakeTheSeries() {
    let (x, _) = Self.data(.float64)
    let network = DecompositionForecaster(Self.parameters(.float64), window: 5)
    let parts = network.decompose(x)
    #expect(parts.level == nil && parts.scale == nil)
    #expect(parts.trend.shape == [4, 6])
    let rows = DecompositionForecaster.rows(x)
    // The second series of the first window.
    let second = (0..<6).map { x.doubles[$0 * 2 + 1] }
    #expect(Array(rows.doubles[6..<12]) == second)
    expect((parts.trend + parts.seasonal).doubles, near: rows.doubles, within: 1e-15)
  }

  /// One series of one step, x = 4: its trend is x, its seasonal part 0.
  @Test(arguments: [("trend.linear1", 0), ("trend.linear2", 2), ("seasonal.linear2", 6)])
  func whatIsNotFiniteHasALayer(layer: String, parameter: Int) {
    let parameters = (0..<8).map { place in
      Parameter(place % 2 == 0 ? Tensor.ones([1, 1]) : Tensor.ones([1]))
    }
    // Twice that is beyond float32.
    parameters[parameter].value = .full([1, 1], 3e38)
    if layer.hasPrefix("seasonal") { parameters[5].value = .full([1], 2) }
    let network = DecompositionForecaster(parameters, window: 1)
    let error = #expect(throws: NonFiniteError.self) {
      try finiteValueWithGradient(of: parameters) {
        network.loss(inputs: .full([1, 1, 1], 4), targets: .zeros([1, 1, 1]))
      }
    }
    #expect(
      error?.description
        == "operation linear in layer \(layer) made 1 of 1 elements of a tensor of shape [1, 1] NaN or infinite; "
        + "there are no others")
  }

  @Test func isRegisteredForTheCheck() throws {
    let check = try #require(GradientCheck.all.first { $0.name == "decomposition_forecaster" })
    #expect(check.group == .network)
    let results = check.run(seed: 1)
    for result in results {
      #expect(result.passed, "\(result)")
      #expect(result.cases >= 10)
    }
    #expect(results[0].comparisons.map(\.tolerance) == [1e-12, 1e-8])
  }

  @Test func hasAFormulaForEachParameter() {
    #expect(
      DecompositionForecaster.formulas.map(\.variable) == [
        "W_{1t}", "b_{1t}", "W_{2t}", "b_{2t}", "W_{1s}", "b_{1s}", "W_{2s}", "b_{2s}",
      ])
    #expect(
      DecompositionForecaster.formulas[4]
        == Formula(
          "W_{1s}", #"\left(∂{Z_s}\right)^\top U_s"#,
          where: #"$∂{Z_s} = \left(∂{V} W_{2s}\right) \circ M_s \circ [Z_s > 0]$"#))
  }

  @Test func stopsIfShapesDoNotFit() async {
    let parameters = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent])
    {
      let shapes: [Shape] = [[3, 5], [3], [4, 3], [4], [3, 6], [3], [4, 3], [4]]
      _ = DecompositionForecaster(shapes.map { Parameter(.zeros($0)) }, window: 3)
    }
    expectStop(
      parameters,
      "DecompositionForecaster: parameters of shapes [[3, 5], [3], [4, 3], [4], [3, 6], [3], [4, 3], [4]]; they have to be "
        + "[hidden, history], [hidden], [horizon, hidden], [horizon], twice")
    let targets = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let shapes: [Shape] = [[3, 5], [3], [4, 3], [4], [3, 5], [3], [4, 3], [4]]
      let network = DecompositionForecaster(shapes.map { Parameter(.zeros($0)) }, window: 3)
      _ = network.gradient(inputs: .ones([2, 5, 1]), targets: .ones([2, 3, 1]))
    }
    expectStop(
      targets,
      "DecompositionForecaster: targets of shape [2, 3, 1] for windows of shape [2, 5, 1] and a horizon of 4; they have to be "
        + "[m, horizon, variates]")
    let windows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = DecompositionForecaster.rows(.ones([2, 5]))
    }
    expectStop(
      windows,
      "DecompositionForecaster: windows of shape [2, 5]; they have to be [m, steps, variates]")
  }
}
