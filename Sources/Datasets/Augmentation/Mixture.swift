import Tensors

/// How the images of one batch are mixed: each with its opposite, the first with the last and so on.
///
/// The batch is in random order, so that its opposite is any other image.
enum Mixture: Equatable {
  /// share · own + (1 − share) · other, pixel by pixel.
  case mixup(share: Float)
  /// A rectangle of the other; `share` is the part of the area that is left of the own.
  case cutmix(rows: Range<Int>, columns: Range<Int>, share: Float)

  /// What is left of the own image, in 0 ... 1, a multiple of 2⁻²⁴, so that both shares and what they make of
  /// a pixel are no denormal numbers, which only some threads keep.
  var share: Float {
    switch self {
    case .mixup(let share), .cutmix(_, _, let share): share
    }
  }

  /// λ of that size as a multiple of 2⁻²⁴.
  private static func rounded(_ share: Double) -> Float {
    Float((share * 0x1p24).rounded()) * 0x1p-24
  }

  /// λ ~ Beta(α, α) (Zhang, Cissé, Dauphin and Lopez-Paz, "mixup: beyond empirical risk minimization",
  /// ICLR 2018).
  static func mixup(alpha: Double, from random: inout Philox) -> Mixture {
    .mixup(share: rounded(random.beta(alpha, alpha)))
  }

  /// A rectangle of the image's proportions, 1 − λ of its area and anywhere, cut off at the edges
  /// (Yun, Han, Oh, Chun, Choe and Yoo, "CutMix", ICCV 2019, section 3.1).
  static func cutmix(
    alpha: Double, height: Int, width: Int, from random: inout Philox
  ) -> Mixture {
    let side = (1 - random.beta(alpha, alpha)).squareRoot()
    func range(_ length: Int) -> Range<Int> {
      let cut = Int(Double(length) * side)
      let first = random.integer(below: length) - cut / 2
      return max(0, first)..<min(length, first + cut)
    }
    let (rows, columns) = (range(height), range(width))
    let taken = Double(rows.count * columns.count) / Double(height * width)
    return .cutmix(rows: rows, columns: columns, share: rounded(1 - taken))
  }

  /// The shares of the classes, [count, classes], of images that are of one class each.
  func targets(_ labels: IndexTensor, classes: Int) -> Tensor {
    let values = labels.values
    var targets = [Float](repeating: 0, count: values.count * classes)
    for (row, (own, other)) in zip(values, values.reversed()).enumerated() {
      targets[row * classes + Int(own)] += share
      targets[row * classes + Int(other)] += 1 - share
    }
    return Tensor(targets, shape: [values.count, classes])
  }

  /// The shares of the classes, [count, classes], of images with several labels and targets of that shape.
  func mixed(targets: Tensor) -> Tensor {
    let (values, rows, classes) = (targets.floats, targets.shape[0], targets.shape[1])
    let mixed = values.indices.map { place in
      let other = (rows - 1 - place / classes) * classes + place % classes
      return values[place] * share + values[other] * (1 - share)
    }
    return Tensor(mixed, shape: targets.shape)
  }

  /// The class with the larger share of each image.
  func labels(_ labels: IndexTensor) -> IndexTensor {
    share >= 0.5 ? labels : IndexTensor(labels.values.reversed())
  }
}
