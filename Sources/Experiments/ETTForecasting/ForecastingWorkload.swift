import Derivations
import Optimizers
import Tensors

/// The document's network on numbers that everyone draws alike.
///
/// X = randn(32·96·7) as [32, 96, 7], Y the same, then for trend and seasonal part the weights
/// randn(256, 96) / √96 and randn(96, 256) / √256; biases 0.
private func forecaster(_ request: Workload.Request) -> Workload.Job {
  let (batch, history, horizon, variates, hidden) = (32, 96, 96, 7, 256)
  var numbers = NumPyRandom(seed: 0)
  let x = numbers.normal([batch, history, variates], dtype: request.dtype)
  let y = numbers.normal([batch, horizon, variates], dtype: request.dtype)
  let parameters = ["trend", "seasonal"].flatMap { part in
    [(hidden, history), (horizon, hidden)].enumerated().flatMap { layer, widths in
      let (outputs, inputs) = widths
      let weight = numbers.normal(
        [outputs, inputs], scale: 1 / Double(inputs).squareRoot(), dtype: request.dtype)
      return [
        Parameter(weight, name: "\(part).layers.\(layer).weight"),
        Parameter(.zeros([outputs], dtype: request.dtype), name: "\(part).layers.\(layer).bias"),
      ]
    }
  }
  let network = DecompositionForecaster(parameters, window: 25)
  let step = ForecastingStep(
    network, optimizer: SGD(parameters, learningRate: 0.01), isByHand: request.mode == .byHand)
  return Workload.Job(
    step: { try step(x, y, step: $0).loss },
    loss: { network.loss(inputs: x, targets: y).item },
    infer: { _ = network.forecast(x) })
}

@section("adjoint_registry") @used
private let workload: Registration = {
  Workload.register(
    Workload(
      "etth1",
      "history 96, horizon 96, 7 variates, hidden 256, window 25, batch 32, SGD"
    ) { forecaster($0) })
}
