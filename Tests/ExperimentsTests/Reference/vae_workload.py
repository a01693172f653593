"""Prints the losses that PlanarVAETests holds the workload vae-2d against: the same steps in PyTorch, float64.

Made with PyTorch 2.15 and NumPy's legacy generator.
"""

import numpy as np
import torch

numbers = np.random.RandomState(0)
x = torch.tensor(numbers.randn(128, 2))
noise = torch.tensor(numbers.randn(128, 2))
widths = [(2, 128), (128, 128), (128, 4), (2, 128), (128, 128), (128, 4)]
layers = []
for inputs, outputs in widths:
    layer = torch.nn.Linear(inputs, outputs, dtype=torch.float64)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(numbers.randn(outputs, inputs) / np.sqrt(inputs)))
        layer.bias.zero_()
    layers.append(layer)
encoder = torch.nn.Sequential(layers[0], torch.nn.ReLU(), layers[1], torch.nn.ReLU(), layers[2])
decoder = torch.nn.Sequential(layers[3], torch.nn.ReLU(), layers[4], torch.nn.ReLU(), layers[5])
optimizer = torch.optim.Adam([p for l in layers for p in l.parameters()], lr=1e-3)


def loss():
    mean_z, log_z = encoder(x).chunk(2, dim=1)
    mean_x, log_x = decoder(mean_z + log_z.exp() * noise).chunk(2, dim=1)
    nll = 0.5 * np.log(2 * np.pi) + log_x + (x - mean_x) ** 2 / (2 * (2 * log_x).exp())
    kl = -log_z - 0.5 + 0.5 * (mean_z**2 + (2 * log_z).exp())
    return nll.sum(1).mean() + kl.sum(1).mean()


for step in range(10):
    optimizer.zero_grad()
    value = loss()
    if step == 0:
        print("initial", repr(value.item()))
    value.backward()
    optimizer.step()
print("after 10", repr(loss().item()))
