// Cross-entropy against class labels of which some count for more than others, or for nothing.

/// Weighted mean cross-entropy of softmax(logits) against class labels, a scalar: PyTorch's
/// `CrossEntropyLoss(weight=, ignore_index=, label_smoothing=)`.
///
/// With w the weight of a class and tᵢⱼ = w[j] ((1 − ε) [labelᵢ = j] + ε / classes), over the rows i that are not left out:
///
///     L = −Σᵢ Σⱼ tᵢⱼ ln pᵢⱼ / W,  p = softmax(logits),  W = Σᵢ w[labelᵢ]
///     d logits = dL (p Σⱼ t − t) / W, 0 in rows that are left out
///
/// - Parameters:
///   - logits: `[batch, classes]`, the batch not empty.
///   - labels: `[batch]`, each in `0 ..< classes` or `ignored`; stops, naming the row, if one is neither.
///   - classWeights: w, one for each class, none negative or infinite; nil where all are 1. Stops if W is 0: there is
///     nothing then to take the mean of.
///   - ignored: the label of rows that are left out, whether or not it is a class; nil if there are none.
///   - labelSmoothing: ε, from 0 to 1.
public func softmaxCrossEntropy(
  _ logits: Tensor, labels: IndexTensor, classWeights: [Double]?, ignored: Int? = nil,
  labelSmoothing: Double = 0
) -> Tensor {
  require(
    logits.rank == 2 && labels.shape == [logits.shape[0]] && logits.shape[0] > 0,
    "softmaxCrossEntropy: logits of shape \(logits.shape) and labels of shape \(labels.shape); they "
      + "have to be [batch, classes] and [batch], the batch not empty")
  let (rows, classes) = (logits.shape[0], logits.shape[1])
  let weights = classWeights ?? [Double](repeating: 1, count: classes)
  require(
    weights.count == classes && weights.allSatisfy { $0 >= 0 && $0.isFinite },
    "softmaxCrossEntropy: weights \(weights) of \(classes) classes; there has to be one for each, none "
      + "negative or infinite")
  requireSmoothing(labelSmoothing)
  let kept = labels.values.enumerated().filter { Int($0.element) != ignored }
  for (row, label) in kept {
    require(
      label >= 0 && Int(label) < classes,
      "softmaxCrossEntropy: index \(label) in row \(row) is not in 0 ..< \(classes)")
  }
  let whole = kept.reduce(0) { $0 + weights[Int($1.element)] }
  require(
    whole > 0,
    "softmaxCrossEntropy: the \(rows) rows are left out or have classes of weight 0; there is "
      + "nothing to take the mean of")
  // The loss against targets divides by the number of rows.
  let scale = Double(rows) / whole
  var targets = [Double](repeating: 0, count: logits.count)
  for (row, label) in kept {
    let first = row * classes
    for (index, weight) in weights.enumerated() {
      targets[first + index] = scale * weight * labelSmoothing / Double(classes)
    }
    targets[first + Int(label)] += scale * weights[Int(label)] * (1 - labelSmoothing)
  }
  return softmaxCrossEntropy(
    logits, targets: Tensor(targets, shape: logits.shape, dtype: logits.dtype))
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("weighted_cross_entropy") { sampler in
    (GradientCheck.fullBatches + [[1, 2], [16, 10]]).enumerated().map { index, shape in
      let (rows, classes, smoothing) = (shape[0], shape[1], [0, 0.1, 0.3, 1][index % 4])
      let x = sampler.parameter([rows, classes])
      let weights = (0..<classes).map { 0.25 + Double($0 % 5) }
      // Every third row is left out, not the first.
      let drawn = sampler.labels(rows, below: classes).values
      let labels = IndexTensor(drawn.enumerated().map { $0.offset % 3 == 1 ? -1 : $0.element })
      return .init(
        "\(rows) rows \(classes) classes ε \(smoothing)", [x],
        byHand: { dy in
          let kept = labels.values.filter { $0 >= 0 }
          let scale = dy.item / kept.reduce(0) { $0 + weights[Int($1)] }
          let p = softmax(x.value).doubles
          var dx = [Double](repeating: 0, count: p.count)
          for (row, label) in labels.values.enumerated() where label >= 0 {
            let wanted = weights.enumerated().map { column, weight in
              weight * ((column == Int(label) ? 1 - smoothing : 0) + smoothing / Double(classes))
            }
            let all = wanted.reduce(0, +)
            for column in 0..<classes {
              let place = row * classes + column
              dx[place] = scale * (p[place] * all - wanted[column])
            }
          }
          return [Tensor(dx, shape: x.shape, dtype: x.dtype)]
        }
      ) {
        softmaxCrossEntropy(
          x.value, labels: labels, classWeights: weights, ignored: -1, labelSmoothing: smoothing)
      }
    }
  }
}
