import Testing

@testable import Tensors

@Suite struct DTypeTests {
  /// The names are those of configurations and checkpoints.
  @Test func namesAndSizes() {
    #expect(DType.full.map(\.rawValue) == ["float32", "float64"])
    #expect(DType.full.map(\.size) == [4, 8])
    for dtype in DType.full {
      #expect(Tensor.ones([3], dtype: dtype).withBytes(\.count) == 3 * dtype.size)
    }
  }

  /// What moves elements knows bfloat16, forward and back: small whole numbers, which it holds exactly, move and add up as
  /// those of float32 do.
  @Test func whatMovesElementsKnowsBFloat16() {
    let x = Tensor([1, 2, 3, 4, 5, 6], shape: [2, 3])
    let moves: [(String, (Tensor) -> Tensor)] = [
      ("transposed", { $0.transposed() }),
      ("permuted", { $0.permuted(to: [1, 0]) }),
      ("gather", { gather($0, IndexTensor([0, 1, 0, 0])) }),
      ("slice", { slice($0, axis: 1, from: 1, count: 2) }),
      ("pad", { pad($0, axis: 0, before: 1, after: 2, mode: .edge) }),
      ("concatenate", { concatenate([$0, $0], axis: 1) }),
      ("broadcast", { broadcast($0.reshaped(to: [2, 1, 3]), to: [2, 4, 3]) }),
      (
        "broadcast of one",
        { broadcast(slice($0.reshaped(to: [6]), axis: 0, from: 4, count: 1), to: [3, 2]) }
      ),
    ]
    for (name, move) in moves {
      let found = [DType.float32, .bfloat16].map { dtype in
        let parameter = Parameter(x.converted(to: dtype), name: "x")
        let (y, gradients) = valueWithGradient(of: [parameter]) { () -> Tensor in
          let y = move(parameter.value)
          let cotangent = Tensor((0..<y.count).map { Float($0 % 5) - 1 }, shape: y.shape)
          return sum(y.converted(to: .float32) * cotangent)
        }
        return [y.item] + (gradients[parameter]?.doubles ?? [])
      }
      #expect(found[0] == found[1] && found[0].count == 7, "\(name)")
    }
  }

  /// Whatever its payload: to round one up could make a number of it.
  @Test(arguments: [0x7FF8_0000_0000_0000, 0x7FFF_FFFF_FFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF])
  func aNaNStaysOneInBFloat16(bits: UInt64) {
    let value = Double(bitPattern: bits)
    #expect(Tensor.full([3], value, dtype: .bfloat16).doubles.allSatisfy { $0.isNaN })
    let converted = Tensor([value], shape: [1], dtype: .float64).converted(to: .bfloat16)
    #expect(converted.doubles.allSatisfy { $0.isNaN })
  }
}
