import Foundation
import TestSupport
import Testing

@testable import Tensors

@Suite struct GradientCheckTests {
  @Test(arguments: GradientCheck.all)
  func registered(check: GradientCheck) {
    for result in check.run() {
      #expect(
        result.worst.agrees,
        "\(result.name): \(result.worst.error) at \(result.worst.worstCase)")
      #expect(result.noticesSpoiltGradient, "\(result.name): a spoilt gradient was not noticed")
      #expect(result.passed)
      #expect(result.cases > 5, "\(result.name): too few shapes")
    }
  }

  /// The checks do not hang on one set of numbers. Where chance makes a gradient cancel, its error is
  /// relative to less, hence the factor.
  @Test(arguments: [1, 2, 3] as [UInt64])
  func otherNumbers(seed: UInt64) {
    for result in GradientCheck.all.flatMap({ $0.run(seed: seed) }) {
      for found in result.comparisons {
        #expect(
          found.error <= 20 * found.tolerance,
          "seed \(seed), \(result.name): \(found.error) at \(found.worstCase)")
      }
    }
  }

  @Test func thereAreManyOfThem() {
    let rows = GradientCheck.all.flatMap { $0.run() }
    #expect(rows.count >= 100)
    #expect(Set(rows.map(\.name)).count == rows.count)
  }

  private static func square(_ dtype: DType, byHand: ((Tensor) -> [Tensor?])?) -> GradientCheck.Case
  {
    let x = Parameter(.ones([2], dtype: dtype), name: "x")
    return GradientCheck.Case("square", [x], byHand: byHand) { x.value * x.value }
  }

  /// What was not compared does not agree either.
  @Test func aCheckWithoutAGradientByHand() {
    let check = GradientCheck(
      name: "square", group: .operation, tolerance: 1e-8, toleranceByHand: 1e-12,
      tolerance32: 2e-6
    ) { sampler in
      let x = sampler.parameter([4])
      return [.init("", [x]) { x.value * x.value }]
    }
    #expect(check.run().map { $0.comparisons.map(\.witness) } == [[.differences], [.double]])
    #expect(check.run().allSatisfy { $0.passed })
  }

  /// As PyTorch's `gradcheck`, where nobody wrote a gradient by hand.
  @Test func agreementsWithoutAGradientByHand() {
    let found = Self.square(.float64, byHand: nil).agreements()
    #expect(found.count == 1 && found[0].name == "x")
    #expect(found[0].tapeAgainstHand.isNaN && found[0].tapeAgainstDifferences < 1e-10)
  }

  @Test func agreementsStopInFloat32() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = GradientCheckTests.square(.float32, byHand: nil).agreements() }
    expectStop(
      result,
      "GradientCheck.Case.agreements: the parameters have to be float64; convert(model, to: .float64) before the "
        + "case is made")
  }

  @Test func agreementsStopAtAShortList() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) { _ = GradientCheckTests.square(.float64, byHand: { _ in [] }).agreements() }
    expectStop(
      result,
      "GradientCheck.Case square: byHand gave 0 gradients for 1 parameters; one for each, or nil")
  }

  // MARK: - Negative controls

  /// A wrong rule for the cube, spoilt by a part in a thousand, in one element, in its sign, or left out.
  static let spoilers: [(String, @Sendable (Tensor, Tensor) -> Tensor)] = [
    ("a part in a thousand", { dy, x in dy * x * x * 3.003 }),
    (
      "one element",
      { dy, x in
        let right = dy * x * x * 3
        var values = right.doubles
        values[values.count / 2] *= 1.001
        return Tensor(values, shape: right.shape, dtype: right.dtype)
      }
    ),
    ("the sign", { dy, x in dy * x * x * -3 }),
    ("the cotangent left out", { dy, x in x * x * 3 }),
    (
      "elements exchanged",
      { dy, x in
        let right = dy * x * x * 3
        return Tensor(right.doubles.reversed(), shape: right.shape, dtype: right.dtype)
      }
    ),
    ("not a number", { dy, x in dy * x * x * 3 * .nan }),
  ]

  @Test(arguments: spoilers.indices)
  func findsAWrongPullback(index: Int) {
    let (name, rule) = Self.spoilers[index]
    let result = Self.cube(rule).run()[0]
    #expect(!result.passed, "\(name): \(result.worst.error)")
    // Neither the gradient by hand nor differences are taken in.
    #expect(result.comparisons.map(\.agrees) == [false, false])
    // Both precisions are wrong alike: the row that compares them cannot see it.
    #expect(result.name == "cube")
  }

  @Test func acceptsTheRightPullback() {
    for result in Self.cube({ dy, x in dy * x * x * 3 }).run() {
      #expect(result.passed, "\(result.name): \(result.worst.error)")
    }
  }

  private static func cube(
    _ rule: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> GradientCheck {
    GradientCheck(
      name: "cube", group: .operation, tolerance: 1e-8, toleranceByHand: 1e-12, tolerance32: 2e-6
    ) { sampler in
      let x = sampler.parameter([3, 5], .awayFromZero)
      return [
        .init("cube", [x], byHand: { dy in [dy * x.value * x.value * 3] }) {
          let kx = x.value.detached
          return record("cube", kx * kx * kx, from: x.value) { dy in rule(dy, kx) }
        }
      ]
    }
  }

  /// A gradient by hand that differs from the tape's is found as well.
  @Test func findsAWrongGradientByHand() {
    let check = GradientCheck(
      name: "square", group: .operation, tolerance: 1e-8, toleranceByHand: 1e-12, tolerance32: 2e-6
    ) { sampler in
      let x = sampler.parameter([4])
      return [.init("", [x], byHand: { dy in [dy * x.value * 2.002] }) { x.value * x.value }]
    }
    #expect(!check.run()[0].passed)
    #expect(check.run()[0].comparisons.map(\.agrees) == [false, true])
    #expect(check.run()[1].passed)
  }

  /// A wrong value in float32 only is found in the second row.
  @Test func findsAWrongFloat32Value() {
    let check = GradientCheck(
      name: "double", group: .operation, tolerance: 1e-8, toleranceByHand: 1e-12, tolerance32: 2e-6
    ) { sampler in
      let x = sampler.parameter([4])
      return [
        .init("", [x], byHand: { dy in [dy * 2] }) { x.value * (x.dtype == .float32 ? 2.00001 : 2) }
      ]
    }
    #expect(check.run().map(\.passed) == [true, false])
    #expect(check.run().map(\.name) == ["double", "double (float32)"])
  }

  /// A gradient so small that the tolerance hides a spoilt one is not vouched for by a loud one beside it.
  @Test func aFaintGradientProvesNothing() {
    #expect(Self.loudAndFaint([1e-9]).run().map(\.noticesSpoiltGradient) == [false, false])
    // It is enough that one case is loud, and what is zero in all of them cannot be spoilt.
    #expect(Self.loudAndFaint([1e-9, 1]).run().map(\.noticesSpoiltGradient) == [true, true])
    #expect(Self.loudAndFaint([0]).run().map(\.noticesSpoiltGradient) == [true, true])
  }

  /// Where every gradient is zero, none was spoilt.
  @Test func nothingButZerosProvesNothing() {
    let check = GradientCheck(
      name: "constant", group: .operation, tolerance: 1e-8, toleranceByHand: 1e-12,
      tolerance32: 2e-6
    ) { sampler in
      let x = sampler.parameter([4])
      return [.init("", [x], byHand: { dy in [dy * 0] }) { x.value * 0 }]
    }
    for result in check.run() {
      #expect(result.worst.error == 0)
      #expect(!result.noticesSpoiltGradient && !result.passed)
    }
  }

  /// x + f y, a case for each f.
  private static func loudAndFaint(_ factors: [Double]) -> GradientCheck {
    GradientCheck(
      name: "sum", group: .operation, tolerance: 1e-8, toleranceByHand: 1e-12, tolerance32: 2e-6
    ) { sampler in
      factors.map { factor in
        let (x, y) = (sampler.parameter([4]), sampler.parameter([4]))
        return .init("\(factor)", [x, y], byHand: { dy in [dy, dy * factor] }) {
          x.value + y.value * factor
        }
      }
    }
  }

  /// Where the gradient by hand is left out, the tape would be held against differences alone.
  @Test(arguments: GradientCheck.all)
  func everyParameterHasAGradientByHand(check: GradientCheck) {
    var sampler = Sampler(seed: 0, dtype: .float64)
    for point in check.makeCases(&sampler) {
      let gradients = point.byHand(sampler.cotangent(like: point.body()))
      #expect(gradients.count == point.parameters.count, "\(check.name), \(point.label)")
      for (index, (parameter, gradient)) in zip(point.parameters, gradients).enumerated()
      where !parameter.isFrozen {
        #expect(gradient != nil, "\(check.name), \(point.label): parameter \(index)")
      }
    }
  }

  @Test func relativeErrors() {
    #expect(GradientCheck.relativeError([1, 2], [1, 2]) == 0)
    #expect(GradientCheck.relativeError([1, 2], [1, 2.5]) == 0.2)
    #expect(GradientCheck.relativeError([0], [1e-12]) < 2e-9)
    #expect(GradientCheck.relativeError([.nan], [1]) == .infinity)
    #expect(GradientCheck.relativeError([1], [.infinity]) == .infinity)
    #expect(GradientCheck.relativeError([.infinity], [.infinity]) == 0)
    #expect(GradientCheck.relativeError([], []) == 0)
  }

  @Test func namesAreUnique() async {
    let result = await #expect(
      processExitsWith: .failure, observing: [\.standardErrorContent]
    ) {
      GradientCheck.register("twice") { _ in [] }
      GradientCheck.register("twice") { _ in [] }
    }
    expectStop(result, "GradientCheck: twice is registered twice")
  }
}

/// A missing check is a red build.
@Suite struct CompletenessTests {
  private static let root = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../Sources/Tensors/Operations").standardizedFileURL

  /// Files of operations that have no gradient, and why.
  private static let withoutGradient = [
    "OptimizerSteps.swift":
      "steps are taken outside the tape; OptimizersTests holds them against PyTorch",
    "Images/ConvolutionShape.swift": "lengths alone",
    "Images/ConvolutionPaths.swift": "the ways to carry out what Images/Convolution.swift checks",
    "Images/ConvolutionWeight.swift": "the weight as those ways want it",
    "Images/Winograd.swift": "one of those ways",
  ]

  /// Files of operations that have no tests of their own, and where they are tested.
  private static let withoutTests = [
    "Images/ConvolutionShape.swift": "ConvolutionTests",
    "Images/ConvolutionPaths.swift": "ConvolutionTests",
  ]

  /// Checks without a stored case of PyTorch, and what holds their values instead.
  private static let withoutReference = [
    "broadcast": "LayoutTests.broadcasts: small whole numbers",
    "cos": "SineTests.cosineIsTheSlopeOfTheSine: the stored gradients of the sine",
    "divide_scalar": "ArithmeticTests.numbersOnEitherSide: powers of two",
    "dropout": "DropoutTests.maskIsAFunctionOfTheKey: the generator's own numbers",
    "dropout_rows": "DropoutTests.rows: the mask, which is that of dropout",
    "linear_relu_without_bias": "LinearTests.everyShape: the definition in double",
    "weight_normalized_linear_relu_without_bias": "its naive gradients; with a bias it has cases",
    "weight_normalized_linear_without_bias": "its naive gradients; with a bias it has cases",
    "relu_then_exp": "a composition of two operations that have their own cases",
    "scalar_divide": "ArithmeticTests.numbersOnEitherSide: whole numbers",
    "scalar_subtract": "ArithmeticTests.numbersOnEitherSide: whole numbers",
  ]

  /// Checks whose stored case has another name.
  private static let referenceNames = [
    "average_pool": "average-pool-1d",
    "composed_batch_normalization": "batch-normalization-add-relu",
    "gaussian_nll": "gaussian-negative-log-likelihood",
    "gaussian_kl": "gaussian-kl-divergence", "matmul_nn": "matmul", "matmul_nt": "matmul",
    "matmul_tn": "matmul", "matmul_tt": "matmul", "matmul_batched_nn": "matmul-batched",
    "matmul_batched_nt": "matmul-batched", "matmul_batched_tn": "matmul-batched",
    "matmul_batched_tt": "matmul-batched", "maximum_axis": "max-axis", "pad_edge": "pad",
    "power_inverse_cube": "power", "power_square": "power",
    "permute": "transpose",
  ]

  /// Records whose check is not named as they are, in snake case.
  private static let checkNames = [
    "+": "add", "-": "subtract", "*": "multiply", "/": "divide", "+ scalar": "add_scalar",
    "* scalar": "multiply_scalar", "/ scalar": "divide_scalar", "scalar -": "scalar_subtract",
    "scalar /": "scalar_divide", "bernoulliNegativeLogLikelihood": "bernoulli_nll",
    "gaussianHeadKLDivergence": "gaussian_head_kl",
    "gaussianHeadNegativeLogLikelihood": "gaussian_head_nll",
    "gaussianKLDivergence": "gaussian_kl", "gaussianNegativeLogLikelihood": "gaussian_nll",
    "leakyReLU": "leaky_relu", "matmul": "matmul_nn", "maximum axis": "maximum_axis",
    "permuted": "permute", "reshaped": "reshape", "transposed": "transpose",
  ]

  /// Records without a check, and what holds them instead.
  private static let withoutCheck = [
    "converted": "LayoutTests.conversions: a check stays in one precision",
    "guidedReLU": "AttributionTests, against PyTorch: it is no derivative, on purpose",
  ]

  /// Paths below the folder of operations.
  private static let files =
    (try? FileManager.default.subpathsOfDirectory(atPath: root.path))?
    .filter { $0.hasSuffix(".swift") } ?? []

  @Test func everyFileOfOperationsRegistersACheck() throws {
    let files = Self.files
    #expect(files.count >= 18)
    for file in files where Self.withoutGradient[file] == nil {
      let text = try String(contentsOf: Self.root.appending(path: file), encoding: .utf8)
      #expect(text.contains("GradientCheck.register("), "\(file) registers no gradient check")
    }
    #expect(Set(Self.withoutGradient.keys).isSubset(of: files))
  }

  /// A file may have several operations. Names that are passed on to `record` are left to the test above.
  @Test func everyRecordHasACheck() throws {
    var records: Set<String> = []
    for file in Self.files {
      let text = try String(contentsOf: Self.root.appending(path: file), encoding: .utf8)
      records.formUnion(text.matches(of: /record\(\s*"([^"]+)"/).map { String($0.1) })
    }
    #expect(records.count >= 60)
    let checks = Set(GradientCheck.all.filter { $0.group == .operation }.map(\.name))
    for name in records where Self.withoutCheck[name] == nil {
      let snake = name.map { $0.isUppercase ? "_\($0.lowercased())" : "\($0)" }.joined()
      let check = Self.checkNames[name] ?? snake
      #expect(checks.contains(check), "\(name) has no gradient check \(check)")
    }
    #expect(Set(Self.withoutCheck.keys).isSubset(of: records))
    #expect(Set(Self.checkNames.keys).isSubset(of: records))
  }

  @Test func everyFileOfOperationsHasItsTests() throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../Operations").standardizedFileURL
    for file in Self.files where Self.withoutTests[file] == nil {
      let mirror = tests.appending(path: file.replacing(".swift", with: "Tests.swift"))
      #expect(FileManager.default.fileExists(atPath: mirror.path), "\(mirror.path)")
    }
  }

  @Test func everyOperationIsHeldAgainstPyTorch() {
    let stored = Set(ReferenceCase.all.map(\.name))
    let checked = GradientCheck.all.filter { $0.group == .operation }.map(\.name)
    for name in checked where Self.withoutReference[name] == nil {
      let reference = Self.referenceNames[name] ?? name.replacing("_", with: "-")
      #expect(stored.contains(reference), "\(name) has no stored case of PyTorch")
    }
    #expect(Set(Self.withoutReference.keys).isSubset(of: checked))
    #expect(Set(Self.referenceNames.keys).isSubset(of: checked))
  }

  /// Every stored case is in both precisions, so that no file of tests can miss one of them.
  @Test func everyReferenceIsInBothPrecisions() {
    for (name, cases) in Dictionary(grouping: ReferenceCase.all, by: \.name) {
      #expect(
        cases.count { $0.dtype == .float32 } == cases.count { $0.dtype == .float64 }, "\(name)")
    }
  }
}
