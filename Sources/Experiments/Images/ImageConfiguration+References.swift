import Datasets

extension ImageConfiguration {
  /// The works that images, network and means of training come from, in this order.
  var references: [Reference] {
    get throws {
      let images = try setKind.source?(size).origin.map { [Reference(data, $0)] } ?? []
      return images + ImageNetworks.references(of: network)
        + [optimizer.reference(momentum: momentum)].compactMap { $0 } + scheduleReferences
        + augment.references + regularizationReferences
    }
  }

  private var scheduleReferences: [Reference] {
    let rising = Reference(
      "warm-up",
      "P. Goyal and others, \"Accurate, large minibatch SGD: training ImageNet in 1 hour\", 2017, arXiv:1706.02677"
    )
    let falling = Reference(
      "cosine",
      "I. Loshchilov and F. Hutter, \"SGDR: stochastic gradient descent with warm restarts\", ICLR 2017"
    )
    return (warmup > 0 ? [rising] : []) + (schedule == .cosine ? [falling] : [])
  }

  private var regularizationReferences: [Reference] {
    let smoothing = Reference(
      "smoothed labels",
      "C. Szegedy, V. Vanhoucke, S. Ioffe, J. Shlens and Z. Wojna, \"Rethinking the Inception architecture for "
        + "computer vision\", CVPR 2016")
    let averaging = Reference(
      "average of the weights",
      "B. T. Polyak and A. B. Juditsky, \"Acceleration of stochastic approximation by averaging\", SIAM J. Control "
        + "Optim. 30, 1992")
    let tuning = Reference(
      "rates that differ by layer",
      "J. Howard and S. Ruder, \"Universal language model fine-tuning for text classification\", ACL 2018"
    )
    return (labelSmoothing > 0 ? [smoothing] : []) + (average > 0 ? [averaging] : [])
      + (tune == .discriminative ? [tuning] : [])
  }
}

extension AugmentationRecipe {
  /// The works that its steps come from.
  var references: [Reference] {
    let mixing = [
      (
        mixup,
        Reference(
          "mixup",
          "H. Zhang, M. Cissé, Y. N. Dauphin and D. Lopez-Paz, \"mixup: beyond empirical risk minimization\", "
            + "ICLR 2018")
      ),
      (
        cutmix,
        Reference(
          "cutmix",
          "S. Yun, D. Han, S. J. Oh, S. Chun, J. Choe and Y. Yoo, \"CutMix: regularization strategy to train strong "
            + "classifiers with localizable features\", ICCV 2019")
      ),
    ]
    return transforms.flatMap(\.references) + mixing.filter { $0.0 > 0 }.map(\.1)
  }
}

extension ImageTransform {
  /// The works that it comes from; none of what everyone does.
  fileprivate var references: [Reference] {
    switch self {
    case .horizontalFlip, .verticalFlip, .quarterTurns, .colorJitter: []
    case .crop: [Reference("crops within a border", ImageNetworks.residual.work)]
    case .resizedCrop:
      [
        Reference(
          "enlarged crops", "C. Szegedy and others, \"Going deeper with convolutions\", CVPR 2015")
      ]
    case .stainJitter:
      [
        Reference(
          "stains' vectors",
          "A. C. Ruifrok and D. A. Johnston, \"Quantification of histochemical staining by color deconvolution\", "
            + "Analytical and Quantitative Cytology and Histology 23, 2001"),
        Reference(
          "changed stains",
          "D. Tellez and others, \"Whole-slide mitosis detection in H&E breast histology using PHH3 as a reference to "
            + "train distilled stain-invariant convolutional networks\", IEEE Transactions on Medical Imaging 37, "
            + "2018, doi 10.1109/TMI.2018.2820199"),
      ]
    case .erasing:
      [
        Reference(
          "erased rectangles",
          "Z. Zhong, L. Zheng, G. Kang, S. Li and Y. Yang, \"Random erasing data augmentation\", AAAI 2020"
        )
      ]
    case .cutout:
      [
        Reference(
          "cutout",
          "T. DeVries and G. W. Taylor, \"Improved regularization of convolutional neural networks with cutout\", "
            + "2017, arXiv:1708.04552")
      ]
    }
  }
}
