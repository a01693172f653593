import Tensors

/// Dropout with a given mask, its gradient written out by hand.  Y = X ∘ M
///
/// Mᵢⱼ is 0 where the unit is dropped, else 1/(1 − p).
/// Srivastava et al., "Dropout", JMLR 15 (2014).
public struct DropoutModule {
  /// M, of the shape of the input.
  public let mask: Tensor

  /// A module with a mask, such as `dropoutMask(_:probability:key:dtype:)` draws.
  public init(mask: Tensor) { self.mask = mask }

  /// Y for X; stops unless that has the shape of the mask.
  public func forward(_ x: Tensor) -> Tensor { x * mask }

  /// ∂L/∂X for ∂L/∂Y: what was dropped gets nothing back.
  public func backward(_ dy: Tensor) -> Tensor {
    dy * mask  // ∂L/∂X = ∂L/∂Y ∘ M
  }
}

@section("adjoint_registry") @used
private let checks: Registration = {
  GradientCheck.register("dropout_module", group: .network) { sampler in
    (GradientCheck.batches + [[16, 17]]).map { shape in
      let x = sampler.parameter(shape)
      let key = DropoutKey(seed: 3, stream: UInt64(sampler.integer(below: 1000)))
      let mask = dropoutMask(shape, probability: 0.4, key: key, dtype: sampler.dtype)
      return .init("\(shape)", [x], byHand: { dy in [DropoutModule(mask: mask).backward(dy)] }) {
        dropout(x.value, probability: 0.4, key: key)
      }
    }
  }
}
