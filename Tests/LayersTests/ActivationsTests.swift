import Foundation
import Layers
import Tensors
import Testing

struct ActivationsTests {
  typealias Formula = @Sendable (Double) -> Double

  static let points: [Double] = [-3, -1, -0.25, 0, 0.25, 1, 3]
  static let geluOfTanh: Formula = { x in
    let inner: Double = (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
    return x / 2 * (1 + tanh(inner))
  }
  static let layers: [(any Layer, Formula)] = [
    (ReLU(), { max($0, 0) }),
    (LeakyReLU(slope: 0.2), { $0 < 0 ? 0.2 * $0 : $0 }),
    (LeakyReLU(), { $0 < 0 ? 0.01 * $0 : $0 }),
    (Sigmoid(), { 1 / (1 + exp(-$0)) }),
    (Tanh(), { tanh($0) }),
    (Sine(), { sin($0) }),
    (Sine(frequency: 30), { sin(30 * $0) }),
    (GELU(), { $0 / 2 * (1 + erf($0 / 2.squareRoot())) }),
    (GELU(approximation: .tanh), geluOfTanh),
    (SiLU(), { $0 / (1 + exp(-$0)) }),
    (Softplus(), { log(1 + exp($0)) }),
  ]

  @Test(arguments: layers.indices)
  func hasTheValuesOfItsFormula(_ index: Int) {
    let (layer, formula) = Self.layers[index]
    let x = Tensor(Self.points, shape: [7], dtype: .float64)
    for (value, point) in zip(layer(x, .inference).doubles, Self.points) {
      #expect(abs(value - formula(point)) <= 1e-14, "\(layer) at \(point)")
    }
  }
}
