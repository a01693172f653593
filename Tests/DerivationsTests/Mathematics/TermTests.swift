import Tensors
import TestSupport
import Testing

@testable import Derivations

@Suite struct TermTests {
  private let a = symbol("A", "m", "d")
  private let b = symbol(#"\hat B"#, "m", "d")
  private let w = symbol("W_1", "d", "m")
  private let v = symbol("v", "d")
  private let c = symbol("c")
  private let stack = symbol("S", "m", "d", "d")
  private let i = Index("i", over: "m")
  private let j = Index("j", over: "d")
  private let k = Index("k", over: "d")
  private let ones = Term.ones("m")

  private var environment: Environment {
    func tensor(_ values: [Double], _ shape: Shape) -> Tensor {
      Tensor(values, shape: shape, dtype: .float64)
    }
    return Environment(
      sizes: ["m": 2, "d": 3],
      values: [
        "A": tensor([1, 2, 3, 4, 5, 6], [2, 3]),
        #"\hat B"#: tensor([1, -1, 2, 0.5, 0, -2], [2, 3]),
        "W_1": tensor([1, 0, 0, 1, 2, 2], [3, 2]), "v": tensor([1, 2, 4], [3]),
        "c": tensor([0.5], []),
        "S": tensor((0..<18).map(Double.init), [2, 3, 3]),
      ])
  }

  private func expect(
    _ term: Term, is values: [Double], _ shape: Shape, _ latex: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let value = try term.value(in: environment)
    #expect(value.doubles == values, sourceLocation: sourceLocation)
    #expect(value.shape == shape, sourceLocation: sourceLocation)
    #expect(term.notation.latex == latex, sourceLocation: sourceLocation)
  }

  @Test func products() throws {
    try expect(a * w, is: [7, 8, 16, 17], [2, 2], "A W_{1}")
    try expect(a ∘ b, is: [1, -2, 6, 2, 0, -12], [2, 3], #"A \circ \hat{B}"#)
    try expect(a * v, is: [17, 38], [2, 1], "A v")
    try expect(c * a * v, is: [8.5, 19], [2, 1], "c A v")
    try expect(
      c * (a ∘ b) * v, is: [10.5, -23], [2, 1], #"c ( A \circ \hat{B} ) v"#)
    try expect(
      (a * w) ∘ (a * w), is: [49, 64, 256, 289], [2, 2], #"( A W_{1} ) \circ ( A W_{1} )"#)
    try expect(a.transposed * ones, is: [5, 7, 9], [3, 1], #"A^{\top} \mathbf{1}_{m}"#)
    try expect(
      ones * v.transposed, is: [1, 2, 4, 1, 2, 4], [2, 3], #"\mathbf{1}_{m} v^{\top}"#)
    try expect(
      .diagonal(v), is: [1, 0, 0, 0, 2, 0, 0, 0, 4], [3, 3], #"\operatorname{diag} ( v )"#)
  }

  @Test func sumsAndQuotients() throws {
    try expect(a + b, is: [2, 1, 5, 4.5, 5, 4], [2, 3], #"A + \hat{B}"#)
    try expect(a - b, is: [0, 3, 1, 3.5, 5, 8], [2, 3], #"A - \hat{B}"#)
    try expect(a - (a + b), is: [-1, 1, -2, -0.5, 0, 2], [2, 3], #"A - ( A + \hat{B} )"#)
    try expect(
      -(1 / .size("m")) * a, is: [-0.5, -1, -1.5, -2, -2.5, -3], [2, 3], #"- \frac{1}{m} A"#)
    try expect(
      v - (1 / .size("m")) * v, is: [0.5, 1, 2], [3, 1], #"v - \frac{1}{m} v"#)
    try expect(b / a ∘ a, is: [1, -1, 2, 0.5, 0, -2], [2, 3], #"\frac{\hat{B}}{A} \circ A"#)
    try expect(c + v, is: [1.5, 2.5, 4.5], [3, 1], "c + v")
    try expect(
      (v + c) * c, is: [0.75, 1.25, 2.25], [3, 1], "( v + c ) c")
  }

  @Test func functions() throws {
    try expect(
      .positivePart(b), is: [1, 0, 2, 0.5, 0, 0], [2, 3], #"\max ( \hat{B} , 0 )"#)
    try expect(.isPositive(b), is: [1, 0, 1, 1, 0, 0], [2, 3], #"[ \hat{B} > 0 ]"#)
    try expect(
      .isAtLeast(a, 3), is: [0, 0, 1, 1, 1, 1], [2, 3], #"[ A \ge 3 ]"#)
    try expect(
      .isAtLeast(a, b) / (1 - c), is: [2, 2, 2, 2, 2, 2], [2, 3],
      #"\frac{[ A \ge \hat{B} ]}{1 - c}"#)
    try expect(2 * .pi, is: [2 * .pi], [1, 1], #"2 \pi"#)
    try expect(v.power(3), is: [1, 8, 64], [3, 1], "v^{3}")
    try expect((v + c).power(2), is: [2.25, 6.25, 20.25], [3, 1], "( v + c )^{2}")
    try expect(
      .root(v * v.transposed * v), is: [21, 42, 84].map { Double($0).squareRoot() }, [3, 1],
      #"\sqrt{v v^{\top} v}"#)
    try expect(.squaredNorm(v), is: [21], [1, 1], #"\lVert v \rVert^{2}"#)
    let softmax = try Term.softmax(a).value(in: environment).doubles
    let e = [1.0, 2.718281828459045, 7.38905609893065]
    for (value, power) in zip(softmax, e + e) {
      #expect(abs(value - power / (e[0] + e[1] + e[2])) < 1e-15)
    }
    #expect(Term.softmax(a).notation.latex == #"\operatorname{softmax} ( A )"#)
    let half = try [Term.sin(c), .cos(c), .exp(c), .e(c), .ln(c)].map {
      try $0.value(in: environment).item
    }
    let expected = [
      0.479425538604203, 0.8775825618903728, 1.6487212707001282, 1.6487212707001282,
      -0.6931471805599453,
    ]
    for (value, other) in zip(half, expected) { #expect(abs(value - other) < 1e-15) }
    let written = [Term.sin(c), .cos(c), .exp(c), .e(c), .ln(c), .ln(2 * c)].map(\.notation.latex)
    #expect(
      written == [
        #"\sin ( c )"#, #"\cos ( c )"#, #"\exp ( c )"#, "e^{c}", #"\ln c"#, #"\ln ( 2 c )"#,
      ])
  }

  @Test func elements() throws {
    let all = try environment.stacked(a[i, j] * v[j], over: [i, j])
    #expect(all.doubles == [1, 4, 12, 4, 10, 24])
    #expect((a[i, j] * v[j]).notation.latex == "a_{i j} v_{j}")
    // One index of a matrix is a row, written with the number of its sample and standing as a column.
    let rows = try environment.stacked(v.transposed * a[i], over: [i])
    #expect(rows.doubles == [17, 38])
    #expect(a[i].notation.latex == "a^{( i )}")
    #expect(stack[i].notation.latex == "S^{( i )}")
    #expect(stack[i].transposed.notation.latex == #"( S^{( i )} )^{\top}"#)
    #expect(stack[i, j, k].notation.latex == "s_{j k}^{( i )}")
    #expect(w[j, i].notation.latex == "w_{1 , j i}")
    let products = try environment.stacked(stack[i] * v, over: [i])
    #expect(products.doubles == [10, 31, 52, 73, 94, 115])
    let sum = Term.sum(over: i, j, of: a[i, j] * .delta(j, k))
    #expect(try environment.stacked(sum, over: [k]).doubles == [5, 7, 9])
    #expect(
      sum.notation.latex == #"\sum_{i = 1}^{m} \sum_{j = 1}^{d} a_{i j} \delta_{j k}"#)
    #expect(
      (Term.sum(over: i, of: a[i, j]) * c).notation.latex
        == #"\left( \sum_{i = 1}^{m} a_{i j} \right) c"#)
    #expect(
      Term.sum(over: i, of: a[i, j] + c).notation.latex == #"\sum_{i = 1}^{m} ( a_{i j} + c )"#)
  }

  /// A letter that names a length is not made small: the mask stays M where the batch has m rows.
  @Test func capitalsStayWhereTheSmallLetterIsTaken() {
    #expect(symbol("M", "m", "d")[i, j].notation.latex == "M_{i j}")
    #expect(symbol(#"\hat X"#, "m", "d")[i, j].notation.latex == #"\hat{x}_{i j}"#)
    #expect(symbol(#"\hat X'"#, "m", "d")[i, j].notation.plain == "x̂′_ij")
  }

  @Test func derivatives() throws {
    let jacobian = derivative(a, by: w)
    #expect(jacobian.notation.latex == #"\frac{\partial A}{\partial W_{1}}"#)
    #expect(
      jacobian[i, j, k, i].notation.latex == #"\frac{\partial a_{i j}}{\partial w_{1 , k i}}"#)
    #expect(
      derivative(c, by: a).transposed.notation.latex
        == #"\left( \frac{\partial c}{\partial A} \right)^{\top}"#)
    #expect(throws: TermError.unknown("∂A/∂W₁")) { try jacobian.value(in: environment) }
  }

  @Test func saysWhatDoesNotFit() {
    #expect(throws: TermError.shapes("A v + A", "[2, 1] and [2, 3]")) {
      try (a * v + a).value(in: environment)
    }
    #expect(throws: TermError.shapes("A B̂", "[2, 3] and [2, 3]")) {
      try (a * b).value(in: environment)
    }
    #expect(throws: TermError.unknown("x")) { try symbol("x").value(in: environment) }
    #expect(throws: TermError.unknown("n")) { try Term.ones("n").value(in: environment) }
    #expect(throws: TermError.unknown("the index j")) { try v[j].value(in: environment) }
    #expect(TermError.unknown("x").description == "x has no value here")
    #expect(
      TermError.shapes("A v", "[1] and [2]").description
        == "the shapes of A v do not fit: [1] and [2]")
  }

  @Test func stopsAtIndicesOfAnotherAxis() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = symbol("A", "m", "d")[Index("j", over: "d")]
    }
    expectStop(result, "Term: the indices [\"j over d\"] for A with the axes [\"m\", \"d\"]")
  }
}
