import Tensors

/// The forecaster that splits a series into trend and rest, its gradient written out by hand.
///
/// For m windows of N variates with T steps behind and S ahead, each variate on its own through the same two
/// perceptrons, with R = m N series as rows:
///
///     X′ = reshape(X)                      [R, T]       from [m, T, N]
///     U  = (X′ − μ 1ᵀ) / σ 1ᵀ              [R, T]       each series by its own level μ and scale σ
///     Uₜ = movingAverage(U), Uₛ = U − Uₜ   [R, T]
///     Zₖ = Uₖ W₁ₖᵀ + 1 b₁ₖᵀ                [R, hidden]  for k = t (trend) and k = s (seasonal)
///     Hₖ = max(Zₖ, 0) ∘ Mₖ                 [R, hidden]  Mₖ the mask of dropout, or ones
///     V  = Σₖ (Hₖ W₂ₖᵀ + 1 b₂ₖᵀ)           [R, S]
///     Ŷ′ = V ∘ σ 1ᵀ + μ 1ᵀ                 [R, S]       back to [m, S, N]
///     L  = 1/(m S N) Σ (Y′ − Ŷ′)²
///
/// Without normalisation μ = 0 and σ = 1. The loss runs over all elements, so the targets are brought to the
/// series' layout and not the forecasts to theirs. Windows are data: nothing flows back through the split.
public struct DecompositionForecaster {
  /// By what a series is shifted and divided before it is split, which is undone on the forecast.
  ///
  /// Kim et al., "Reversible instance normalization", ICLR 2022, without its affine parameters; `last` is
  /// NLinear's, Zeng et al., "Are transformers effective for time series forecasting?", AAAI 2023.
  public enum Normalization: String, Sendable, Codable, CaseIterable {
    /// Nothing: μ = 0, σ = 1.
    case none
    /// μ is the series' last value.
    case last
    /// μ is the series' mean.
    case mean
    /// μ is the series' mean, σ² its variance plus ``DecompositionForecaster/varianceFloor``.
    case standard
  }

  /// Keeps the scale of a series that hardly moves away from zero, and with it the rounding in check.
  public static let varianceFloor = 1e-2

  /// W₁ₜ `[hidden, T]`, b₁ₜ `[hidden]`, W₂ₜ `[S, hidden]`, b₂ₜ `[S]`, then W₁ₛ, b₁ₛ, W₂ₛ, b₂ₛ of the same shapes.
  public let parameters: [Parameter]
  /// The moving average's window, odd.
  public let window: Int
  /// What is done to each series first.
  public let normalization: Normalization

  /// - Parameters:
  ///   - parameters: the eight in the order of ``parameters``; stops if their shapes do not fit together.
  ///   - window: the moving average's, odd.
  ///   - normalization: what is done to each series first.
  public init(_ parameters: [Parameter], window: Int, normalization: Normalization = .none) {
    let shapes = parameters.map(\.shape)
    require(
      shapes.count == 8 && shapes[0].rank == 2 && shapes[1] == [shapes[0][0]]
        && shapes[2].rank == 2 && shapes[2][1] == shapes[0][0] && shapes[3] == [shapes[2][0]]
        && Array(shapes[4...]) == Array(shapes[..<4]),
      "DecompositionForecaster: parameters of shapes \(shapes); they have to be [hidden, history], "
        + "[hidden], [horizon, hidden], [horizon], twice")
    self.parameters = parameters
    self.window = window
    self.normalization = normalization
  }

  /// Windows split into what the two perceptrons take.
  public struct Decomposition {
    /// Uₜ, `[m N, T]`.
    public let trend: Tensor
    /// Uₛ, `[m N, T]`.
    public let seasonal: Tensor
    /// μ, `[m N, 1]`; nil for zeros.
    public let level: Tensor?
    /// σ, `[m N, 1]`; nil for ones.
    public let scale: Tensor?
  }

  /// What one pass forward and back gives.
  public struct Result {
    /// L, a scalar.
    public let loss: Tensor
    /// ∂L/∂W₁ₜ, ∂L/∂b₁ₜ, … in the order of ``DecompositionForecaster/parameters``.
    public let gradients: Gradients
  }

  /// Windows `[m, steps, N]` with each series as a row: `[m N, steps]`.
  public static func rows(_ windows: Tensor) -> Tensor {
    require(
      windows.rank == 3,
      "DecompositionForecaster: windows of shape \(windows.shape); they have to be [m, steps, variates]"
    )
    let (m, steps, variates) = (windows.shape[0], windows.shape[1], windows.shape[2])
    return windows.permuted(to: [0, 2, 1]).reshaped(to: [m * variates, steps])
  }

  /// X′, μ, σ, Uₜ and Uₛ of windows X `[m, T, N]`.
  public func decompose(_ x: Tensor) -> Decomposition {
    var series = Self.rows(x)
    let shape = series.shape
    var level: Tensor?
    var scale: Tensor?
    switch normalization {
    case .none: break
    case .last: level = slice(series, axis: 1, from: shape[1] - 1, count: 1)
    case .mean, .standard: level = mean(series, axis: 1).reshaped(to: [shape[0], 1])
    }
    if let level { series = series - broadcast(level, to: shape) }
    if normalization == .standard {
      let variance = mean(series * series, axis: 1).reshaped(to: [shape[0], 1])
      let deviation = sqrt(variance + Self.varianceFloor)
      series = series / broadcast(deviation, to: shape)
      scale = deviation
    }
    let trend = movingAverage(series, window: window)
    return Decomposition(trend: trend, seasonal: series - trend, level: level, scale: scale)
  }

  /// Ŷ `[m, S, N]` for windows X `[m, T, N]`.
  public func forecast(_ x: Tensor) -> Tensor {
    let (m, variates) = (x.shape[0], x.shape[2])
    let y = prediction(decompose(x), masks: nil)
    return y.reshaped(to: [m, variates, y.shape[1]]).permuted(to: [0, 2, 1])
  }

  /// L through operations alone, for the tape.
  ///
  /// - Parameters:
  ///   - x: X, `[m, T, N]`.
  ///   - y: Y, `[m, S, N]`.
  ///   - masks: Mₜ and Mₛ, `[m N, hidden]` each; nil for ones.
  public func loss(
    inputs x: Tensor, targets y: Tensor, masks: (trend: Tensor, seasonal: Tensor)? = nil
  ) -> Tensor {
    meanSquaredError(prediction(decompose(x), masks: masks), Self.rows(y))
  }

  /// Ŷ′
  private func prediction(
    _ parts: Decomposition, masks: (trend: Tensor, seasonal: Tensor)?
  ) -> Tensor {
    func perceptron(_ name: String, _ first: Int, _ u: Tensor, _ mask: Tensor?) -> Tensor {
      let p = parameters[first..<(first + 4)].map(\.value)
      let h = inLayer(self, named: { _ in "\(name).linear1" }) {
        linear(u, p[0], p[1], activation: .relu)
      }
      return inLayer(self, named: { _ in "\(name).linear2" }) {
        linear(mask.map { h * $0 } ?? h, p[2], p[3])
      }
    }
    let v =
      perceptron("trend", 0, parts.trend, masks?.trend)
      + perceptron("seasonal", 4, parts.seasonal, masks?.seasonal)
    let scaled = parts.scale.map { v * broadcast($0, to: v.shape) } ?? v
    return parts.level.map { scaled + broadcast($0, to: v.shape) } ?? scaled
  }

  /// The loss and its gradient.
  ///
  /// - Parameters:
  ///   - x: X, `[m, T, N]`, the batch not empty.
  ///   - y: Y, `[m, S, N]`.
  ///   - masks: Mₜ and Mₛ, `[m N, hidden]` each; nil for ones.
  public func gradient(
    inputs x: Tensor, targets y: Tensor, masks: (trend: Tensor, seasonal: Tensor)? = nil
  ) -> Result {
    let parts = decompose(x)
    let trend = Branch(parameters[..<4], parts.trend, masks?.trend)
    let seasonal = Branch(parameters[4...], parts.seasonal, masks?.seasonal)
    let v = trend.output + seasonal.output  // V = Σₖ (Hₖ W₂ₖᵀ + b₂ₖ)
    let scale = parts.scale.map { broadcast($0, to: v.shape) }
    let level = parts.level.map { broadcast($0, to: v.shape) }
    let scaled = scale.map { v * $0 } ?? v
    let forecast = level.map { scaled + $0 } ?? scaled  // Ŷ′ = V ∘ σ + μ
    let target = Self.rows(y)
    require(
      forecast.shape == target.shape,
      "DecompositionForecaster: targets of shape \(y.shape) for windows of shape \(x.shape) and a horizon "
        + "of \(v.shape[1]); they have to be [m, horizon, variates]")

    let share = 1 / Double(target.count)  // 1 / (m S N)
    let error = forecast - target
    // L = Σ (Ŷ′ − Y′)² / (m S N)
    let loss = Tensor(scalar: sumOfSquares(error) * share, dtype: x.dtype)
    let dy = error * (2 * share)  // ∂L/∂Ŷ′ = 2 (Ŷ′ − Y′) / (m S N)
    let dv = scale.map { dy * $0 } ?? dy  // ∂L/∂V = ∂L/∂Ŷ′ ∘ σ
    let db2 = sum(dv, axis: 0)  // ∂L/∂b₂ₖ = Σ over rows of ∂L/∂V, the same for both
    return Result(
      loss: loss,
      gradients: Gradients(
        of: parameters, trend.gradients(dv, db2) + seasonal.gradients(dv, db2)))
  }

  /// The formulas that ``gradient(inputs:targets:masks:)`` computes, in the order of the parameters.
  public static let formulas: [Formula] = ["t", "s"].flatMap { k in
    [
      Formula(
        "W_{1\(k)}", #"\left(∂{Z_\#(k)}\right)^\top U_\#(k)"#,
        where: #"$∂{Z_\#(k)} = \left(∂{V} W_{2\#(k)}\right) \circ M_\#(k) \circ [Z_\#(k) > 0]$"#),
      Formula(
        "b_{1\(k)}", #"\left(∂{Z_\#(k)}\right)^\top \mathbf{1}_{mN}"#,
        where: #"$\mathbf{1}_{mN}$ is a column of ones: the product sums over the $m N$ series"#),
      Formula(
        "W_{2\(k)}", #"\left(∂{V}\right)^\top H_\#(k)"#,
        where: #"$∂{V} = 2 (\hat Y' - Y') \circ \sigma \mathbf{1}^\top / (m S N)$"#),
      Formula(
        "b_{2\(k)}", #"\left(∂{V}\right)^\top \mathbf{1}_{mN}"#,
        where: "the same for trend and seasonal part"),
    ]
  }
}

/// One of the two perceptrons, with what its way back needs.
private struct Branch {
  private let w2: Tensor
  private let u: Tensor
  private let rectified: Tensor
  private let mask: Tensor?
  private let hidden: Tensor
  /// Hₖ W₂ₖᵀ + b₂ₖ
  let output: Tensor

  init(_ parameters: ArraySlice<Parameter>, _ u: Tensor, _ mask: Tensor?) {
    let p = parameters.map(\.value)
    self.u = u
    self.mask = mask
    w2 = p[2]
    rectified = linear(u, p[0], p[1], activation: .relu)  // max(Zₖ, 0), Zₖ = Uₖ W₁ₖᵀ + b₁ₖ
    hidden = mask.map { [rectified] in rectified * $0 } ?? rectified  // Hₖ = max(Zₖ, 0) ∘ Mₖ
    output = linear(hidden, w2, p[3])
  }

  /// For ∂L/∂V and its sum over rows.
  func gradients(_ dv: Tensor, _ db2: Tensor) -> [Tensor?] {
    let dw2 = matmul(dv, hidden, transposeA: true)  // ∂L/∂W₂ₖ = (∂L/∂V)ᵀ Hₖ
    let dh = matmul(dv, w2)  // ∂L/∂Hₖ = ∂L/∂V W₂ₖ
    let dz = reluPullback(mask.map { dh * $0 } ?? dh, rectified)  // ∂L/∂Zₖ = ∂L/∂Hₖ ∘ Mₖ ∘ [Zₖ > 0]
    let dw1 = matmul(dz, u, transposeA: true)  // ∂L/∂W₁ₖ = (∂L/∂Zₖ)ᵀ Uₖ
    let db1 = sum(dz, axis: 0)  // ∂L/∂b₁ₖ = Σ over rows of ∂L/∂Zₖ
    return [dw1, db1, dw2, db2]
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  typealias Forecaster = DecompositionForecaster
  GradientCheck.register("decomposition_forecaster", group: .network) { sampler in
    [
      (1, 1, 1, 1, 1, 1, .none, 0.0), (2, 3, 8, 5, 6, 5, .none, 0.5), (3, 2, 9, 4, 7, 3, .last, 0),
      (2, 2, 7, 3, 5, 9, .mean, 0.5), (1, 5, 3, 7, 2, 3, .last, 0.3), (3, 1, 5, 9, 4, 7, .mean, 0),
      (1, 2, 15, 1, 3, 3, .standard, 0), (2, 1, 17, 2, 1, 5, .none, 0.2),
      (1, 3, 2, 8, 8, 1, .standard, 0.5), (2, 2, 6, 3, 9, 11, .last, 0.4),
      (1, 1, 4, 2, 16, 3, .mean, 0.3), (4, 7, 16, 8, 17, 5, .standard, 0.3),
    ].map {
      (
        m: Int, variates: Int, history: Int, horizon: Int, hidden: Int, window: Int,
        normalization: Forecaster.Normalization, rate: Double
      ) in
      let x = sampler.tensor([m, history, variates], .uniform(0.3, 1))
      let y = sampler.tensor([m, horizon, variates])
      // Biases that outweigh all inputs together: every unit is clearly on or clearly off.
      let bound = Double(history) + 1
      let biases = (0..<hidden).map { $0 % 3 == 1 ? -bound : bound }
      let parameters = ["trend", "seasonal"].flatMap { part in
        [
          sampler.parameter([hidden, history], .uniform(-0.1, 0.1), name: "\(part).W1"),
          Parameter(
            Tensor(biases, shape: [hidden], dtype: sampler.dtype), name: "\(part).b1"),
          sampler.parameter([horizon, hidden], .uniform(-0.1, 0.1), name: "\(part).W2"),
          sampler.parameter([horizon], name: "\(part).b2"),
        ]
      }
      let masks = (0..<2).map { stream in
        dropoutMask(
          [m * variates, hidden], probability: rate, key: DropoutKey(seed: 5, stream: stream),
          dtype: sampler.dtype)
      }
      let network = Forecaster(parameters, window: window, normalization: normalization)
      return .init(
        "batch \(m) variates \(variates) \(history)-\(hidden)-\(horizon) \(normalization)",
        parameters,
        byHand: { dy in
          network.gradient(inputs: x, targets: y, masks: (masks[0], masks[1])).gradients.values
            .map { $0.map { $0 * dy.item } }
        }
      ) { network.loss(inputs: x, targets: y, masks: (masks[0], masks[1])) }
    }
  }
}
