import COneDNN

/// The weight of a convolution, and the forms in which it is worked on.
struct ConvolutionWeight {
  /// As it is in its parameter, `[outputs, height, width, inputs / groups]`, without history.
  let value: Tensor
  /// Whether it stays as it is from call to call, as where a network is applied and not trained: what is made of it is
  /// then kept.
  let isConstant: Bool

  /// A weight, with its place on the tape if it has one.
  init(_ weight: Tensor) {
    self.init(value: weight.detached, isConstant: !Tape.isOpen(for: weight))
  }

  private init(value: Tensor, isConstant: Bool) {
    (self.value, self.isConstant) = (value, isConstant)
    // While a network is trained they would only take memory.
    if !isConstant { value.forgetForms() }
  }

  /// In float32, as bfloat16 images meet it.
  var rounded: ConvolutionWeight {
    .init(value: value.converted(to: .bfloat16).converted(to: .float32), isConstant: false)
  }

  /// In another form, which `make` works out.
  func form(_ name: String, _ numbers: [Int], _ make: () -> Tensor) -> Tensor {
    isConstant ? value.kept(as: Form(name: name, numbers: numbers), make) : make()
  }

  /// What oneDNN is given of it.
  struct Ready {
    let elements: Tensor
    /// Whether they are in the order that the primitive wants.
    let isPacked: Bool
  }

  /// In the order that a convolution wants if it stays as it is; else the primitive packs it for the time of the call.
  func ready(
    for shape: ConvolutionShape, _ way: adjoint_convolution_way, _ dtype: DType
  ) -> Ready {
    guard isConstant else { return Ready(elements: value, isPacked: false) }
    let order = ImageConvolution.order(shape, way, dtype)
    if order.number == 0 { return Ready(elements: value, isPacked: false) }
    let packed = form("packed", [Int(order.number)]) {
      let packed = Tensor(uninitialized: [Int(order.bytes) / DType.float32.size], .float32)
      ImageConvolution.pack(shape, way, dtype, value, into: packed)
      return packed
    }
    return Ready(elements: packed, isPacked: true)
  }
}
