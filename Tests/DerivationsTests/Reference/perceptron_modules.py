"""Prints PerceptronModulesReference.swift: values and gradients of the modules from PyTorch in float64.

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


print("/// Written by Reference/perceptron_modules.py.")
print("enum PerceptronModulesReference {")

# Softmax and cross-entropy, each by itself.
x = grid(3, 4, 5, 3, 1, 13, 4).requires_grad_()
dy = grid(3, 4, 3, 5, 2, 11, 8)
y = torch.softmax(x, 1)
y.backward(dy)
print(swift("softmax", y))
print(swift("softmaxBackward", x.grad))
p = ((grid(3, 4, 5, 3, 1, 13, 16) + 0.5)).requires_grad_()
loss = torch.nn.functional.nll_loss(torch.log(p), torch.tensor([2, 0, 3]))
loss.backward()
print(f"  static let crossEntropy = {loss.item()!r}")
print(swift("crossEntropyBackward", p.grad))

# Three layers.
widths = [5, 4, 3, 4]
x = grid(4, 5, 7, 3, 0, 11, 4)
labels = torch.tensor([2, 0, 3, 0])
parameters = []
h = x
for layer in range(3):
    w = grid(widths[layer + 1], widths[layer], 5 + layer, 2, 1, 13, 8).requires_grad_()
    b = (grid(1, widths[layer + 1], 0, 3, 2 + layer, 7, 4)[0] + 1 / 64).requires_grad_()
    parameters += [w, b]
    h = h @ w.T + b
    if layer < 2:
        assert (h.abs() > 0.01).all() and (h > 0).any() and (h < 0).any()
        h = torch.relu(h)
loss = torch.nn.functional.cross_entropy(h, labels)
loss.backward()
print(f"  static let loss = {loss.item()!r}")
print(swift("probabilities", torch.softmax(h, 1)))
rows = ",\n".join(
    "    [" + ", ".join(repr(v) for v in q.grad.reshape(-1).tolist()) + "]" for q in parameters)
print(f"  static let gradients: [[Double]] = [\n{rows},\n  ]")
print("}")
