"""Prints what PyTorch gives for a transposed convolution whose window is not square: the numbers in Conv2dTests.

    python transposed_convolution.py        (needs torch)

Weights, biases and image are small whole numbers over a power of two, so that every sum is exact.
"""

import torch

torch.set_grad_enabled(False)
layer = torch.nn.ConvTranspose2d(2, 3, (3, 2), stride=(2, 1), padding=(1, 0), output_padding=(1, 0))
weight = torch.arange(2 * 3 * 3 * 2).reshape(2, 3, 3, 2)
layer.weight.copy_((weight * 7 % 11 - 5) / 4)
layer.bias.copy_(torch.tensor([0.5, -1, 2]))
# Channels last, as the image is written in the test.
x = torch.arange(2 * 3 * 2).reshape(1, 2, 3, 2)
y = layer(((x * 5 % 7 - 3) / 2).movedim(-1, 1)).movedim(1, -1)
print(torch.__version__, list(y.shape))
print(y.flatten().tolist())
