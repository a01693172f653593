"""Prints BatchNormalizationReference.swift: values and gradients of batch normalisation from PyTorch in
float64.

The numbers that go in are multiples of a power of two made by whole-number arithmetic, as in
two_layer_perceptron.py. Made with PyTorch 2.15.
"""

import torch


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


def swift(name, values):
    lines = ",\n".join(f"    {v!r}" for v in values.detach().reshape(-1).tolist())
    return f"  static let {name}: [Double] = [\n{lines},\n  ]"


x = grid(5, 3, 5, 3, 1, 13, 4).requires_grad_()
scale = grid(1, 3, 0, 5, 2, 7, 4)[0].requires_grad_()
shift = grid(1, 3, 0, 3, 1, 5, 2)[0].requires_grad_()
dy = grid(5, 3, 3, 5, 2, 11, 8)
y = torch.nn.functional.batch_norm(
    x, None, None, weight=scale, bias=shift, training=True, eps=2.0**-10)
y.backward(dy)

print("/// Written by Reference/batch_normalization.py.")
print("enum BatchNormalizationReference {")
print(swift("output", y))
print(swift("input", x.grad))
print(swift("scale", scale.grad))
print(swift("shift", shift.grad))
print("}")
