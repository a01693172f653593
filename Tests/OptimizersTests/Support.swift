import Foundation
import Optimizers
import Tensors
import Testing

/// What Reference/optimizers.py wrote.
struct OptimizerReference: Decodable {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let dtype: DType
    let attributes: [String: Setting]
    let steps: [[[Double]]]
    var testDescription: String { "\(name) \(dtype) \(attributes)" }
  }

  struct Clipping: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let dtype: DType
    let attributes: [String: Setting]
    let inputs: [[Double]]
    let norm: Double?
    let outputs: [[Double]]
    var testDescription: String { "\(name) \(dtype) \(attributes)" }
  }

  let shapes: [[Int]]
  let initial: [[Double]]
  let gradients: [[[Double]]]
  let cases: [Case]
  /// The second parameter is in a group of its own.
  let groups: [Case]
  let clipping: [Clipping]

  static let stored: OptimizerReference = decoded("optimizers.json")

  func parameters(_ dtype: DType) -> [Parameter] {
    zip(shapes, initial).enumerated().map { index, value in
      Parameter(
        Tensor(value.1, shape: Shape(value.0), dtype: dtype), name: ["weight", "bias"][index])
    }
  }

  func gradients(of parameters: [Parameter], step: Int) -> Gradients {
    Gradients(
      of: parameters,
      zip(parameters, gradients[step]).map {
        Tensor($1, shape: $0.shape, dtype: $0.dtype)
      })
  }
}

/// What Reference/optimizers.py wrote of schedules.
struct ScheduleReference: Decodable {
  struct Case: Decodable, Sendable, CustomTestStringConvertible {
    let name: String
    let attributes: [String: Setting]
    let base: Double
    let losses: [Double]?
    let rates: [Double]
    var testDescription: String { "\(name) \(attributes)" }
  }

  let cases: [Case]

  static let stored: ScheduleReference = decoded("schedules.json")
}

/// A number, a truth value or some whole numbers.
struct Setting: Decodable, Sendable, CustomStringConvertible {
  let number: Double
  let numbers: [Int]

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if let truth = try? value.decode(Bool.self) {
      (number, numbers) = (truth ? 1 : 0, [])
    } else if let number = try? value.decode(Double.self) {
      (self.number, numbers) = (number, [])
    } else {
      (number, numbers) = (.nan, try value.decode([Int].self))
    }
  }

  var description: String { numbers.isEmpty ? "\(number)" : "\(numbers)" }
}

extension [String: Setting] {
  subscript(number name: String) -> Double { self[name]?.number ?? .nan }
}

private func decoded<Value: Decodable>(_ file: String) -> Value {
  let url = Bundle.module.url(forResource: "Reference/\(file)", withExtension: nil)
  do {
    return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url!))
  } catch {
    fatalError("\(file): \(error)")
  }
}

/// Whether two lists agree to `tolerance`, relative to each expected number, or to 1 where it is smaller:
/// what is added to a parameter is rounded in units of the parameter.
func expectClose(
  _ values: [Double], _ expected: [Double], within tolerance: Double, _ label: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(values.count == expected.count, sourceLocation: sourceLocation)
  let errors = zip(values, expected).map { abs($0 - $1) / Swift.max(abs($1), 1) }
  let worst = errors.contains(where: \.isNaN) ? Double.nan : errors.max() ?? 0
  #expect(worst <= tolerance, "\(label) off by \(worst)", sourceLocation: sourceLocation)
}

/// Every optimiser with state, over the same parameters and with all its settings in use.
enum OptimizerKind: String, CaseIterable, Sendable {
  case sgd, momentum, nesterov, adam, adamW, adagrad
  case rmsProp, rmsPropMomentum, rmsPropCentered, rmsPropCenteredMomentum

  func make(_ parameters: [Parameter], _ groups: [ParameterGroup] = []) -> any Optimizer {
    switch self {
    case .sgd: SGD(parameters, learningRate: 0.1, weightDecay: 0.01, groups: groups)
    case .momentum:
      SGD(parameters, learningRate: 0.1, momentum: 0.9, dampening: 0.1, groups: groups)
    case .nesterov:
      SGD(parameters, learningRate: 0.1, momentum: 0.9, nesterov: true, groups: groups)
    case .adam: Adam(parameters, learningRate: 0.1, weightDecay: 0.01, groups: groups)
    case .adamW: AdamW(parameters, learningRate: 0.1, groups: groups)
    case .rmsProp: RMSProp(parameters, learningRate: 0.01, weightDecay: 0.01, groups: groups)
    case .rmsPropMomentum: RMSProp(parameters, learningRate: 0.01, momentum: 0.5, groups: groups)
    case .rmsPropCentered:
      RMSProp(parameters, learningRate: 0.01, centered: true, groups: groups)
    case .rmsPropCenteredMomentum:
      RMSProp(parameters, learningRate: 0.01, momentum: 0.5, centered: true, groups: groups)
    case .adagrad: Adagrad(parameters, learningRate: 0.1, learningRateDecay: 0.1, groups: groups)
    }
  }
}
