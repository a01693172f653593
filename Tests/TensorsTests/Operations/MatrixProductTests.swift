import TestSupport
import Testing

@testable import Tensors

@Suite struct MatrixProductTests {
  @Test(arguments: ReferenceCase.named("matmul", "matmul-batched"))
  func agreesWithPyTorch(reference: ReferenceCase) {
    reference.check(tolerance: 2e-6) { inputs in
      matmul(
        inputs[0], inputs[1], transposeA: reference.attributes.transposeA ?? false,
        transposeB: reference.attributes.transposeB ?? false)
    }
  }

  static let transposes = [(false, false), (false, true), (true, false), (true, true)]

  /// 2,744 shapes in each of the four cases, against the definition: a product of k terms in any order
  /// is off by at most k 2⁻²⁴ Σ|a||b| (Higham, "Accuracy and stability of numerical algorithms", §3.1).
  @Test(arguments: transposes)
  func everyShape(transposeA: Bool, transposeB: Bool) {
    var wrong: [String] = []
    for m in productLengths {
      for n in productLengths {
        for k in productLengths where wrong.count < 5 {
          wrong += deviation(m, n, k, transposeA, transposeB)
        }
      }
    }
    #expect(wrong == [])
  }

  @Test(arguments: transposes)
  func shapesForTheLibrary(transposeA: Bool, transposeB: Bool) {
    #expect(largeProducts.flatMap { deviation($0.0, $0.1, $0.2, transposeA, transposeB) } == [])
  }

  /// The product by panels on any processor, alone or less a matrix whose rows have factors, with tiles that are not whole
  /// and sums over k in several parts. What it gives depends on the lengths alone.
  @Test(arguments: [false, true], [false, true])
  func panels(transposeA: Bool, isLess: Bool) {
    // The last two are shared out also where cores are far from each other: columns, then rows.
    let lengths = [
      (1, 1, 1), (7, 33, 5), (100, 64, 9), (13, 256, 700), (300, 31, 40), (64, 70, 0),
      (51, 520, 330), (730, 41, 300),
    ]
    for (m, n, k) in lengths {
      var random = SplitMix(state: UInt64(m * n + k))
      let (a, b) = (random.floats(m * k), random.floats(k * n))
      let (v, s) = (random.floats(m * n), random.floats(m))
      let exact = naiveProduct(
        a, transposeA: transposeA, b, transposeB: false, m: m, n: n, k: k)
      let (left, right) = (Tensor(a, shape: [a.count]), Tensor(b, shape: [b.count]))
      let less = (Tensor(v, shape: [v.count]), Tensor(s, shape: [s.count]))
      let found = [1, 2, 3].map { threads in
        let before = Threads.count
        Threads.use(threads)
        defer { Threads.use(before) }
        let c = Tensor(uninitialized: [m, n], .float32)
        Product.panelMatmul(
          m: m, n: n, k: k, left.storage, transposeA: transposeA, right.storage,
          less: isLess ? (less.0.storage, less.1.storage) : nil, into: c.storage)
        return c.floats
      }
      #expect(found.allSatisfy { $0 == found[0] }, "\(m)×\(n)×\(k)")
      for (index, value) in found[0].enumerated() {
        let taken = isLess ? Double(s[index / n]) * Double(v[index]) : 0
        let bound = Double(k + 1) * (exact.magnitude[index] + abs(taken)) * 0x1p-24
        #expect(
          abs(Double(value) - (exact.value[index] - taken)) <= bound, "\(m)×\(n)×\(k), \(index)")
      }
    }
  }

  /// The product of rows on any processor, with tiles, vectors and parts of the sum that are not whole. Each row of it is
  /// the same however many threads there are.
  @Test(arguments: [false, true])
  func rows(isRectified: Bool) {
    let lengths = [
      (1, 4, 1), (2, 5, 3), (3, 6, 8), (4, 7, 17), (5, 50, 768), (13, 100, 769), (11, 9, 1600),
      (25, 127, 3072),
    ]
    for (m, n, k) in lengths {
      var random = SplitMix(state: UInt64(m * n + k))
      let (a, b, bias) = (random.floats(m * k), random.floats(n * k), random.floats(n))
      let exact = naiveProduct(a, transposeA: false, b, transposeB: true, m: m, n: n, k: k)
      let tensors = [a, b, bias].map { Tensor($0, shape: [$0.count]) }
      func found(_ threads: Int, _ bias: Tensor?) -> [Float] {
        let before = Threads.count
        Threads.use(threads)
        defer { Threads.use(before) }
        let c = Tensor(uninitialized: [m, n], .float32)
        Product.rowMatmul(
          m: m, n: n, k: k, tensors[0].storage, tensors[1].storage, bias: bias?.storage,
          relu: isRectified, into: c.storage)
        return c.floats
      }
      for offset in [nil, tensors[2]] {
        let one = found(1, offset)
        #expect([2, 3].allSatisfy { found($0, offset) == one }, "\(m)×\(n)×\(k)")
        for (index, value) in one.enumerated() {
          let added = offset == nil ? 0 : Double(bias[index % n])
          let sum = exact.value[index] + added
          let bound = Double(k + 1) * (exact.magnitude[index] + abs(added)) * 0x1p-24
          #expect(
            abs(Double(value) - (isRectified ? max(0, sum) : sum)) <= bound,
            "\(m)×\(n)×\(k), \(index)")
        }
      }
    }
  }

  private func deviation(
    _ m: Int, _ n: Int, _ k: Int, _ transposeA: Bool, _ transposeB: Bool
  ) -> [String] {
    var random = SplitMix(state: UInt64((m * 4096 + n) * 4096 + k))
    let (a, b) = (random.floats(m * k), random.floats(k * n))
    let exact = naiveProduct(
      a, transposeA: transposeA, b, transposeB: transposeB, m: m, n: n, k: k)
    let left = Tensor(a, shape: transposeA ? [k, m] : [m, k])
    let right = Tensor(b, shape: transposeB ? [n, k] : [k, n])
    let found = matmul(left, right, transposeA: transposeA, transposeB: transposeB)
    if found.shape != [m, n] { return ["\(m)×\(n)×\(k): shape \(found.shape)"] }
    let double = matmul(
      left.converted(to: .float64), right.converted(to: .float64), transposeA: transposeA,
      transposeB: transposeB
    ).doubles
    for (index, value) in found.doubles.enumerated() {
      let bound = Double(k) * exact.magnitude[index]
      if !(abs(value - exact.value[index]) <= bound * 0x1p-24) {
        return ["\(m)×\(n)×\(k), element \(index): \(value), not \(exact.value[index])"]
      }
      if !(abs(double[index] - exact.value[index]) <= bound * 0x1p-52) {
        return ["\(m)×\(n)×\(k), element \(index), float64: \(double[index])"]
      }
    }
    return []
  }

  @Test(arguments: DType.allCases)
  func emptyProducts(dtype: DType) {
    func zeros(_ shape: Shape) -> Tensor { .zeros(shape, dtype: dtype) }
    for (transposeA, transposeB) in Self.transposes {
      func product(_ m: Int, _ n: Int, _ k: Int) -> Tensor {
        matmul(
          zeros(transposeA ? [k, m] : [m, k]), zeros(transposeB ? [n, k] : [k, n]),
          transposeA: transposeA, transposeB: transposeB)
      }
      #expect(product(0, 3, 2).shape == [0, 3])
      #expect(product(3, 0, 2).shape == [3, 0])
      #expect(product(2, 3, 0).doubles == [0, 0, 0, 0, 0, 0])
      #expect(product(0, 0, 0).shape == [0, 0])
      #expect(product(0, 3, 300).shape == [0, 3])
    }
  }

  /// Each matrix of a batch is the product of its own, by small products and by oneDNN, with fewer matrices than
  /// threads and with more; how many threads there are changes no bit of a small one.
  @Test(arguments: transposes)
  func batches(transposeA: Bool, transposeB: Bool) {
    let lengths = [
      (1, 3, 5, 4), (7, 17, 9, 33), (200, 8, 8, 9), (3, 64, 65, 200), (1, 130, 90, 110),
      (2, 110, 111, 113), (5, 120, 100, 90),
    ]
    for (batch, m, n, k) in lengths {
      var random = SplitMix(state: UInt64(batch * m * n * k))
      let left = (0..<batch).map { _ in random.floats(m * k) }
      let right = (0..<batch).map { _ in random.floats(k * n) }
      let a = Tensor(left.flatMap(\.self), shape: transposeA ? [batch, k, m] : [batch, m, k])
      let b = Tensor(right.flatMap(\.self), shape: transposeB ? [batch, n, k] : [batch, k, n])
      func found(_ threads: Int, _ dtype: DType) -> [Double] {
        let before = Threads.count
        Threads.use(threads)
        defer { Threads.use(before) }
        let y = matmul(
          a.converted(to: dtype), b.converted(to: dtype), transposeA: transposeA,
          transposeB: transposeB)
        #expect(y.shape == [batch, m, n] && y.dtype == dtype)
        return y.doubles
      }
      let exact = zip(left, right).map {
        naiveProduct($0, transposeA: transposeA, $1, transposeB: transposeB, m: m, n: n, k: k)
      }
      let (value, magnitude) = (exact.flatMap(\.value), exact.flatMap(\.magnitude))
      let values = [1, 2, 3].map { found($0, .float32) }
      let isSmall = m * n * k <= 1_050_000
      #expect(!isSmall || values.allSatisfy { $0 == values[0] }, "\(batch)×\(m)×\(n)×\(k)")
      for (computed, unit) in values.map({ ($0, 0x1p-24) }) + [(found(2, .float64), 0x1p-52)] {
        let wrong = computed.indices.first {
          !(abs(computed[$0] - value[$0]) <= Double(k) * magnitude[$0] * unit)
        }
        #expect(wrong == nil, "\(batch)×\(m)×\(n)×\(k) in \(unit)")
      }
    }
  }

  @Test(arguments: DType.allCases)
  func emptyBatches(dtype: DType) {
    for (transposeA, transposeB) in Self.transposes {
      func product(_ batch: Int, _ m: Int, _ n: Int, _ k: Int) -> Tensor {
        matmul(
          .zeros(transposeA ? [batch, k, m] : [batch, m, k], dtype: dtype),
          .zeros(transposeB ? [batch, n, k] : [batch, k, n], dtype: dtype),
          transposeA: transposeA, transposeB: transposeB)
      }
      #expect(product(0, 2, 3, 4).shape == [0, 2, 3])
      #expect(product(0, 200, 300, 400).shape == [0, 200, 300])
      #expect(product(2, 0, 3, 4).shape == [2, 0, 3])
      #expect(product(3, 1, 2, 0).doubles == [0, 0, 0, 0, 0, 0])
    }
  }

  /// Sums of nothing are written, on processors for which oneDNN multiplies bfloat16 and on others.
  @Test func emptySumsOfBFloat16() {
    let a = Tensor.zeros([2, 0], dtype: .bfloat16).storage
    let b = Tensor.zeros([0, 3], dtype: .bfloat16).storage
    let (half, single) = (Tensor.full([2, 3], 7, dtype: .bfloat16), Tensor.full([2, 3], 7))
    Product.matmul(
      .bfloat16, m: 2, n: 3, k: 0, a, transposeA: false, b, transposeB: false, bias: nil,
      relu: false, into: half.storage)
    Product.matmulIntoFloat32(
      m: 2, n: 3, k: 0, a, transposeA: false, b, transposeB: false, into: single.storage)
    #expect(half.doubles == [0, 0, 0, 0, 0, 0])
    #expect(single.doubles == [0, 0, 0, 0, 0, 0])
  }

  /// A NaN or an infinity reaches its row and column and nothing else, in small and in large products.
  @Test(arguments: [17, 130], transposes)
  func whatIsNotFiniteStaysInItsRow(side: Int, transposes: (Bool, Bool)) {
    for bad in [Float.nan, .infinity] {
      var values = [Float](repeating: 1, count: side * side)
      let (row, step) = (side - 2, side - 1)
      values[transposes.0 ? step * side + row : row * side + step] = bad
      let a = Tensor(values, shape: [side, side])
      let y = matmul(a, .ones([side, side]), transposeA: transposes.0, transposeB: transposes.1)
      for (index, value) in y.floats.enumerated() {
        let isBad = bad.isNaN ? value.isNaN : value == bad
        let isRight = index / side == row ? isBad : value == Float(side)
        #expect(isRight, "\(bad), element \(index): \(value)")
        if !isRight { return }
      }
    }
  }

  static let mistakes = [
    Mistake("matmul: [2, 3] by [4, 5]: the inner lengths 3 and 4 differ") {
      _ = matmul(.ones([2, 3]), .ones([4, 5]))
    },
    Mistake("matmul: [2, 3] transposed by [3, 5] transposed: the inner lengths 2 and 5 differ") {
      _ = matmul(.ones([2, 3]), .ones([3, 5]), transposeA: true, transposeB: true)
    },
    Mistake(
      "matmul: shapes [2, 3, 4] and [4, 5]; they have to be two matrices, or two batches of matrices"
    ) { _ = matmul(.ones([2, 3, 4]), .ones([4, 5])) },
    Mistake(
      "matmul: shapes [3] and [3, 5]; they have to be two matrices, or two batches of matrices"
    ) {
      _ = matmul(.ones([3]), .ones([3, 5]))
    },
    Mistake("matmul: [2, 3, 4] by [1, 4, 5]: the batches 2 and 1 differ") {
      _ = matmul(.ones([2, 3, 4]), .ones([1, 4, 5]))
    },
    Mistake("matmul: [2, 3, 4] by [2, 5, 4]: the inner lengths 4 and 5 differ") {
      _ = matmul(.ones([2, 3, 4]), .ones([2, 5, 4]))
    },
    Mistake("matmul: types float64 and float32 differ") {
      _ = matmul(.ones([2, 3, 4], dtype: .float64), .ones([2, 4, 5]))
    },
    Mistake("matmul: types float32 and float64 differ") {
      _ = matmul(.ones([2, 3]), .ones([3, 5], dtype: .float64))
    },
  ]

  @Test(arguments: mistakes.indices)
  func stopsWithWords(index: Int) async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { [index] in MatrixProductTests.mistakes[index].body() }
    expectStop(result, Self.mistakes[index].words)
  }

  /// By oneDNN or in float32: what bfloat16 holds exactly is multiplied and added in full, and rounded once.
  @Test func bfloat16() {
    var random = Philox(seed: 6)
    func drawn(_ shape: Shape) -> Tensor {
      Tensor(shape: shape) { for index in $0.indices { $0[index] = Float(random.normal()) } }
        .converted(to: .bfloat16)
    }
    let (a, b) = (drawn([5, 70]), drawn([70, 9]))
    let exact = matmul(a.converted(to: .float64), b.converted(to: .float64)).doubles
    let turned = b.converted(to: .float32).transposed().converted(to: .bfloat16)
    for y in [matmul(a, b), matmul(a, turned, transposeB: true), linear(a, turned)] {
      #expect(y.dtype == .bfloat16 && y.shape == [5, 9])
      // Half of the last of eight binary digits, and float32's rounding of sums of 70 terms.
      for (y, exact) in zip(y.doubles, exact) {
        #expect(abs(y - exact) <= 0x1p-8 * abs(exact) + 1e-5)
      }
    }
  }

  /// A batch is its matrices, by oneDNN or in float32.
  @Test func bfloat16Batches() {
    var random = Philox(seed: 7)
    let count = 5 * 7 * 40
    let drawn = Tensor(shape: [2 * count]) {
      for index in $0.indices { $0[index] = Float(random.normal()) }
    }.converted(to: .bfloat16)
    let a = slice(drawn, axis: 0, from: 0, count: count).reshaped(to: [5, 7, 40])
    let b = slice(drawn, axis: 0, from: count, count: count).reshaped(to: [5, 7, 40])
    let exact = matmul(a.converted(to: .float64), b.converted(to: .float64), transposeB: true)
    let y = matmul(a, b, transposeB: true)
    #expect(y.dtype == .bfloat16 && y.shape == [5, 7, 7])
    #expect(firstFar(y.doubles, from: exact.doubles, within: 1e-5, relative: 0x1p-8) == nil)
  }
}
