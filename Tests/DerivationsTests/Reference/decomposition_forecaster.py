"""Writes decomposition_forecaster.json: loss, forecast and gradients from PyTorch in float64.

Written as the document has it: the series are padded with their ends and pooled, the forecast goes back to
[batch, horizon, variates], and the loss is PyTorch's. The numbers that go in are multiples of a power of
two made by whole-number arithmetic. Made with PyTorch 2.15.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

BATCH, HISTORY, VARIATES, HIDDEN, HORIZON, WINDOW = 2, 6, 2, 4, 3, 5


def grid(rows, columns, a, b, c, modulus, divisor):
    return torch.tensor(
        [[((a * i + b * j + c) % modulus - modulus // 2) / divisor for j in range(columns)]
         for i in range(rows)],
        dtype=torch.float64)


x = grid(BATCH, HISTORY * VARIATES, 7, 3, 0, 11, 4).reshape(BATCH, HISTORY, VARIATES)
y = grid(BATCH, HORIZON * VARIATES, 4, 5, 1, 13, 4).reshape(BATCH, HORIZON, VARIATES)
mask = {"trend": grid(BATCH * VARIATES, HIDDEN, 3, 2, 1, 5, 1) != 0,
        "seasonal": grid(BATCH * VARIATES, HIDDEN, 2, 3, 2, 5, 1) != 0}


def parameters():
    made = {
        "trend": (grid(HIDDEN, HISTORY, 5, 2, 1, 13, 8), grid(1, HIDDEN, 0, 2, 1, 7, 4)[0],
                  grid(HORIZON, HIDDEN, 3, 4, 2, 9, 4), grid(1, HORIZON, 0, 3, 2, 5, 8)[0]),
        "seasonal": (grid(HIDDEN, HISTORY, 3, 4, 2, 11, 8), grid(1, HIDDEN, 0, 3, 2, 7, 4)[0],
                     grid(HORIZON, HIDDEN, 5, 2, 1, 7, 4), grid(1, HORIZON, 0, 2, 1, 5, 8)[0]),
    }
    return {part: [p.clone().requires_grad_() for p in some] for part, some in made.items()}


def run(normalization, dropout):
    weights = parameters()
    series = x.permute(0, 2, 1)
    level, scale = torch.zeros(BATCH, VARIATES, 1), torch.ones(BATCH, VARIATES, 1)
    if normalization == "last":
        level = series[:, :, -1:]
    elif normalization != "none":
        level = series.mean(2, keepdim=True)
    if normalization == "standard":
        scale = torch.sqrt(series.var(2, unbiased=False, keepdim=True) + 1e-2)
    series = (series - level) / scale
    padded = F.pad(series, (WINDOW // 2, WINDOW // 2), mode="replicate")
    trend = F.avg_pool1d(padded, WINDOW, 1)
    total = 0
    for part, u in (("trend", trend), ("seasonal", series - trend)):
        w1, b1, w2, b2 = weights[part]
        z = F.linear(u, w1, b1)
        assert (z.abs() > 1e-3).all() and (z > 0).any() and (z < 0).any()
        h = torch.relu(z)
        if dropout:
            h = h * mask[part].reshape(BATCH, VARIATES, HIDDEN) * 2
        total = total + F.linear(h, w2, b2)
    forecast = (total * scale + level).permute(0, 2, 1)
    loss = F.mse_loss(forecast, y)
    loss.backward()
    return loss, forecast, [p.grad for part in ("trend", "seasonal") for p in weights[part]]


def flat(values):
    return values.detach().reshape(-1).tolist()


RUNS = []
for normalization, dropout in (("none", False), ("standard", True), ("last", False), ("mean", True)):
    loss, forecast, gradients = run(normalization, dropout)
    RUNS.append({"normalization": normalization, "hasMasks": dropout, "loss": loss.item(),
                 "forecast": flat(forecast), "gradients": [flat(g) for g in gradients]})
text = ",\n".join(json.dumps(r, separators=(",", ":")) for r in RUNS)
pathlib.Path(__file__).with_suffix(".json").write_text(f"[\n{text}\n]\n")
