// Cross-entropy of logits against class labels, fused with the softmax.

private let forward = Kernel("cross_entropy")
private let backward = Kernel("cross_entropy_pullback")
private let countKernel = Kernel("count_correct")

/// Mean cross-entropy of softmax(logits) against class labels, a scalar.
///
/// L = −(1/m) Σᵢ ln pᵢ[labelᵢ] with p = softmax(logits);  d logits = dL (p − onehot) / m
///
/// - Parameters:
///   - logits: `[batch, classes]`, the batch not empty.
///   - labels: `[batch]`, each in `0 ..< classes`; stops, naming the row, if one is not.
public func softmaxCrossEntropy(_ logits: Tensor, labels: IndexTensor) -> Tensor {
  softmaxCrossEntropyWithProbabilities(logits, labels: labels).loss
}

/// As ``softmaxCrossEntropy(_:labels:)``, with the probabilities it comes by, which carry no history.
public func softmaxCrossEntropyWithProbabilities(
  _ logits: Tensor, labels: IndexTensor
) -> (loss: Tensor, probabilities: Tensor) {
  require(
    logits.rank == 2 && labels.shape.rank == 1 && labels.shape[0] == logits.shape[0]
      && logits.shape[0] > 0,
    "softmaxCrossEntropy: logits of shape \(logits.shape) and labels of shape \(labels.shape); they "
      + "have to be [batch, classes] and [batch], the batch not empty")
  let (rows, classes) = (logits.shape[0], logits.shape[1])
  labels.requireBelow(classes, for: "softmaxCrossEntropy")
  let loss = Tensor(uninitialized: .scalar, logits.dtype)
  let probabilities = Tensor(uninitialized: logits.shape, logits.dtype)
  forward.run(
    logits.dtype, .init(rows, classes, 1), logits.storage, labels.storage, into: loss.storage,
    probabilities.storage)
  let result = record("softmaxCrossEntropy", loss, from: logits) { dy in
    pullBack(dy.item / Double(rows), probabilities, labels)
  }
  return (result, probabilities)
}

/// The pullback of ``softmaxCrossEntropy(_:labels:)``:  scale (p − onehot)
///
/// - Parameters:
///   - scale: the cotangent of the mean loss, over the number of rows.
///   - probabilities: `[batch, classes]`.
///   - labels: `[batch]`, each in `0 ..< classes`; stops, naming the row, if one is not.
public func softmaxCrossEntropyPullback(
  _ scale: Double, _ probabilities: Tensor, labels: IndexTensor
) -> Tensor {
  require(
    probabilities.rank == 2 && labels.shape == [probabilities.shape[0]],
    "softmaxCrossEntropyPullback: probabilities of shape \(probabilities.shape) and labels of shape "
      + "\(labels.shape); they have to be [batch, classes] and [batch]")
  labels.requireBelow(probabilities.shape[1], for: "softmaxCrossEntropyPullback")
  return pullBack(scale, probabilities, labels)
}

/// The same where the forward pass has looked at the labels.
private func pullBack(_ scale: Double, _ probabilities: Tensor, _ labels: IndexTensor) -> Tensor {
  let dx = Tensor(uninitialized: probabilities.shape, probabilities.dtype)
  backward.run(
    probabilities.dtype, .init(probabilities.shape[0], probabilities.shape[1], 1),
    probabilities.storage, labels.storage, into: dx.storage, scalars: SIMD8(repeating: scale))
  return dx
}

/// How many rows have their largest score at the label, the first of equal ones counting. No gradient.
///
/// - Parameters:
///   - scores: logits or probabilities, `[batch, classes]`.
///   - labels: `[batch]`, each in `0 ..< classes`.
public func countCorrect(_ scores: Tensor, labels: IndexTensor) -> Int {
  require(
    scores.rank == 2 && labels.shape == [scores.shape[0]],
    "countCorrect: scores of shape \(scores.shape) and labels of shape \(labels.shape); they have to "
      + "be [batch, classes] and [batch]")
  labels.requireBelow(scores.shape[1], for: "countCorrect")
  let count = Storage(byteCount: MemoryLayout<Int64>.size)
  countKernel.run(
    scores.dtype, .init(scores.shape[0], scores.shape[1]), scores.storage, labels.storage,
    into: count)
  return Int(count.element(0, as: Int64.self))
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("softmax_cross_entropy") { sampler in
    (GradientCheck.fullBatches + [[1, 2], [1, 10], [16, 10]]).map { shape in
      let (rows, classes) = (shape[0], shape[1])
      let x = sampler.parameter([rows, classes])
      let labels = sampler.labels(rows, below: classes)
      return .init(
        "\(rows) rows \(classes) classes", [x],
        byHand: { dy in
          // Through the composed operations' formulas: d logits = (e^y Σ − onehot) with y = log-softmax.
          let onehot = labels.values.flatMap { label in
            (0..<classes).map { $0 == Int(label) ? 1.0 : 0.0 }
          }
          let p = softmax(x.value).doubles
          let scale = dy.item / Double(rows)
          let dx = zip(p, onehot).map { ($0 - $1) * scale }
          return [Tensor(dx, shape: x.shape, dtype: x.dtype)]
        }
      ) { softmaxCrossEntropy(x.value, labels: labels) }
    }
  }
}
