// An operation of one's own, with its gradient by hand, from the tape and by central differences.

import Adjoint

// snippet.composed
/// Rows of length 1, of operations that are there.  y = x / ‖x‖
func unitRows(_ x: Tensor) -> Tensor {
  let length = sqrt(sum(x * x, axis: 1)).reshaped(to: [x.shape[0], 1])
  return x / broadcast(length, to: x.shape)
}
// snippet.end

// snippet.pullback
/// The cotangent of x, given that of y.  dx = (dy − y (y · dy)) / ‖x‖
func unitRowsPullback(_ dy: Tensor, _ y: Tensor, length: Tensor) -> Tensor {
  let along = sum(y * dy, axis: 1).reshaped(to: length.shape)
  let across = dy - y * broadcast(along, to: y.shape)
  return across / broadcast(length, to: y.shape)
}
// snippet.end

// snippet.recorded
/// Rows of length 1 as one operation: the tape keeps y and the lengths.
func fusedUnitRows(_ x: Tensor) -> Tensor {
  let kept = x.detached
  let length = sqrt(sum(kept * kept, axis: 1)).reshaped(to: [x.shape[0], 1])
  let y = kept / broadcast(length, to: x.shape)
  return record("fusedUnitRows", y, from: x) { dy in
    unitRowsPullback(dy, y, length: length)
  }
}
// snippet.end

// snippet.check
var sampler = Sampler(seed: 0, dtype: .float64)
let x = sampler.parameter([5, 3], .awayFromZero, name: "x")
let length = sqrt(sum(x.value * x.value, axis: 1)).reshaped(to: [5, 1])
let y = unitRows(x.value)

let operations = [("composed", unitRows), ("recorded", fusedUnitRows)]
for (name, operation) in operations {
  let check = GradientCheck.Case(
    name, [x], byHand: { dy in [unitRowsPullback(dy, y, length: length)] }
  ) { operation(x.value) }
  let found = check.agreements()[0]
  print("\(name): tape and by hand \(found.tapeAgainstHand)")
  print("\(name): tape and differences \(found.tapeAgainstDifferences)")
}
// snippet.end
