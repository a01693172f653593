"""Prints CascadeAndMixerReference.swift: losses, outputs and gradients of the multi-task cascade and of the
simplified MLP-Mixer from PyTorch in float64.

The numbers that go in are multiples of a power of two made by whole-number arithmetic, so that no generator and
no rounding stands between the two programs. Made with PyTorch 2.15.
"""

import torch
import torch.nn.functional as F


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


def parameter(*arguments):
    return grid(*arguments).requires_grad_()


def swift(name, values):
    lines = ",\n".join(f"    {v!r}" for v in values.detach().reshape(-1).tolist())
    return f"  static let {name}: [Double] = [\n{lines},\n  ]"


def clear_of_the_kink(z):
    """Both sides of the rectifier, and nothing near its kink."""
    assert (z.abs() > 1e-3).all() and (z > 0).any() and (z < 0).any()
    return torch.relu(z)


def cascade():
    m, d, s, a, b = 5, 4, 6, 3, 4
    x, target = grid(m, d, 7, 3, 0, 11, 4), grid(m, a, 5, 7, 2, 13, 8)
    mask = (grid(m, s, 3, 5, 1, 7, 1) > -2).double() * 1.25
    theta1a, b1a = parameter(s, d, 5, 2, 1, 13, 8), parameter(1, s, 0, 2, 1, 7, 4)
    theta2a, b2a = parameter(a, s, 3, 4, 2, 9, 4), parameter(1, a, 0, 3, 2, 5, 8)
    theta1b, b1b = parameter(a, d, 2, 5, 3, 11, 8), parameter(1, a, 0, 5, 1, 9, 16)
    theta2b, b2b = parameter(b, a, 4, 3, 1, 7, 4), parameter(1, b, 0, 2, 3, 7, 8)
    labels = torch.tensor([2, 0, 3, 0, 1])
    ya = torch.sin(x @ theta1a.T + b1a) * mask @ theta2a.T + b2a
    x1b = x @ theta1b.T
    mean = x1b.mean(0)
    z2b = (ya + clear_of_the_kink(x1b - mean + b1b)) @ theta2b.T + b2b
    loss_a = 0.5 * ((ya - target) ** 2).sum() / m
    loss_b = F.cross_entropy(z2b, labels)
    parameters = dict(
        theta1A=theta1a, b1A=b1a, theta2A=theta2a, b2A=b2a, theta1B=theta1b, b1B=b1b,
        theta2B=theta2b, b2B=b2b)
    weighted = torch.autograd.grad(
        0.5 * loss_a + 2 * loss_b, list(parameters.values()), retain_graph=True)
    (loss_a + loss_b).backward()
    print("enum CascadeReference {")
    print(f"  static let lossA = {loss_a.item()!r}")
    print(f"  static let lossB = {loss_b.item()!r}")
    print(swift("mask", mask))
    print(swift("mean", mean))
    print(swift("prediction", ya))
    print(swift("probabilities", torch.softmax(z2b, 1)))
    for name, value in parameters.items():
        print(swift(name, value.grad))
    print("  /// The first element of every gradient, where task A counts a half and task B twice.")
    print(swift("weighted", torch.stack([gradient.reshape(-1)[0] for gradient in weighted])))
    print("}\n")


def mixer():
    m, positions, features, classes = 3, 4, 3, 3
    x = grid(m * positions, features, 7, 3, 0, 11, 4).reshape(m, positions, features)
    # Odd multiples of what the products are multiples of: no unit is at the kink.
    theta1, b1 = parameter(positions, positions, 5, 2, 1, 13, 8), parameter(1, positions, 0, 14, 1, 64, 64)
    theta2, b2 = parameter(features, features, 3, 4, 2, 9, 4), parameter(1, features, 0, 170, 1, 512, 512)
    theta3, b3 = parameter(classes, positions, 4, 3, 1, 7, 4), parameter(1, classes, 0, 2, 3, 7, 8)
    labels = torch.tensor([2, 0, 1])
    s1 = x + clear_of_the_kink(x.transpose(1, 2) @ theta1.T + b1).transpose(1, 2)
    s2 = s1 + clear_of_the_kink(s1 @ theta2.T + b2)
    z3 = s2.mean(2) @ theta3.T + b3
    loss = F.cross_entropy(z3, labels)
    loss.backward()
    print("enum MixerReference {")
    print(f"  static let loss = {loss.item()!r}")
    print(swift("probabilities", torch.softmax(z3, 1)))
    for name, value in dict(theta1=theta1, b1=b1, theta2=theta2, b2=b2, theta3=theta3, b3=b3).items():
        print(swift(name, value.grad))
    print("}")


print("/// Written by Reference/cascade_and_mixer.py.")
cascade()
mixer()
