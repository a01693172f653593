import Derivations
import Tensors
import Training

/// The gradient of the two-layer perceptron as `Derivations` writes it out.
func handWrittenGradient(
  of parameters: [Parameter], penalty: Double = 0
) -> ClassificationStep.Gradient {
  let network = TwoLayerPerceptron(parameters, penalty: penalty)
  return { x, labels in
    let result = network.gradient(inputs: x, labels: labels)
    return (result.crossEntropy, result.probabilities, result.gradients)
  }
}

/// The gradient of a perceptron of any depth, module by module.
func modularGradient(of parameters: [Parameter]) -> ClassificationStep.Gradient {
  let network = ModularPerceptron(parameters)
  return { x, labels in
    let result = network.gradient(inputs: x, labels: labels)
    return (result.loss, result.probabilities, result.gradients)
  }
}

/// The loss of a perceptron of any depth, module by module: infinite where the fused one is not.
func modularLoss(of parameters: [Parameter]) -> ClassificationStep.Loss {
  let network = ModularPerceptron(parameters)
  return { x, labels in network.loss(inputs: x, labels: labels) }
}
