import Layers
import Tensors
import Testing

struct FlattenTests {
  static let shapes: [(Int, [Int])] = [
    (1, [2, 12]), (0, [24]), (2, [2, 3, 4]), (-2, [2, 12]),
  ]

  @Test(arguments: shapes)
  func joinsTheAxesFromOneOn(_ axis: Int, _ expected: [Int]) {
    let x = Tensor((0..<24).map { Float($0) }, shape: [2, 3, 4])
    let y = Flatten(from: axis)(x, .inference)
    #expect(y.shape.lengths == expected)
    #expect(y.floats == x.floats)
    #expect(Flatten().axis == 1)
  }
}
