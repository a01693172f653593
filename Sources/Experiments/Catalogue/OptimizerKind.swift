import Optimizers
import Tensors

/// Which optimiser a setting names.
enum OptimizerKind: String, Codable, Sendable, CaseIterable {
  case sgd, adam, adamw

  /// What it is called.
  func words(momentum: Double) -> String {
    switch self {
    case .sgd: momentum > 0 ? "SGD with momentum" : "SGD"
    case .adam: "Adam"
    case .adamw: "AdamW"
    }
  }

  /// The work that it comes from; nil of plain gradient descent.
  func reference(momentum: Double) -> Reference? {
    switch self {
    case .sgd where momentum > 0:
      Reference(
        "momentum",
        "I. Sutskever, J. Martens, G. Dahl and G. Hinton, \"On the importance of initialization and momentum in deep "
          + "learning\", ICML 2013")
    case .sgd: nil
    case .adam:
      Reference(
        "Adam",
        "D. P. Kingma and J. Ba, \"Adam: a method for stochastic optimization\", ICLR 2015")
    case .adamw:
      Reference(
        "AdamW", "I. Loshchilov and F. Hutter, \"Decoupled weight decay regularization\", ICLR 2019"
      )
    }
  }

  /// An optimiser of this kind.
  ///
  /// - Parameters:
  ///   - parameters: what it moves.
  ///   - learningRate: the rate that a schedule starts from.
  ///   - momentum: of SGD; the others have their own.
  ///   - weightDecay: λ, added to gradients by SGD and Adam, taken from weights by AdamW.
  ///   - groups: parts of the parameters with rates of their own.
  func optimizer(
    of parameters: [Parameter], learningRate: Double, momentum: Double, weightDecay: Double,
    groups: [ParameterGroup] = []
  ) -> any Optimizer {
    switch self {
    case .sgd:
      SGD(
        parameters, learningRate: learningRate, momentum: momentum, weightDecay: weightDecay,
        groups: groups)
    case .adam:
      Adam(parameters, learningRate: learningRate, weightDecay: weightDecay, groups: groups)
    case .adamw:
      AdamW(parameters, learningRate: learningRate, weightDecay: weightDecay, groups: groups)
    }
  }
}
