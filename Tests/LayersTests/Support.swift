import Layers
import Tensors
import Testing

/// A small network in the shape of PyTorch's residual ones.
struct Block: Layer {
  let conv1, conv2: Linear
  let downsample: Sequential?

  init(_ width: Int, downsample: Bool, random: inout Philox) {
    conv1 = Linear(width, width, bias: false, random: &random)
    conv2 = Linear(width, width, bias: false, random: &random)
    self.downsample =
      downsample ? Sequential([Linear(width, width, random: &random), ReLU()]) : nil
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    conv2(relu(conv1(x, context)), context) + (downsample.map { $0(x, context) } ?? x)
  }
}

struct Network: Layer {
  let runningMean: Buffer
  let layer1: [Block]
  let head: Linear
  let depth = 2
  let note = "not a parameter"

  init(seed: UInt64 = 1) {
    var random = Philox(seed: seed)
    runningMean = Buffer(.zeros([4]))
    layer1 = [
      Block(4, downsample: true, random: &random), Block(4, downsample: false, random: &random),
    ]
    head = Linear(4, 2, random: &random)
  }

  func forward(_ x: Tensor, _ context: Context) -> Tensor {
    var y = x
    for block in layer1 { y = block(y, context) }
    return head(y, context)
  }

  static let names = [
    "layer1.0.conv1.weight", "layer1.0.conv2.weight", "layer1.0.downsample.0.weight",
    "layer1.0.downsample.0.bias", "layer1.1.conv1.weight", "layer1.1.conv2.weight", "head.weight",
    "head.bias",
  ]
}
