import TestSupport
import Testing

@testable import Tensors

@Suite struct DropoutTests {
  /// Random numbers cannot be held against PyTorch's: the mask is held against the generator, whose
  /// known answers are those of its authors.
  @Test(arguments: [1, 3, 4, 5, 17, 20_003], DType.full)
  func maskIsAFunctionOfTheKey(count: Int, dtype: DType) {
    let key = DropoutKey(seed: 0x0123_4567_89AB_CDEF, stream: 0xFEDC_BA98_7654_3210)
    let mask = dropoutMask([count], probability: 0.25, key: key, dtype: dtype).doubles
    let kept = dtype == .float32 ? Double(Float(1 / 0.75)) : 1 / 0.75
    for index in 0..<count {
      let block = Philox.block(
        key: SIMD2(0x89AB_CDEF, 0x0123_4567),
        counter: SIMD4(UInt32(index / 4), 0, 0x7654_3210, 0xFEDC_BA98))
      let right = block[index % 4] < 1 << 30 ? 0 : kept
      #expect(mask[index] == right, "element \(index)")
      if mask[index] != right { return }
    }
  }

  /// The share of zeros is the probability, within five standard deviations of a binomial.
  @Test(arguments: [0.01, 0.1, 0.5, 0.9, 0.999])
  func rate(probability: Double) {
    let count = 1_000_000
    for stream in 0..<3 as Range<UInt64> {
      let mask = dropoutMask(
        [count], probability: probability, key: DropoutKey(seed: 1, stream: stream))
      let zeros = Double(mask.floats.count { $0 == 0 })
      let deviation = (Double(count) * probability * (1 - probability)).squareRoot()
      #expect(abs(zeros - Double(count) * probability) <= 5 * deviation, "\(zeros)")
    }
  }

  /// Neighbours fall out independently of one another, within five standard deviations.
  @Test func neighboursAreIndependent() {
    let count = 1_000_000
    let mask = dropoutMask([count], probability: 0.5, key: DropoutKey(seed: 9, stream: 4)).floats
    for distance in [1, 2, 3, 4, 16, 64] {
      let both = (0..<(count - distance)).count { mask[$0] == 0 && mask[$0 + distance] == 0 }
      let deviation = (Double(count) * 0.25 * 0.75).squareRoot()
      #expect(
        abs(Double(both) - Double(count) / 4) <= 5 * deviation, "at distance \(distance): \(both)")
    }
  }

  /// A row is there or not as a whole; its mask is that of as many elements, in bfloat16 too.
  @Test(arguments: DType.allCases, [[9, 2, 3, 5], [6], [70, 17]] as [Shape])
  func rows(dtype: DType, shape: Shape) {
    let key = DropoutKey(seed: 3, stream: 4)
    let mask = dropoutMask([shape[0]], probability: 0.5, key: key).doubles
    #expect(mask.contains(0) && mask.contains(2))
    let x = Tensor((1...shape.count).map { Double($0 % 100) }, shape: shape, dtype: dtype)
    let length = shape.count / shape[0]
    let y = dropoutRows(x, probability: 0.5, key: key)
    #expect(y.doubles == x.doubles.enumerated().map { $1 * mask[$0 / length] })
    let gradient = valueWithGradient(at: [x]) { inputs in
      sum(dropoutRows(inputs[0], probability: 0.5, key: key).converted(to: .float64))
    }.gradients[0]
    #expect(gradient?.doubles == (0..<shape.count).map { mask[$0 / length] })
    #expect(dropoutRows(x, probability: 0, key: key).doubles == x.doubles)
  }

  @Test func rowsStopAtAScalar() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = dropoutRows(.ones([]), probability: 0.5, key: DropoutKey(seed: 1, stream: 1)) }
    expectStop(result, "dropoutRows: input of shape [] has no rows")
  }

  @Test(arguments: DType.full)
  func gradientPassesWhereTheValueDoes(dtype: DType) {
    var random = SplitMix(state: 2)
    let x = random.tensor([1000]).converted(to: dtype)
    let key = DropoutKey(seed: 5, stream: 6)
    let mask = dropoutMask([1000], probability: 0.4, key: key, dtype: dtype)
    let (value, gradients) = valueWithGradient(at: [x]) {
      sum(dropout($0[0], probability: 0.4, key: key))
    }
    // A thousand numbers around one, added up in another order at most.
    let right = zip(x.doubles, mask.doubles).reduce(0) { $0 + $1.0 * $1.1 }
    #expect(abs(value.item - right) < (dtype == .float32 ? 1e-4 : 1e-12))
    #expect(gradients[0]?.doubles == mask.doubles)
    #expect(dropout(x, probability: 0, key: key).doubles == x.doubles)
    #expect(
      dropoutMask([1000], probability: 0.4, key: DropoutKey(seed: 5, stream: 7)).doubles
        != mask.doubles)
  }

  /// The mask does not depend on the number of threads.
  @Test func threads() async {
    await #expect(processExitsWith: .success) {
      var masks: [[Float]] = []
      for threads in [1, 2, 3, 5] {
        Threads.use(threads)
        masks.append(
          dropoutMask([200_003], probability: 0.5, key: DropoutKey(seed: 5, stream: 6)).floats)
      }
      #expect(masks.dropFirst().allSatisfy { $0 == masks[0] })
    }
  }

  static let mistakes = [-0.1, 1, .nan, 7].map { (probability: Double) in
    Mistake("dropout: probability \(probability) is not in 0 ..< 1") {
      _ = dropout(.ones([3]), probability: probability, key: DropoutKey(seed: 0, stream: 0))
    }
  }

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in DropoutTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }
}
