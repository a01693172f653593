"""Prints VariationalAutoencoderReference.swift: loss, terms and gradients from PyTorch in float64.

The numbers that go in are multiples of a power of two made by whole-number arithmetic, so that no generator
and no rounding stands between the two programs. Made with PyTorch 2.15.
"""

import torch

BATCH, FEATURES, HIDDEN, LATENT, BETA = 4, 3, 5, 2, 1.5


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


x = grid(BATCH, FEATURES, 7, 3, 0, 11, 4)
noise = grid(BATCH, LATENT, 3, 5, 1, 7, 4)
shapes = [
    (HIDDEN, FEATURES), (HIDDEN, HIDDEN), (2 * LATENT, HIDDEN),
    (HIDDEN, LATENT), (HIDDEN, HIDDEN), (2 * FEATURES, HIDDEN),
]
parameters = []
for layer, (rows, columns) in enumerate(shapes):
    parameters.append(grid(rows, columns, 5, 2, layer, 13, 16).requires_grad_())
    parameters.append((grid(1, rows, 0, 2, layer + 1, 7, 8)[0] + 3 / 64).clone().requires_grad_())

hidden = []


def layer(h, index, is_last=False):
    z = h @ parameters[2 * index].T + parameters[2 * index + 1]
    if is_last:
        return z
    assert (z.abs() > 0.005).all() and (z > 0).any() and (z < 0).any(), (index, z)
    return torch.relu(z)


mean_z, log_z = layer(layer(layer(x, 0), 1), 2, True).chunk(2, dim=1)
z = mean_z + log_z.exp() * noise
mean_x, log_x = layer(layer(layer(z, 3), 4), 5, True).chunk(2, dim=1)
posterior = torch.distributions.Normal(mean_z, log_z.exp())
prior = torch.distributions.Normal(torch.zeros_like(mean_z), torch.ones_like(mean_z))
reconstruction = -torch.distributions.Normal(mean_x, log_x.exp()).log_prob(x).sum(1).mean()
divergence = torch.distributions.kl_divergence(posterior, prior).sum(1).mean()
loss = reconstruction + BETA * divergence
loss.backward()


def swift(values):
    numbers = [repr(v) for v in values.detach().reshape(-1).tolist()]
    return "    [\n" + "".join(f"      {v},\n" for v in numbers) + "    ],"


print("/// Written by Reference/variational_autoencoder.py.")
print("enum VariationalAutoencoderReference {")
print(f"  static let loss = {loss.item()!r}")
print(f"  static let reconstruction = {reconstruction.item()!r}")
print(f"  static let divergence = {divergence.item()!r}")
print("  /// In the order of the parameters.")
print("  static let gradients: [[Double]] = [")
for parameter in parameters:
    print(swift(parameter.grad))
print("  ]")
print("}")
