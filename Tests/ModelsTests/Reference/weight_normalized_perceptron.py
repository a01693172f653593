"""Prints the values that WeightNormalizedPerceptronTests.swift expects, from PyTorch in float64.

Inputs and parameters are multiples of 1/8 made by whole-number arithmetic; the loss is the sum of the logits times
fixed numbers. Made with PyTorch 2.15.
"""

import torch
from torch.nn.utils.parametrizations import weight_norm


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


widths = [4, 5, 4, 3]
layers = [
    weight_norm(torch.nn.Linear(inputs, outputs, dtype=torch.float64))
    for inputs, outputs in zip(widths, widths[1:])]
h = grid(3, 4, 7, 3, 0, 11, 4)
for number, layer in enumerate(layers):
    outputs, inputs = layer.weight.shape
    # original0 holds the lengths, original1 the directions.
    layer.parametrizations.weight.original0.data = grid(outputs, 1, 3, 0, number, 5, 4) + 1
    layer.parametrizations.weight.original1.data = grid(outputs, inputs, 5, 2, number, 13, 8)
    layer.bias.data = grid(1, outputs, 0, 3, number, 7, 4)[0].clone()
    h = layer(h)
    if number + 1 < len(layers):
        assert (h.abs() > 1e-3).all()
        h = torch.relu(h)
(h * grid(3, 3, 2, 5, 1, 9, 4)).sum().backward()
first = layers[0]
for name, values in [
    ("logits", h), ("weight_g", first.parametrizations.weight.original0.grad),
    ("weight_v", first.parametrizations.weight.original1.grad), ("bias", first.bias.grad),
]:
    print(name, values.reshape(-1).tolist())
