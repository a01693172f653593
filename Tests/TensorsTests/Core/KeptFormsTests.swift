import Foundation
import Testing

@testable import Tensors

/// Forms of a tensor's elements that are kept with them.
struct KeptFormsTests {
  /// How often a form had to be made.
  private final class Counted: @unchecked Sendable {
    var count = 0
    func form(_ tensor: Tensor, _ number: Int) -> Tensor {
      tensor.kept(as: Form(name: "sum", numbers: [number])) {
        count += 1
        return tensor * Double(number)
      }
    }
  }

  @Test func areMadeOnce() {
    let (made, x) = (Counted(), Tensor([1, 2], shape: [2]))
    #expect(made.form(x, 3).floats == [3, 6])
    #expect(made.form(x, 3).floats == [3, 6])
    // Reshaped or without history, it is the same storage.
    #expect(made.form(x.reshaped(to: [2, 1]), 3).floats == [3, 6])
    #expect(made.count == 1)
    #expect(made.form(x, 5).floats == [5, 10])
    #expect(made.form(x, 3).floats == [3, 6])
    #expect(made.count == 2)
  }

  @Test func twoAreKept() {
    let (made, x) = (Counted(), Tensor([1, 2], shape: [2]))
    for number in [1, 2, 3] { _ = made.form(x, number) }
    #expect(made.count == 3)
    for number in [2, 3] { _ = made.form(x, number) }
    #expect(made.count == 3)
    #expect(made.form(x, 1).floats == [1, 2])
    #expect(made.count == 4)
  }

  @Test func areForgottenWhereElementsChange() {
    let made = Counted()
    var x = Tensor([1, 2], shape: [2])
    _ = made.form(x, 3)
    x.makeUnique()
    // What an optimiser's step does to the only owner.
    x.storage.write([4, 5] as [Float])
    #expect(made.form(x, 3).floats == [12, 15])
    #expect(made.count == 2)
    // Where there is another owner, that one keeps its own.
    let other = x
    x.makeUnique()
    x.storage.write([7, 8] as [Float])
    #expect(made.form(x, 3).floats == [21, 24])
    #expect(made.form(other, 3).floats == [12, 15])
    #expect(made.count == 3)
  }

  @Test func haveNoHistory() {
    let (value, gradients) = valueWithGradient(at: [Tensor([1, 2], shape: [2])]) { inputs in
      let x = inputs[0]
      return sum(x * x.kept(as: Form(name: "double", numbers: [])) { x * 2 })
    }
    // The form 2 x is a constant c: the gradient of Σ c x is c.
    #expect(value.item == 10)
    #expect(gradients[0]?.floats == [2, 4])
  }

  /// Many threads ask for the same weight's forms, as networks do that are applied side by side.
  @Test func manyThreadsMayAsk() {
    let x = Tensor([1, 2], shape: [2])
    DispatchQueue.concurrentPerform(iterations: 200) { index in
      let number = index % 5
      let form = x.kept(as: Form(name: "product", numbers: [number])) { x * Double(number) }
      #expect(form.floats == [Float(number), Float(2 * number)])
    }
  }
}
