"""Prints TwoLayerPerceptronReference.swift: loss, probabilities and gradients from PyTorch in float64.

The numbers that go in are multiples of 1/8 made by whole-number arithmetic, so that no generator and no
rounding stands between the two programs. Made with PyTorch 2.15.
"""

import torch

BATCH, INPUTS, HIDDEN, CLASSES = 4, 5, 3, 4


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


x = grid(BATCH, INPUTS, 7, 3, 0, 11, 4)
w1 = grid(HIDDEN, INPUTS, 5, 2, 1, 13, 8).requires_grad_()
b1 = grid(1, HIDDEN, 0, 2, 1, 7, 4)[0].clone().requires_grad_()
w2 = grid(CLASSES, HIDDEN, 3, 4, 2, 9, 4).requires_grad_()
b2 = grid(1, CLASSES, 0, 3, 2, 5, 8)[0].clone().requires_grad_()
labels = torch.tensor([2, 0, 3, 0])

z1 = x @ w1.T + b1
assert (z1.abs() > 0.01).all() and (z1 > 0).any() and (z1 < 0).any()
z2 = torch.relu(z1) @ w2.T + b2
loss = torch.nn.functional.cross_entropy(z2, labels)
loss.backward()


def swift(name, values):
    lines = ",\n".join(f"    {v!r}" for v in values.detach().reshape(-1).tolist())
    return f"  static let {name}: [Double] = [\n{lines},\n  ]"


print("/// Written by Reference/two_layer_perceptron.py.")
print("enum TwoLayerPerceptronReference {")
print(f"  static let loss = {loss.item()!r}")
print(swift("probabilities", torch.softmax(z2, 1)))
for name, parameter in [("w1", w1), ("b1", b1), ("w2", w2), ("b2", b2)]:
    print(swift(name, parameter.grad))
print("}")
