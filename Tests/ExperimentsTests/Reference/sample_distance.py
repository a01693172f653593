"""Prints the distances that SampleDistanceTests holds against, by their definitions in NumPy, float64.

The points are multiples of 1/8 made by whole-number arithmetic. Made with NumPy 2.4.
"""

import numpy as np


def grid(rows, a, b, c, modulus):
    return np.array(
        [[((a * i + b * j + c) % modulus - modulus // 2) / 8 for j in range(2)] for i in range(rows)])


def sliced_wasserstein(a, b, directions):
    angles = np.pi * (np.arange(directions) + 0.5) / directions
    frame = np.stack([np.cos(angles), np.sin(angles)])
    left, right = np.sort(a @ frame, axis=0), np.sort(b @ frame, axis=0)
    return np.sqrt(np.mean((left - right) ** 2))


def mmd(a, b, bandwidth):
    def kernel(x, y):
        squares = ((x[:, None, :] - y[None, :, :]) ** 2).sum(axis=2)
        return np.exp(-squares / (2 * bandwidth**2)).mean()

    return np.sqrt(kernel(a, a) + kernel(b, b) - 2 * kernel(a, b))


a, b = grid(70, 13, 29, 0, 41), grid(70, 17, 5, 7, 31)
print("sliced Wasserstein, 64 directions", repr(float(sliced_wasserstein(a, b, 64))))
print("sliced Wasserstein, 5 directions", repr(float(sliced_wasserstein(a, b, 5))))
print("MMD, bandwidth 1.5", repr(float(mmd(a, b, 1.5))))
print("MMD, bandwidth 0.5, 40 points of b", repr(float(mmd(a, b[:40], 0.5))))
i, j = np.tril_indices(70, -1)
distances = np.sort(np.linalg.norm(a[i] - a[j], axis=1))
print("median distance", repr(float(distances[len(distances) // 2])))
