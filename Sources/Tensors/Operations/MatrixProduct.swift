// Products of matrices and of batches of them, with transposes as flags.

/// Matrix product, of two matrices or of two batches of them.  C = op(A) op(B)
///
/// With neither transposed  dA = dC Bᵀ,  dB = Aᵀ dC;  the other three follow by transposing.
///
/// - Parameters:
///   - a: `[m, k]`, or `[k, m]` if it is transposed; or a batch of such matrices, `[batch, m, k]`.
///   - b: `[k, n]`, or `[n, k]` if it is transposed; or a batch of as many, `[batch, k, n]`.
///   - transposeA: whether op(A) is Aᵀ, of each matrix of a batch.
///   - transposeB: whether op(B) is Bᵀ, of each matrix of a batch.
/// - Returns: `[m, n]` or `[batch, m, n]`. Stops if the inner lengths, the batches or the types differ: nothing is
///   broadcast.
public func matmul(
  _ a: Tensor, _ b: Tensor, transposeA: Bool = false, transposeB: Bool = false
) -> Tensor {
  let y = product(a, transposeA, b, transposeB)
  let (ka, kb) = (a.detached, b.detached)
  return record("matmul", y, from: a, b) { dy, needs in
    let da: Tensor? =
      !needs.first
      ? nil : transposeA ? product(kb, transposeB, dy, true) : product(dy, false, kb, !transposeB)
    let db: Tensor? =
      !needs.second
      ? nil : transposeB ? product(dy, true, ka, transposeA) : product(ka, !transposeA, dy, false)
    return (da, db)
  }
}

/// C = op(A) op(B) without history.
@inline(__always)
func product(_ a: Tensor, _ transposeA: Bool, _ b: Tensor, _ transposeB: Bool) -> Tensor {
  guard a.rank == 2 && b.rank == 2 else { return batchedProduct(a, transposeA, b, transposeB) }
  let (m, k) = transposeA ? (a.shape[1], a.shape[0]) : (a.shape[0], a.shape[1])
  let (inner, n) = transposeB ? (b.shape[1], b.shape[0]) : (b.shape[0], b.shape[1])
  requireMatch(a, transposeA, k, b, transposeB, inner)
  if a.dtype == .bfloat16 && !Threads.multipliesBFloat16 {
    let (a, b) = (a.converted(to: .float32), b.converted(to: .float32))
    return product(a, transposeA, b, transposeB).converted(to: .bfloat16)
  }
  let y = Tensor(uninitialized: .matrix(m, n), a.dtype)
  Product.matmul(
    a.dtype, m: m, n: n, k: k, a.storage, transposeA: transposeA, b.storage,
    transposeB: transposeB, bias: nil, relu: false, into: y.storage)
  return y
}

/// C = op(A) op(B) of each pair of matrices of two batches, without history.
@inline(never)
private func batchedProduct(
  _ a: Tensor, _ transposeA: Bool, _ b: Tensor, _ transposeB: Bool
) -> Tensor {
  require(
    a.rank == 3 && b.rank == 3,
    "matmul: shapes \(a.shape) and \(b.shape); they have to be two matrices, or two batches of matrices"
  )
  let batch = a.shape[0]
  require(
    b.shape[0] == batch,
    "matmul: \(a.shape) by \(b.shape): the batches \(batch) and \(b.shape[0]) differ")
  let (m, k) = transposeA ? (a.shape[2], a.shape[1]) : (a.shape[1], a.shape[2])
  let (inner, n) = transposeB ? (b.shape[2], b.shape[1]) : (b.shape[1], b.shape[2])
  requireMatch(a, transposeA, k, b, transposeB, inner)
  if a.dtype == .bfloat16 && !Threads.multipliesBFloat16 {
    let (a, b) = (a.converted(to: .float32), b.converted(to: .float32))
    return batchedProduct(a, transposeA, b, transposeB).converted(to: .bfloat16)
  }
  let y = Tensor(uninitialized: [batch, m, n], a.dtype)
  Product.batchedMatmul(
    a.dtype, batch: batch, m: m, n: n, k: k, a.storage, transposeA: transposeA, b.storage,
    transposeB: transposeB, into: y.storage)
  return y
}

@inline(__always)
private func requireMatch(
  _ a: Tensor, _ transposeA: Bool, _ k: Int, _ b: Tensor, _ transposeB: Bool, _ inner: Int
) {
  require(
    k == inner,
    "matmul: \(a.shape)\(transposeA ? " transposed" : "") by \(b.shape)"
      + "\(transposeB ? " transposed" : ""): the inner lengths \(k) and \(inner) differ")
  require(a.dtype == b.dtype, "matmul: types \(a.dtype) and \(b.dtype) differ")
}

@section("adjoint_registry") @used
private let checks: Registration = {
  for (transposeA, transposeB) in [(false, false), (false, true), (true, false), (true, true)] {
    let flags = "\(transposeA ? "t" : "n")\(transposeB ? "t" : "n")"
    GradientCheck.register("matmul_\(flags)") { sampler in
      var cases: [GradientCheck.Case] = []
      for (m, n, k) in productShapes {
        let a = sampler.parameter(transposeA ? [k, m] : [m, k])
        let b = sampler.parameter(transposeB ? [n, k] : [k, n])
        cases.append(
          .init(
            "m \(m) n \(n) k \(k)", [a, b],
            byHand: { dy in
              let (ga, gb) = naiveProductGradients(
                a.value.doubles, transposeA, b.value.doubles, transposeB, dy.doubles, m, n, k)
              return [
                Tensor(ga, shape: a.shape, dtype: a.dtype),
                Tensor(gb, shape: b.shape, dtype: b.dtype),
              ]
            }
          ) { matmul(a.value, b.value, transposeA: transposeA, transposeB: transposeB) })
      }
      return cases
    }
    GradientCheck.register("matmul_batched_\(flags)") { sampler in
      // Batches of one to four matrices, and of none.
      let shapes = productShapes.enumerated().map { (1 + $0 % 4, $1.0, $1.1, $1.2) }
      return (shapes + [(0, 2, 3, 4), (17, 2, 3, 1)]).map { batch, m, n, k in
        let a = sampler.parameter(transposeA ? [batch, k, m] : [batch, m, k])
        let b = sampler.parameter(transposeB ? [batch, n, k] : [batch, k, n])
        return .init(
          "batch \(batch) m \(m) n \(n) k \(k)", [a, b],
          byHand: { dy in
            let (left, right, cotangents) = (a.value.doubles, b.value.doubles, dy.doubles)
            var (da, db): ([Double], [Double]) = ([], [])
            for i in 0..<batch {
              let (ga, gb) = naiveProductGradients(
                Array(left[i * m * k..<(i + 1) * m * k]), transposeA,
                Array(right[i * k * n..<(i + 1) * k * n]), transposeB,
                Array(cotangents[i * m * n..<(i + 1) * m * n]), m, n, k)
              da += ga
              db += gb
            }
            return [
              Tensor(da, shape: a.shape, dtype: a.dtype),
              Tensor(db, shape: b.shape, dtype: b.dtype),
            ]
          }
        ) { matmul(a.value, b.value, transposeA: transposeA, transposeB: transposeB) }
      }
    }
  }
}

/// Ones, odd lengths, one less and one more than the width of vectors, and lengths of zero.
let productShapes: [(Int, Int, Int)] = [
  (1, 1, 1), (1, 5, 3), (5, 1, 3), (3, 5, 1), (2, 3, 4), (4, 4, 4), (5, 7, 3), (7, 15, 9),
  (15, 16, 17), (16, 17, 15), (17, 15, 16), (1, 16, 33), (33, 1, 16), (31, 33, 1), (4, 64, 8),
  (3, 65, 5), (65, 3, 5), (5, 3, 65), (0, 3, 2), (3, 0, 2), (3, 2, 0), (70, 120, 130),
]

/// dA and dB by their definition, one product at a time.
private func naiveProductGradients(
  _ a: [Double], _ transposeA: Bool, _ b: [Double], _ transposeB: Bool, _ dy: [Double], _ m: Int,
  _ n: Int, _ k: Int
) -> ([Double], [Double]) {
  var da = [Double](repeating: 0, count: a.count)
  var db = [Double](repeating: 0, count: b.count)
  for row in 0..<m {
    for column in 0..<n {
      for step in 0..<k {
        let atA = transposeA ? step * m + row : row * k + step
        let atB = transposeB ? column * k + step : step * n + column
        da[atA] += dy[row * n + column] * b[atB]
        db[atB] += dy[row * n + column] * a[atA]
      }
    }
  }
  return (da, db)
}
