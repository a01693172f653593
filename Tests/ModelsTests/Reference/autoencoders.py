"""Prints AutoencoderReference.swift: terms and gradients of three autoencoders from PyTorch in float64.

Parameters are multiples of 1/16 made by whole-number arithmetic. Made with PyTorch 2.15.
"""

import torch
import torch.nn.functional as F

BATCH, HEIGHT, WIDTH, HIDDEN, LATENT = 4, 2, 3, 5, 2
PIXELS = HEIGHT * WIDTH
POSITIONS, VECTORS, LENGTH, COMMITMENT = 2, 4, 3, 0.25


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


def perceptron(widths, first):
    layers = []
    for layer, (inputs, outputs) in enumerate(zip(widths, widths[1:])):
        weight = grid(outputs, inputs, 5, 2, first + layer, 13, 16).requires_grad_()
        bias = (grid(1, outputs, 0, 2, first + layer + 1, 7, 8)[0] + 3 / 64).requires_grad_()
        layers.append((weight, bias))

    def forward(h):
        for number, (weight, bias) in enumerate(layers):
            h = h @ weight.T + bias
            if number + 1 < len(layers):
                assert (h.abs() > 1e-3).all()
                h = torch.relu(h)
        return h

    return layers, forward


x = (grid(BATCH, PIXELS, 7, 3, 0, 11, 1) > 0).double()
noise = grid(BATCH, LATENT, 3, 5, 1, 7, 4)


def gaussian(local=None):
    encoder_layers, encoder = perceptron([PIXELS, HIDDEN, 2 * LATENT], 0)
    decoder_layers, decoder = perceptron([LATENT, HIDDEN, PIXELS], 3)
    mean, log = encoder(x).chunk(2, dim=1)
    logits = decoder(mean + log.exp() * noise)
    if local is not None:
        logits = logits + x @ local.T
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
    divergence = (-log - 0.5 + 0.5 * (mean**2 + (2 * log).exp())).sum(1).mean()
    (reconstruction + divergence).backward()
    return reconstruction, divergence, encoder_layers[0][0].grad


def quantized():
    encoder_layers, encoder = perceptron([PIXELS, HIDDEN, POSITIONS * LENGTH], 0)
    _, decoder = perceptron([POSITIONS * LENGTH, HIDDEN, PIXELS], 3)
    codebook = (grid(VECTORS, LENGTH, 5, 3, 2, 11, 64) + 1 / 8).requires_grad_()
    e = encoder(x).reshape(BATCH * POSITIONS, LENGTH)
    codes = torch.cdist(e, codebook).argmin(dim=1)
    c = codebook[codes]
    quantization = (
        ((e.detach() - c) ** 2).sum() + COMMITMENT * ((e - c.detach()) ** 2).sum()
    ) / BATCH
    straight = e + (c - e).detach()
    logits = decoder(straight.reshape(BATCH, -1))
    reconstruction = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1).mean()
    (reconstruction + quantization).backward()
    return reconstruction, quantization, codes, encoder_layers[0][0].grad, codebook.grad


def swift(name, values):
    numbers = [f"    {v!r}," for v in values.detach().reshape(-1).tolist()]
    return "\n".join([f"  static let {name}: [Double] = ["] + numbers + ["  ]"])


print("/// Written by Reference/autoencoders.py.")
print("enum AutoencoderReference {")
r, d, g = gaussian()
print(swift("plainTerms", torch.stack([r, d])))
print(swift("plainEncoderGradient", g))
weights = grid(PIXELS, PIXELS, 5, 2, 1, 13, 8)
window = torch.zeros(PIXELS, PIXELS, dtype=torch.float64)
for p in range(PIXELS):
    for q in range(p):
        rows, columns = p // WIDTH - q // WIDTH, abs(p % WIDTH - q % WIDTH)
        window[p, q] = float(rows <= 1 and columns <= 1)
local = weights.requires_grad_()
r, d, g = gaussian(local * window)
print(swift("lossyTerms", torch.stack([r, d])))
print(swift("lossyEncoderGradient", g))
print(swift("lossyLocalGradient", local.grad))
r, q, codes, g, book = quantized()
print(swift("quantizedTerms", torch.stack([r, q])))
print(f"  static let quantizedCodes: [Int32] = {codes.tolist()}")
print(swift("quantizedEncoderGradient", g))
print(swift("quantizedCodebookGradient", book))
print("}")
