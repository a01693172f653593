"""Prints the logits that MultilayerPerceptronTests.swift expects, from PyTorch in float64.

Inputs and weights are multiples of 1/8 made by whole-number arithmetic. Made with PyTorch 2.15.
"""

import torch


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


widths = [4, 6, 5, 3]
model = torch.nn.Sequential(
    torch.nn.Linear(4, 6), torch.nn.ReLU(), torch.nn.Linear(6, 5), torch.nn.ReLU(),
    torch.nn.Linear(5, 3)).double()
for number, layer in enumerate(model[::2]):
    layer.weight.data = grid(widths[number + 1], widths[number], 5, 2, number, 13, 8)
    layer.bias.data = grid(1, widths[number + 1], 0, 3, number, 7, 4)[0].clone()
print(model(grid(3, 4, 7, 3, 0, 11, 4)).tolist())
