// Cross-entropy of logits against distributions over the classes, fused with the softmax: what mixed images
// and label smoothing need.

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

private let forward = Kernel("soft_cross_entropy")
private let backward = Kernel("soft_cross_entropy_pullback")

/// Mean cross-entropy of softmax(logits) against distributions over the classes, a scalar.
///
/// L = −(1/m) Σᵢ Σⱼ tᵢⱼ ln pᵢⱼ with p = softmax(logits), t = (1 − ε) targets + ε / classes;
/// d logits = dL (p Σⱼ t − t) / m,  d targets = −dL (1 − ε) ln p / m
///
/// Label smoothing: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, "Rethinking the Inception architecture for
/// computer vision", CVPR 2016, section 7.
///
/// - Parameters:
///   - logits: `[batch, classes]`, the batch not empty.
///   - targets: of the same shape and type; rows that sum to 1, if L is to be a cross-entropy. A class of
///     target 0 costs nothing, even where its probability is 0.
///   - labelSmoothing: ε, from 0 to 1.
public func softmaxCrossEntropy(
  _ logits: Tensor, targets: Tensor, labelSmoothing: Double = 0
) -> Tensor {
  softmaxCrossEntropyWithProbabilities(logits, targets: targets, labelSmoothing: labelSmoothing)
    .loss
}

/// As ``softmaxCrossEntropy(_:targets:labelSmoothing:)``, with the probabilities it comes by, which carry no
/// history.
public func softmaxCrossEntropyWithProbabilities(
  _ logits: Tensor, targets: Tensor, labelSmoothing: Double = 0
) -> (loss: Tensor, probabilities: Tensor) {
  require(
    logits.rank == 2 && targets.shape == logits.shape && targets.dtype == logits.dtype
      && logits.shape[0] > 0,
    "softmaxCrossEntropy: logits of shape \(logits.shape) in \(logits.dtype) and targets of shape "
      + "\(targets.shape) in \(targets.dtype); both have to be [batch, classes] of one type, the batch not "
      + "empty")
  requireSmoothing(labelSmoothing)
  let (rows, classes) = (logits.shape[0], logits.shape[1])
  let (scores, shares) = (logits.detached, targets.detached)
  let loss = Tensor(uninitialized: .scalar, logits.dtype)
  let probabilities = Tensor(uninitialized: logits.shape, logits.dtype)
  forward.run(
    logits.dtype, .init(rows, classes, 1), logits.storage, targets.storage, into: loss.storage,
    probabilities.storage, scalars: [labelSmoothing, 0, 0, 0, 0, 0, 0, 0])
  let result = record("softmaxCrossEntropy", loss, from: logits, targets) { dy, needs in
    let slope = dy.item / Double(rows)
    return (
      needs.first ? pullBack(slope, probabilities, shares, labelSmoothing) : nil,
      needs.second ? logSoftmax(scores, axis: 1) * ((labelSmoothing - 1) * slope) : nil
    )
  }
  return (result, probabilities)
}

/// Mean cross-entropy of softmax(logits) against class labels of which each gives ε away to all classes
/// alike, a scalar: PyTorch's `CrossEntropyLoss(label_smoothing=)`.
///
/// - Parameters:
///   - logits: `[batch, classes]`, the batch not empty.
///   - labels: `[batch]`, each in `0 ..< classes`; stops, naming the row, if one is not.
///   - labelSmoothing: ε, from 0 to 1.
public func softmaxCrossEntropy(
  _ logits: Tensor, labels: IndexTensor, labelSmoothing: Double
) -> Tensor {
  softmaxCrossEntropyWithProbabilities(logits, labels: labels, labelSmoothing: labelSmoothing).loss
}

/// As ``softmaxCrossEntropy(_:labels:labelSmoothing:)``, with the probabilities it comes by, which carry no
/// history.
public func softmaxCrossEntropyWithProbabilities(
  _ logits: Tensor, labels: IndexTensor, labelSmoothing: Double
) -> (loss: Tensor, probabilities: Tensor) {
  requireSmoothing(labelSmoothing)
  require(
    logits.rank == 2 && labels.shape == [logits.shape[0]] && logits.shape[0] > 0,
    "softmaxCrossEntropy: logits of shape \(logits.shape) and labels of shape \(labels.shape); they "
      + "have to be [batch, classes] and [batch], the batch not empty")
  if labelSmoothing == 0 { return softmaxCrossEntropyWithProbabilities(logits, labels: labels) }
  let classes = logits.shape[1]
  labels.requireBelow(classes, for: "softmaxCrossEntropy")
  var targets = [Double](repeating: 0, count: logits.count)
  for (row, label) in labels.values.enumerated() { targets[row * classes + Int(label)] = 1 }
  return softmaxCrossEntropyWithProbabilities(
    logits, targets: Tensor(targets, shape: logits.shape, dtype: logits.dtype),
    labelSmoothing: labelSmoothing)
}

func requireSmoothing(_ value: Double) {
  require(
    value >= 0 && value <= 1,
    "softmaxCrossEntropy: label smoothing \(value); it has to be from 0 to 1")
}

private func pullBack(
  _ scale: Double, _ probabilities: Tensor, _ targets: Tensor, _ labelSmoothing: Double
) -> Tensor {
  let dx = Tensor(uninitialized: probabilities.shape, probabilities.dtype)
  backward.run(
    probabilities.dtype, .init(probabilities.shape[0], probabilities.shape[1], 1),
    probabilities.storage, targets.storage, into: dx.storage,
    scalars: [scale, labelSmoothing, 0, 0, 0, 0, 0, 0])
  return dx
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("soft_cross_entropy") { sampler in
    (GradientCheck.fullBatches + [[1, 2], [16, 10]]).enumerated().map { index, shape in
      let (rows, classes, smoothing) = (shape[0], shape[1], [0, 0.1, 0.3, 1][index % 4])
      let x = sampler.parameter([rows, classes])
      // Rows that sum to anything.
      let targets = sampler.parameter([rows, classes])
      return .init(
        "\(rows) rows \(classes) classes ε \(smoothing)", [x, targets],
        byHand: { dy in
          let (scores, given) = (x.value.doubles, targets.value.doubles)
          var (dx, dt) = (scores, given)
          for row in 0..<rows {
            let places = row * classes..<(row + 1) * classes
            let largest = places.reduce(-Double.infinity) { Swift.max($0, scores[$1]) }
            let total = places.reduce(0.0) { $0 + exp(scores[$1] - largest) }
            let shares = places.map {
              given[$0] * (1 - smoothing) + smoothing / Double(classes)
            }
            for (share, place) in zip(shares, places) {
              let p = exp(scores[place] - largest) / total
              dx[place] = (p * shares.reduce(0, +) - share) * dy.item / Double(rows)
              dt[place] = (smoothing - 1) * log(p) * dy.item / Double(rows)
            }
          }
          return [
            Tensor(dx, shape: x.shape, dtype: x.dtype), Tensor(dt, shape: x.shape, dtype: x.dtype),
          ]
        }
      ) { softmaxCrossEntropy(x.value, targets: targets.value, labelSmoothing: smoothing) }
    }
  }
}
