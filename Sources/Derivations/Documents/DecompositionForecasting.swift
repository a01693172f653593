import Tensors

private let (x, y, yHat) = (
  symbol("X", "m", "T", "N"), symbol("Y", "m", "S", "N"), symbol(#"\hat Y"#, "m", "S", "N")
)
private let (xRows, yRows, yHatRows) = (
  symbol("X'", "mN", "T"), symbol("Y'", "mN", "S"), symbol(#"\hat Y'"#, "mN", "S")
)
private let places = symbol("E", "m", "mN", "N")
private let (mu, sigma, floor) = (symbol(#"\mu"#, "mN"), symbol(#"\sigma"#, "mN"), symbol("c"))
private let (padding, pooling) = (symbol("P", "T_+", "T"), symbol("Q", "T", "T_+"))
private let (average, u, v) = (
  symbol("A", "T", "T"), symbol("U", "mN", "T"), symbol("V", "mN", "S")
)
private let loss = symbol("L")

/// One of the two perceptrons.
private struct Branch: Sendable {
  let (u, mask, z1, g, h, z2): (Term, Term, Term, Term, Term, Term)
  let (w1, b1, w2, b2): (Term, Term, Term, Term)

  /// - Parameter k: what its symbols have as an index.
  init(_ k: String) {
    (u, mask) = (symbol("U_\(k)", "mN", "T"), symbol("M_\(k)", "mN", "h"))
    (z1, g) = (symbol("Z_\(k)", "mN", "h"), symbol("G_\(k)", "mN", "h"))
    (h, z2) = (symbol("H_\(k)", "mN", "h"), symbol("V_\(k)", "mN", "S"))
    (w1, b1) = (symbol("W_{1\(k)}", "h", "T"), symbol("b_{1\(k)}", "h"))
    (w2, b2) = (symbol("W_{2\(k)}", "S", "h"), symbol("b_{2\(k)}", "S"))
  }

  var parameters: [Term] { [w1, b1, w2, b2] }

  func symbols(of part: String) -> [(Term, String)] {
    [
      (u, "the \(part), what its perceptron takes"),
      (w1, "weight of its hidden layer, a parameter"),
      (b1, "its bias, a parameter"), (z1, "what its hidden units add up"),
      (g, "what the rectifier leaves of that"),
      (mask, "mask of dropout: 0 with probability $p$, else $1/(1 - p)$; ones where $p = 0$"),
      (h, "what its hidden units put out"),
      (w2, "weight of its output layer, a parameter"), (b2, "its bias, a parameter"),
      (z2, "its part of the forecast"),
    ]
  }

  var forward: [Derivation.Definition] {
    [
      z1 ≔ u * w1.transposed + onesR * b1.transposed,
      g ≔ .positivePart(z1),
      h ≔ g ∘ mask,
      z2 ≔ h * w2.transposed + onesR * b2.transposed,
    ]
  }
}

private let (trend, seasonal) = (Branch("t"), Branch("s"))
private let parameters = trend.parameters + seasonal.parameters
private let (m, horizon, variates, steps) = (
  Term.size("m"), Term.size("S"), Term.size("N"), Term.size("T")
)
private let (onesR, onesT, onesS) = (Term.ones("mN"), Term.ones("T"), Term.ones("S"))
private let (i, j, k) = (At.i, Index("j", over: "S"), Index("k", over: "N"))
private let (r, n, l) = (Index("r", over: "mN"), Index("n", over: "h"), Index("l", over: "T"))
private func d(_ variable: Term) -> Term { derivative(loss, by: variable) }

private let forecaster = Derivation(
  name: "forecaster", title: "The forecaster by trend and seasonal part",
  summary: "Forward pass of both perceptrons, and the gradients of all eight parameters.",
  sizes: [
    ("m", 2, "windows of the batch"), ("N", 3, "variates"),
    ("mN", 6, "series: each variate of each window"), ("T", 7, "steps behind"),
    ("S", 4, "steps ahead"), ("h", 5, "hidden units of each perceptron"),
    ("w", 3, "window of the moving average, odd"),
    ("T_+", 9, "steps with both ends repeated, $T + w - 1$"),
  ],
  sources: ["DecompositionForecaster.swift"],
  blocks: [
    .heading("What is given"),
    .text(
      #"""
      A window has $T$ steps of $N$ variates behind and $S$ steps of them ahead. Each variate is a series for itself;
      all series go through the same two perceptrons, one for the trend (index $t$) and one for the seasonal part
      (index $s$), whose outputs are added up. An upper index in brackets is the number of the window. Where the mean
      of each hour of the day is taken away from the data first, and added to the forecast again, $X$ and $Y$ are what
      that leaves: it cancels in $\hat Y - Y$ and changes no gradient.
      """#),
    .symbols(
      [
        (x, "input: $X^{(i)}$ is window $i$, a matrix of $T \\times N$"),
        (y, "what follows: $Y^{(i)}$ is a matrix of $S \\times N$"),
        (
          places, "$E^{(i)}$ puts $N$ rows where the series of window $i$ are, a one in each column"
        ),
        (xRows, "the series behind, one below the other"), (yRows, "the series ahead"),
        (mu, "level of each series: its mean here"),
        (sigma, "scale of each series: its standard deviation here"),
        (floor, "keeps the scale away from zero"),
        (u, "series without level and scale"),
        (padding, "repeats the ends: a one in each row"),
        (pooling, "means of $w$ neighbours: $w$ times $1/w$ in each row"),
        (average, "the moving average, as one matrix"),
      ] + trend.symbols(of: "trend") + seasonal.symbols(of: "seasonal part") + [
        (v, "the forecast without level and scale"), (yHatRows, "the forecast, series as rows"),
        (yHat, "the forecast, windows as $Y$ has them"), (loss, "the loss"),
        (
          onesR,
          "a column of ones, one for each series; likewise $\\mathbf{1}_T$ and $\\mathbf{1}_S$"
        ),
      ]),
    .heading("Forward: the series"),
    .text(
      "The transposes of all windows one below the other make one matrix, a series in each row:"),
    .define([
      xRows ≔ .sum(over: i, of: places[i] * x[i].transposed),
      yRows ≔ .sum(over: i, of: places[i] * y[i].transposed),
    ]),
    .text(
      #"""
      In the code that is a permutation of axes. Then each series may be shifted and divided by its own level and
      scale, which is undone on the forecast. There are four ways, of which the formulas have the last: none,
      $\mu = 0$ and $\sigma = 1$, so that $U$ is $X'$; the last value of a series as $\mu$, or its mean, with
      $\sigma = 1$; its mean and standard deviation. $\mu$ and $\sigma$ are constants to the parameters, so that the
      gradients below hold for all four:
      """#),
    .define([
      mu ≔ (1 / steps) * xRows * onesT,
      sigma ≔ .root((1 / steps) * (xRows - mu * onesT.transposed).power(2) * onesT + floor),
      u ≔ (xRows - mu * onesT.transposed) / (sigma * onesT.transposed),
    ]),
    .heading("Forward: trend and seasonal part"),
    .text(
      #"""
      The trend is a moving average of series whose ends were repeated, so that its length stays. Both are linear:
      $U P^\top$ has $(w - 1)/2$ copies of the first column of $U$ in front and as many of the last one behind, and the
      product with $Q^\top$ takes the mean of each $w$ neighbours. Two constant matrices make one, $A$, and the code
      runs over the series once.
      """#),
    .define([
      average ≔ pooling * padding,
      trend.u ≔ u * average.transposed,
      seasonal.u ≔ u - trend.u,
    ]),
    .heading("Forward: the perceptrons"),
    .text("Two networks of one kind, each with weights of its own. First that of the trend:"),
    .define(trend.forward),
    .text("then that of the seasonal part:"),
    .define(seasonal.forward),
    .text("Their outputs are added up, and what was done to the series is undone:"),
    .define([
      v ≔ trend.z2 + seasonal.z2,
      yHatRows ≔ v ∘ (sigma * onesS.transposed) + mu * onesS.transposed,
    ]),
    .heading("Forward: the loss"),
    .text("The mean squared error over all windows, steps ahead and variates:"),
    .define([
      loss ≔ 1 / (m * horizon * variates) * .squaredNorm(yHatRows - yRows),
      yHat[i] ≔ yHatRows.transposed * places[i],
    ]),
    .text(
      #"""
      It runs over all elements, so that their order does not matter: it is the same number for series as rows and for
      windows as they came. The code brings the targets to the layout of the series, and not the forecasts to theirs.
      """#),
    .identity(
      loss,
      1 / (m * horizon * variates)
        * .sum(over: i, j, k, of: (y[i, j, k] - yHat[i, j, k]).power(2))),
    .text(
      #"""
      In the code `error` is $\hat Y' - Y'$, `share` is $1 / (m S N)$, and `dy` and `dv` are the gradients with respect
      to $\hat Y'$ and to $V$. The lines from `dw2` to `db1` stand in a type that both perceptrons are values of: for the
      trend `u`, `rectified`, `hidden` and `mask` are $U_t$, $G_t$, $H_t$ and $M_t$, and `w2` is $W_{2t}$.
      """#),
    .heading("The forecast"),
    .text("Backpropagation starts at the loss. An element of the forecast stands in one square:"),
    .derive(
      d(yHatRows)[r, j],
      2 / (m * horizon * variates) * (yHatRows[r, j] - yRows[r, j])),
    .derive(
      d(yHatRows), 2 / (m * horizon * variates) * (yHatRows - yRows),
      code: ["let dy = error * (2 * share)"]),
    .text(
      #"""
      The level is added and drops out; the scale multiplies each element of its series. Where there is none, the
      gradient stays as it is:
      """#),
    .derive(d(v)[r, j], d(yHatRows)[r, j] * sigma[r]),
    .derive(
      d(v), d(yHatRows) ∘ (sigma * onesS.transposed),
      code: ["let dv = scale.map { dy * $0 } ?? dy"]),
    .text(
      #"""
      *The crux of two networks whose outputs are added up*: a sum hands its gradient to both of its terms as it is.
      From here on each perceptron goes back by itself, and neither needs anything of the other:
      """#),
    .derive(d(trend.z2), d(v)),
    .derive(d(seasonal.z2), d(v)),
    .heading("The trend: output layer"),
    .text(
      "A weight carries a hidden unit to one step ahead in every series, which makes a sum over all of them:"
    ),
    .derive(d(trend.w2)[j, n], .sum(over: r, of: d(v)[r, j] * trend.h[r, n])),
    .derive(
      d(trend.w2), d(v).transposed * trend.h,
      code: ["let dw2 = matmul(dv, hidden, transposeA: true)"]),
    .text("The bias is added once in each series; both perceptrons have the same gradient there:"),
    .derive(d(trend.b2)[j], .sum(over: r, of: d(v)[r, j])),
    .derive(d(trend.b2), d(v).transposed * onesR, code: ["let db2 = sum(dv, axis: 0)"]),
    .text("A hidden unit feeds all steps ahead of its own series:"),
    .derive(d(trend.h)[r, n], .sum(over: j, of: d(v)[r, j] * trend.w2[j, n])),
    .derive(d(trend.h), d(v) * trend.w2, code: ["let dh = matmul(dv, w2)"]),
    .heading("The trend: hidden layer"),
    .text(
      #"""
      Dropout scales the gradient as it scaled the value, where there is a mask, and the rectifier passes it on where
      it was open. $G_t$ is positive exactly where $Z_t$ is, and the code keeps no $Z_t$:
      """#),
    .derive(d(trend.g), d(trend.h) ∘ trend.mask),
    .derive(
      d(trend.z1), d(trend.g) ∘ .isPositive(trend.z1),
      d(trend.h) ∘ trend.mask ∘ .isPositive(trend.g),
      code: ["let dz = reluPullback(mask.map { dh * $0 } ?? dh, rectified)"]),
    .text("It is a linear layer like the other one; its input is the trend:"),
    .derive(d(trend.w1)[n, l], .sum(over: r, of: d(trend.z1)[r, n] * trend.u[r, l])),
    .derive(
      d(trend.w1), d(trend.z1).transposed * trend.u,
      code: ["let dw1 = matmul(dz, u, transposeA: true)"]),
    .derive(d(trend.b1)[n], .sum(over: r, of: d(trend.z1)[r, n])),
    .derive(
      d(trend.b1), d(trend.z1).transposed * onesR, code: ["let db1 = sum(dz, axis: 0)"]),
    .heading("The seasonal part"),
    .text("The same steps with the other weights and the other half of the series:"),
    .derive(
      d(seasonal.w2), d(v).transposed * seasonal.h,
      code: ["let dw2 = matmul(dv, hidden, transposeA: true)"]),
    .derive(d(seasonal.b2), d(v).transposed * onesR, code: ["let db2 = sum(dv, axis: 0)"]),
    .derive(d(seasonal.h), d(v) * seasonal.w2, code: ["let dh = matmul(dv, w2)"]),
    .derive(d(seasonal.g), d(seasonal.h) ∘ seasonal.mask),
    .derive(
      d(seasonal.z1), d(seasonal.g) ∘ .isPositive(seasonal.z1),
      d(seasonal.h) ∘ seasonal.mask ∘ .isPositive(seasonal.g),
      code: ["let dz = reluPullback(mask.map { dh * $0 } ?? dh, rectified)"]),
    .derive(
      d(seasonal.w1), d(seasonal.z1).transposed * seasonal.u,
      code: ["let dw1 = matmul(dz, u, transposeA: true)"]),
    .derive(
      d(seasonal.b1), d(seasonal.z1).transposed * onesR, code: ["let db1 = sum(dz, axis: 0)"]),
    .text(
      #"""
      There it ends: windows are data, and nothing flows back through the split, the moving average and the
      normalisation.
      """#),
  ],
  point: { sampler in
    let shapes: [Shape] = [[5, 7], [5], [4, 5], [4], [5, 7], [5], [4, 5], [4]]
    return [(x, sampler.tensor([2, 7, 3])), (y, sampler.tensor([2, 4, 3]))]
      + zip(parameters, shapes).map { ($0, sampler.tensor($1, .uniform(-1, 1))) } + [
        (trend.mask, mask(from: &sampler)), (seasonal.mask, mask(from: &sampler)),
        (floor, Tensor(scalar: DecompositionForecaster.varianceFloor, dtype: .float64)),
        (places, matrix([2, 6, 3]) { $0[1] == 3 * $0[0] + $0[2] ? 1 : 0 }),
        (padding, matrix([9, 7]) { min(max($0[0] - 1, 0), 6) == $0[1] ? 1 : 0 }),
        (pooling, matrix([7, 9]) { (0..<3).contains($0[1] - $0[0]) ? 1 / 3 : 0 }),
      ]
  },
  code: { values in
    let network = DecompositionForecaster(
      parameters.map { Parameter(values[$0]) }, window: 3, normalization: .standard)
    let result = network.gradient(
      inputs: values[x], targets: values[y],
      masks: (values[trend.mask], values[seasonal.mask]))
    let parts = network.decompose(values[x])
    let normalization = [(mu, parts.level), (sigma, parts.scale)].compactMap { term, value in
      value.map { (term, $0) }
    }
    return parameters.gradients(result.gradients, of: loss) + normalization + [
      (loss, result.loss), (trend.u, parts.trend), (seasonal.u, parts.seasonal),
      (xRows, DecompositionForecaster.rows(values[x])),
      (yRows, DecompositionForecaster.rows(values[y])),
    ]
  })

/// Zero for a third of the hidden units, and the others scaled so that their mean stays.
private func mask(from sampler: inout Sampler) -> Tensor {
  let values = (0..<30).map { _ in sampler.integer(below: 3) == 0 ? 0 : 1.5 }
  return Tensor(values, shape: [6, 5], dtype: .float64)
}

/// A constant by the positions of its elements.
private func matrix(_ shape: Shape, _ element: ([Int]) -> Double) -> Tensor {
  let values = (0..<shape.count).map { place in
    var rest = place
    let positions = shape.lengths.reversed().map { length in
      defer { rest /= length }
      return rest % length
    }
    return element(positions.reversed())
  }
  return Tensor(values, shape: shape, dtype: .float64)
}

@section("adjoint_registry") @used
private let document: Registration = { Derivation.register(forecaster) }
