import Layers
import Models
import Optimizers
import Tensors
import Training

/// One step of a convolutional network with a fixed batch: x = randn(batch, side, side, 3), then each weight of
/// two axes and more, in the order of the state dictionary and of PyTorch's axes, randn √(2 / inputs), that of the
/// linear layer randn √(1 / inputs); scales 1, biases 0, labels the row number modulo the classes.
private func imageWorkload<Network: ImageNetwork>(
  _ name: String, _ summary: String, batch: Int, side: Int, classes: Int,
  modes: [Workload.Mode] = [.tape, .inference],
  network: @escaping @Sendable (inout Philox) -> Network,
  optimizer: @escaping @Sendable ([Parameter]) -> any Optimizer
) -> Workload {
  Workload(
    name, summary, modes: modes, precisions: DType.allCases
  ) { request in
    var numbers = NumPyRandom(seed: 0)
    let x = numbers.normal([batch, side, side, 3], dtype: request.dtype)
    var random = Philox(seed: 0)
    let model = network(&random)
    let named = namedParameters(of: model)
    for (_, parameter) in named {
      let shape = parameter.stateValue.shape
      guard shape.rank > 1 else { continue }
      let gain = shape.rank == 4 ? 2.0 : 1
      let scale = (gain / Double(shape.count / shape[0])).squareRoot()
      let values = numbers.randn(shape.count).map { $0 * scale }
      parameter.stateValue = Tensor(values, shape: shape, dtype: .float32)
    }
    for (name, parameter) in named where parameter.shape.rank == 1 {
      let isScale = name.hasSuffix(".weight")
      parameter.value = .full(parameter.shape, isScale ? 1 : 0)
    }
    if request.dtype == .float64 { convert(model, to: .float64) }
    let labels = IndexTensor((0..<batch).map { Int32($0 % classes) })
    let step = ClassificationStep(model, optimizer: optimizer(named.map(\.parameter)), seed: 0)
    let training = Context.training(seed: 0)
    let isInferred = request.mode == .inference
    return Workload.Job(
      step: { try step(x, labels, step: $0).loss },
      loss: {
        softmaxCrossEntropy(model(x, isInferred ? .inference : training), labels: labels).item
      },
      infer: { _ = model(x, .inference) })
  }
}

@section("adjoint_registry") @used
private let workloads: Registration = {
  Workload.register(
    imageWorkload(
      "vgg", "the small VGG of cifar10-vgg, batch 32, Adam", batch: 32, side: 32, classes: 10,
      network: { SmallVGG(random: &$0) }, optimizer: { Adam($0, learningRate: 1e-6) }))
  Workload.register(
    imageWorkload(
      "resnet18", "64×64, 9 classes, batch 128, SGD with momentum 0.9 and weight decay 5e-4",
      batch: 128, side: 64, classes: 9,
      network: { ResNet.resNet18(classes: 9, random: &$0) },
      optimizer: { SGD($0, learningRate: 1e-4, momentum: 0.9, weightDecay: 5e-4) }))
  Workload.register(
    imageWorkload(
      "resnet18-single", "one image of 224×224, 1,000 classes, with --inference", batch: 1,
      side: 224, classes: 1_000, modes: [.inference],
      network: { ResNet.resNet18(classes: 1_000, random: &$0) },
      optimizer: { SGD($0, learningRate: 0) }))
}
