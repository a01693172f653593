"""Prints what PyTorch gives for a convolution with weight normalisation: the numbers in WeightNormalizedConv2dTests.

    python weight_normalized_convolution.py        (needs torch)

In float64; directions, lengths, biases, image and cotangent are small whole numbers over a power of two.
"""

import torch
from torch.nn.utils.parametrizations import weight_norm

layer = weight_norm(torch.nn.Conv2d(4, 2, (3, 2), groups=2)).double()
parts = layer.parametrizations.weight
with torch.no_grad():
    direction = torch.arange(2 * 2 * 3 * 2).reshape(2, 2, 3, 2)
    parts.original0.copy_(torch.tensor([3, -0.5]).reshape(2, 1, 1, 1))
    parts.original1.copy_((direction * 7 % 11 - 5) / 4)
    layer.bias.copy_(torch.tensor([0.5, -1]))
# Channels last, as the image is written in the test.
x = torch.arange(3 * 3 * 4).reshape(1, 3, 3, 4)
y = layer(((x * 5 % 7 - 3) / 2).double().movedim(-1, 1)).movedim(1, -1)
y.backward(torch.tensor([1, -2, 3, 0.5]).double().reshape(1, 1, 2, 2))
print(torch.__version__, list(layer.state_dict()), [list(v.shape) for v in layer.state_dict().values()])
print(y.flatten().tolist())
print(parts.original0.grad.flatten().tolist())
print(parts.original1.grad.flatten().tolist())
