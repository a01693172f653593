import Foundation
import Tensors
import Testing

@testable import Checkpoints

/// A state as training has it, with numbers that are hard to keep.
struct State: Codable, Equatable {
  var step: Int
  var epoch = 3
  var place = 0.1 + 0.2
  var seed = UInt64.max
  var generator: [UInt32] = [0, .max, 7]
  var best = -Double.infinity
  var metricsBytes: Int?
  var text = "é\n\"\u{0}"
}

/// What a run has after so many steps.
struct Saved {
  let model: [String: Tensor]
  let optimizer: [String: Tensor]
  let state: State

  init(step: Int) {
    let value = Double(step)
    model = [
      "layer1.weight": Tensor([value, -0.0, .nan, 1e-40], shape: [2, 2], dtype: .float32),
      "layer1.bias": Tensor([value / 3, .infinity], shape: [2], dtype: .float64),
    ]
    optimizer = [
      "layer1.weight.momentum": Tensor([1, 2, 3, value], shape: [2, 2], dtype: .float32),
      "steps": Tensor(scalar: value, dtype: .float64),
    ]
    state = State(step: step)
  }

  var name: String { Checkpoint.name(step: state.step) }

  @discardableResult
  func write(in folder: URL) throws -> URL {
    try Checkpoint.write(
      model: model, optimizer: optimizer, state: state, named: name, in: folder)
  }

  func expect(at url: URL, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let read = try Checkpoint.read(url, as: State.self)
    expectSame(read.model, model, sourceLocation: sourceLocation)
    expectSame(read.optimizer, optimizer, sourceLocation: sourceLocation)
    #expect(read.state == state, sourceLocation: sourceLocation)
  }
}
