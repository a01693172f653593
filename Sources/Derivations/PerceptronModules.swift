import Tensors

// The perceptron taken apart: each module keeps what its own backward pass needs and knows no other.
// A batch has m rows; L is the loss, and a backward pass turns the cotangent of a module's output into
// that of its input.

/// Affine map of the rows.  X̃ = X Wᵀ + 1 bᵀ
public struct LinearModule {
  /// W, `[outputs, inputs]`.
  public let weight: Parameter
  /// b, `[outputs]`.
  public let bias: Parameter
  private var x: Tensor?

  /// A module over given parameters; stops if their shapes do not fit together.
  public init(weight: Parameter, bias: Parameter) {
    require(
      weight.shape.rank == 2 && bias.shape == [weight.shape[0]],
      "LinearModule: weight of shape \(weight.shape) and bias of shape \(bias.shape); they have to be "
        + "[outputs, inputs] and [outputs]")
    self.weight = weight
    self.bias = bias
  }

  /// X̃, `[m, outputs]`; keeps X, `[m, inputs]`.
  public mutating func forward(_ x: Tensor) -> Tensor {
    self.x = x
    return linear(x, weight.value, bias.value)
  }

  /// ∂L/∂W and ∂L/∂b for ∂L/∂X̃; stops if there was no forward pass.
  public func gradients(_ dy: Tensor) -> (weight: Tensor, bias: Tensor) {
    let x = kept(x, by: "LinearModule")
    let dw = matmul(dy, x, transposeA: true)  // ∂L/∂W = (∂L/∂X̃)ᵀ X
    let db = sum(dy, axis: 0)  // ∂L/∂b = Σᵢ ∂L/∂X̃ᵢ
    return (dw, db)
  }

  /// ∂L/∂X for ∂L/∂X̃; nobody needs it of the first module.
  public func backward(_ dy: Tensor) -> Tensor {
    matmul(dy, weight.value)  // ∂L/∂X = ∂L/∂X̃ W
  }

  /// What its backward pass computes.
  public static let formulas: [Formula] = [
    Formula(
      "W", #"\left(∂{\tilde X}\right)^\top X"#,
      where: "the product sums over the batch"),
    Formula(
      "b", #"\sum_i ∂{\tilde X_i}"#,
      where: "the sum runs over the batch"),
    Formula(
      "X", #"∂{\tilde X} W"#,
      where: "each row on its own"),
  ]
}

/// Rectifier, elementwise.  Y = max(X, 0)
public struct ReLUModule {
  private var y: Tensor?

  /// A module that has seen nothing yet.
  public init() {}

  /// Y; keeps it, for it is positive where X is.
  public mutating func forward(_ x: Tensor) -> Tensor {
    let y = relu(x)
    self.y = y
    return y
  }

  /// ∂L/∂X for ∂L/∂Y; stops if there was no forward pass.
  public func backward(_ dy: Tensor) -> Tensor {
    reluPullback(dy, kept(y, by: "ReLUModule"))  // ∂L/∂X = ∂L/∂Y ∘ [X > 0]
  }

  /// What its backward pass computes.
  public static let formulas: [Formula] = [
    Formula(
      "X", #"∂{Y} \circ [X > 0]"#,
      where: "the Jacobian of a row is diagonal, so the product is one of elements")
  ]
}

/// Softmax of each row.  yₖ = e^xₖ / Σⱼ e^xⱼ
public struct SoftmaxModule {
  private var y: Tensor?

  /// A module that has seen nothing yet.
  public init() {}

  /// Y, `[m, classes]`, whose rows add up to 1; keeps it.
  public mutating func forward(_ x: Tensor) -> Tensor {
    let y = softmax(x, axis: 1)
    self.y = y
    return y
  }

  /// ∂L/∂X for ∂L/∂Y, row by row the product with the Jacobian diag(y) − y yᵀ, which is not written down;
  /// stops if there was no forward pass.
  public func backward(_ dy: Tensor) -> Tensor {
    // ∂L/∂X = Y ∘ (∂L/∂Y − (∂L/∂Y ∘ Y) 1 1ᵀ)
    softmaxPullback(dy, kept(y, by: "SoftmaxModule"), axis: 1)
  }

  /// What its backward pass computes.
  public static let formulas: [Formula] = [
    Formula(
      "x", #"(\operatorname{diag}(y) - y y^\top) ∂{y} = y \circ \left(∂{y} - y^\top ∂{y}\right)"#,
      where: "$x$ and $y$ are one sample of the input and of the output, as columns")
  ]
}

/// Mean cross-entropy of probabilities against classes.  L = −(1/m) Σᵢ Σₖ tᵢₖ ln xᵢₖ
///
/// t are the classes as one-hot rows. Where the probability of the right class is too small for its type, L
/// is infinite; `softmaxCrossEntropy(_:labels:)` takes logits and knows no such limit.
public struct CrossEntropyModule {
  private let oneHotRows: Tensor
  private var t: Tensor?
  private var p: Tensor?

  /// A module for that many classes, of probabilities of that type.
  public init(classes: Int, dtype: DType) {
    oneHotRows = .identity(classes, dtype: dtype)
  }

  /// L, a scalar; keeps t and the probabilities of the right classes.
  ///
  /// - Parameters:
  ///   - x: probabilities, `[m, classes]`.
  ///   - labels: `[m]`, each a class; stops, naming the row, if one is not.
  public mutating func forward(_ x: Tensor, labels: IndexTensor) -> Tensor {
    let t = gather(oneHotRows, labels)  // tᵢₖ = [k is the class of row i]
    let p = sum(t * x, axis: 1)  // pᵢ = Σₖ tᵢₖ xᵢₖ
    (self.t, self.p) = (t, p)
    return -mean(log(p))  // L = −(1/m) Σᵢ ln pᵢ
  }

  /// ∂L/∂X, `[m, classes]`; stops if there was no forward pass.
  public func backward() -> Tensor {
    let (t, p) = (kept(t, by: "CrossEntropyModule"), kept(p, by: "CrossEntropyModule"))
    let m = p.count
    let dp = (-1 / Double(m)) / p  // −1 / (m pᵢ)
    // ∂L/∂X = −(T / X) / m, 0 where tᵢₖ = 0
    return t * broadcast(dp.reshaped(to: [m, 1]), to: t.shape)
  }

  /// What its backward pass computes.
  public static let formulas: [Formula] = [
    Formula(
      "X", "-(T / X) / m",
      where: "the quotient is 0 wherever $t_{ik}$ is 0")
  ]
}

/// A perceptron of any depth for classification, put together from the modules: affine maps with rectifiers
/// between them, softmax, cross-entropy.
public struct ModularPerceptron {
  /// W₁, b₁, W₂, b₂, …
  public let parameters: [Parameter]
  private let linears: [LinearModule]
  private let crossEntropy: CrossEntropyModule

  /// - Parameter parameters: the weights `[outputs, inputs]` and biases `[outputs]` from the input to the
  ///   output, at least one of each; stops if their shapes do not fit together.
  public init(_ parameters: [Parameter]) {
    let shapes = parameters.map(\.shape)
    let isPaired = !shapes.isEmpty && shapes.count % 2 == 0
    require(
      isPaired
        && shapes.indices.allSatisfy { index in
          let shape = shapes[index]
          if index % 2 == 1 { return shape == [shapes[index - 1][0]] }
          return shape.rank == 2 && (index == 0 || shape[1] == shapes[index - 2][0])
        },
      "ModularPerceptron: parameters of shapes \(shapes); they have to be [outputs, inputs] and [outputs] "
        + "of each layer, the inputs of a layer the outputs of the one before")
    self.parameters = parameters
    linears = stride(from: 0, to: parameters.count, by: 2).map {
      LinearModule(weight: parameters[$0], bias: parameters[$0 + 1])
    }
    crossEntropy = CrossEntropyModule(
      classes: shapes[shapes.count - 2][0], dtype: parameters[0].dtype)
  }

  /// What one pass forward and back gives.
  public struct Result {
    /// L, a scalar.
    public let loss: Tensor
    /// The output of the softmax, `[batch, classes]`.
    public let probabilities: Tensor
    /// ∂L/∂W₁, ∂L/∂b₁, ∂L/∂W₂, ∂L/∂b₂, …
    public let gradients: Gradients
  }

  /// The loss, the probabilities and the gradient of the loss.
  ///
  /// - Parameters:
  ///   - inputs: `[batch, inputs]`, the batch not empty.
  ///   - labels: `[batch]`, each a class; stops, naming the row, if one is not.
  public func gradient(inputs: Tensor, labels: IndexTensor) -> Result {
    var (linears, softmax, crossEntropy) = (linears, SoftmaxModule(), crossEntropy)
    var relus = [ReLUModule](repeating: ReLUModule(), count: linears.count - 1)

    var x = inputs
    for layer in linears.indices {
      x = linears[layer].forward(x)
      if layer < relus.count { x = relus[layer].forward(x) }
    }
    let probabilities = softmax.forward(x)
    let loss = crossEntropy.forward(probabilities, labels: labels)

    var dx = softmax.backward(crossEntropy.backward())
    var gradients = [Tensor?](repeating: nil, count: parameters.count)
    for layer in linears.indices.reversed() {
      if layer < relus.count { dx = relus[layer].backward(dx) }
      (gradients[2 * layer], gradients[2 * layer + 1]) = linears[layer].gradients(dx)
      if layer > 0 { dx = linears[layer].backward(dx) }
    }
    return Result(
      loss: loss, probabilities: probabilities, gradients: Gradients(of: parameters, gradients))
  }

  /// L through the modules' forward passes alone, for the tape.
  ///
  /// Each runs as a layer, such as `linear2 (LinearModule)`, so that a `NonFiniteError` names it. The loss is that of
  /// ``gradient(inputs:labels:)``, bit for bit, infinite where that is.
  public func loss(inputs: Tensor, labels: IndexTensor) -> Tensor {
    func run<Module>(_ module: Module, _ name: String, _ body: (inout Module) -> Tensor) -> Tensor {
      inLayer(module, named: { "\(name) (\(type(of: $0)))" }) {
        var module = module
        return body(&module)
      }
    }
    var x = inputs
    for layer in linears.indices {
      x = run(linears[layer], "linear\(layer + 1)") { [x] in $0.forward(x) }
      guard layer + 1 < linears.count else { break }
      x = run(ReLUModule(), "relu\(layer + 1)") { [x] in $0.forward(x) }
    }
    let probabilities = run(SoftmaxModule(), "softmax") { $0.forward(x) }
    return run(crossEntropy, "crossEntropy") { $0.forward(probabilities, labels: labels) }
  }

  /// One formula for each parameter, in their order.
  public var formulas: [Formula] {
    let last = linears.count
    return (1...last).flatMap { layer in
      let input = layer == 1 ? "X" : "H_\(layer - 1)"
      let cotangent =
        layer == last
        ? #"$∂{Z_\#(layer)} = (\hat Y - T) / m$: of softmax and cross-entropy, one after the other"#
        : #"$∂{Z_\#(layer)} = \left(∂{Z_\#(layer + 1)} W_\#(layer + 1)\right) \circ [Z_\#(layer) > 0]$"#
      return [
        Formula(
          "W_\(layer)", #"\left(∂{Z_\#(layer)}\right)^\top \#(input)"#, where: cotangent),
        Formula(
          "b_\(layer)", #"\sum_i ∂{(Z_\#(layer))_i}"#, where: "the sum runs over the batch"),
      ]
    }
  }
}

/// What a forward pass left behind.
private func kept(_ tensor: Tensor?, by module: StaticString) -> Tensor {
  guard let tensor else { stop("\(module).backward: there was no forward pass") }
  return tensor
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("cross_entropy_module", group: .network) { sampler in
    (GradientCheck.fullBatches + [[16, 17]]).map { shape in
      let (batch, classes) = (shape[0], shape[1])
      let x = sampler.parameter([batch, classes], .uniform(0.25, 1))
      let labels = sampler.labels(batch, below: classes)
      return .init(
        "\(batch) rows \(classes) classes", [x],
        byHand: { dy in
          var module = CrossEntropyModule(classes: classes, dtype: x.dtype)
          _ = module.forward(x.value, labels: labels)
          return [module.backward() * dy.item]
        }
      ) {
        let places = labels.values.enumerated().map { Int32($0 * classes) + $1 }
        return -mean(log(gather(x.value.flattened(), IndexTensor(places))))
      }
    }
  }
  GradientCheck.register("softmax_module", group: .network) { sampler in
    (GradientCheck.fullBatches + [[16, 17]]).map { shape in
      let (batch, classes) = (shape[0], shape[1])
      let x = sampler.parameter([batch, classes])
      return .init(
        "\(batch) rows \(classes) classes", [x],
        byHand: { dy in
          var module = SoftmaxModule()
          _ = module.forward(x.value)
          return [module.backward(dy)]
        }
      ) {
        let e = exp(x.value)
        return e / broadcast(sum(e, axis: 1).reshaped(to: [batch, 1]), to: e.shape)
      }
    }
  }
  GradientCheck.register("modular_perceptron", group: .network) { sampler in
    [
      (1, [1, 1]), (1, [2, 3]), (3, [1, 1, 2]), (1, [4, 10, 3]), (2, [7, 8, 9]), (5, [3, 7, 1, 5]),
      (4, [8, 16, 2]), (3, [2, 9, 8, 7]), (2, [5, 17, 3]), (7, [17, 15, 9, 10]),
      (16, [9, 5, 7, 6, 4]),
    ].map { batch, widths in
      let x = sampler.tensor([batch, widths[0]], .uniform(0.3, 1))
      let labels = sampler.labels(batch, below: widths[widths.count - 1])
      let parameters = networkParameters(widths, from: &sampler)
      let network = ModularPerceptron(parameters)
      return .init(
        "batch \(batch) \(widths.map(String.init).joined(separator: "-"))", parameters,
        byHand: { dy in
          network.gradient(inputs: x, labels: labels).gradients.values.map {
            $0.map { $0 * dy.item }
          }
        }
      ) {
        var h = x
        for layer in 0..<widths.count - 1 {
          let z = linear(h, parameters[2 * layer].value, parameters[2 * layer + 1].value)
          h = layer < widths.count - 2 ? relu(z) : z
        }
        return softmaxCrossEntropy(h, labels: labels)
      }
    }
  }
}

/// Weights and biases such that every rectified unit is clearly on or clearly off: a hidden layer adds at
/// most 1 to the largest of its inputs, which are positive, or takes far more away.
private func networkParameters(_ widths: [Int], from sampler: inout Sampler) -> [Parameter] {
  (1..<widths.count).flatMap { layer in
    let (inputs, outputs) = (widths[layer - 1], widths[layer])
    let isLast = layer == widths.count - 1
    let scale = 1 / Double(inputs)
    let weight = sampler.parameter(
      [outputs, inputs], isLast ? .uniform(-1, 1) : .uniform(scale / 4, scale), name: "W\(layer)")
    let biases = (0..<outputs).map { $0 % 3 == 1 ? -Double(layer) - 3 : 1 }
    let bias =
      isLast
      ? sampler.parameter([outputs], name: "b\(layer)")
      : Parameter(
        Tensor(biases, shape: [outputs], dtype: sampler.dtype), name: "b\(layer)")
    return [weight, bias]
  }
}
