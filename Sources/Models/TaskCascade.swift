import Layers
import Tensors

/// The multi-task cascade of two tasks: A predicts numbers, B a class, and the prediction of A goes into B.
///
/// ŷA = fc2A(dropout(sin fc1A x));  logits of B = fc2B(ŷA + max(fc1B x − μ + b, 0))
///
/// After Dai, He and Sun, "Instance-aware semantic segmentation via multi-task network cascades", CVPR 2016, in the
/// form whose gradients are written out in `MultiTaskCascade`; the order of its parameters is the order there.
public struct TaskCascade: Layer {
  /// θ₁A and b₁A, before the sine.
  public let fc1A: Linear
  /// Between sine and `fc2A`.
  public let dropout: Dropout
  /// θ₂A and b₂A: its output is the prediction of task A.
  public let fc2A: Linear
  /// θ₁B.
  public let fc1B: Linear
  /// b₁B and the running mean, with the rectifier.
  public let norm: MeanOnlyBatchNorm
  /// θ₂B and b₂B: its output are the logits of task B.
  public let fc2B: Linear

  /// - Parameters:
  ///   - inputs: d, the length of an input row.
  ///   - hidden: s, the hidden units of task A.
  ///   - outputs: a, the numbers that task A predicts.
  ///   - classes: b, the classes of task B.
  ///   - dropout: p, the share of hidden units that are off.
  ///   - random: draws the weights, as PyTorch's `nn.Linear` does by default.
  public init(
    inputs: Int, hidden: Int, outputs: Int, classes: Int, dropout: Double, random: inout Philox
  ) {
    fc1A = Linear(inputs, hidden, random: &random)
    self.dropout = Dropout(dropout)
    fc2A = Linear(hidden, outputs, random: &random)
    fc1B = Linear(inputs, outputs, bias: false, random: &random)
    norm = MeanOnlyBatchNorm(outputs, activation: .relu)
    fc2B = Linear(outputs, classes, random: &random)
  }

  /// The predictions of both tasks.
  ///
  /// - Parameters:
  ///   - x: `[batch, inputs]`.
  ///   - context: the mode.
  /// - Returns: ŷA `[batch, outputs]` and the logits of task B `[batch, classes]`.
  public func predictions(
    _ x: Tensor, _ context: Context
  ) -> (numbers: Tensor, logits: Tensor) {
    let numbers = fc2A(dropout(sin(fc1A(x, context)), context), context)
    return (numbers, fc2B(numbers + norm(fc1B(x, context), context), context))
  }

  /// The logits of task B.
  public func forward(_ x: Tensor, _ context: Context) -> Tensor { predictions(x, context).logits }
}
