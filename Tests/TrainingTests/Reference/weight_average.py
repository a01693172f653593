"""Writes ../Loop/WeightAverageReference.swift: timm's decay with warm-up, and an average under it in PyTorch.

    python weight_average.py > ../Loop/WeightAverageReference.swift      (made with torch 2.15)

The decay is written out as `ModelEmaV3.get_decay` has it; the average is taken with `Tensor.lerp_`, in float64.
"""

import torch

DECAY = 0.9
STEPS = 60
GAMMA, POWER = 1.0, 2 / 3


def decay(step):
    step = max(0, step - 1)
    return 0.0 if step <= 0 else max(min(1 - (1 + step / GAMMA) ** -POWER, DECAY), 0.0)


def values(step):
    k = torch.arange(3, dtype=torch.float64)
    return torch.sin(0.3 * step + k)


average = values(0)
rows, decays = [], []
for step in range(1, STEPS + 1):
    decays.append(decay(step))
    average.lerp_(values(step), 1 - decays[-1])
    rows.append(average.tolist())

print("// Made by Reference/weight_average.py; do not edit.")
print("// swift-format-ignore-file")
print("enum WeightAverageReference {")
print(f"  static let decays: [Double] = {decays}")
print(f"  static let averages: [[Double]] = {rows}")
print("}")
