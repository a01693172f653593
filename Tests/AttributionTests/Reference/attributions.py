"""Writes attributions.json: what PyTorch gives for a small convolutional network and one image.

    python attributions.py        (needs torch and numpy)

Weights come from NumPy's RandomState(0) in the order of the state dictionary, randn / 2; then the image, randn
[1, 2, 7, 6], then the baseline of the same shape, 0.1 randn. The score is logit 1. Everything is float64 and stored with
the channels last.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
TARGET = 1


class Guided(torch.autograd.Function):
    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return x.clamp(min=0)

    @staticmethod
    def backward(context, dy):
        (x,) = context.saved_tensors
        return dy.clamp(min=0) * (x > 0)


class Network(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(2, 4, 3, padding=1)
        self.conv2 = torch.nn.Conv2d(4, 5, 3, stride=2, padding=1)
        self.fc = torch.nn.Linear(5, 3)
        self.rectify = F.relu

    def features(self, x):
        return self.rectify(self.conv2(self.rectify(self.conv1(x))))

    def classify(self, maps):
        return self.fc(maps.mean((2, 3)))

    def forward(self, x):
        return self.classify(self.features(x))


def gradient(function, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(function(x)[:, TARGET].sum(), x)[0]


def last(x):
    """Channels last, flat."""
    return x.movedim(1, -1).flatten().tolist()


def occlusion(network, x, cover, window, stride):
    height, width = x.shape[2:]
    whole = network(x)[0, TARGET]
    falls, counts = torch.zeros(height, width), torch.zeros(height, width)
    tops = sorted({*range(0, height - window + 1, stride), height - window})
    lefts = sorted({*range(0, width - window + 1, stride), width - window})
    for top in tops:
        for left in lefts:
            place = (..., slice(top, top + window), slice(left, left + window))
            covered = x.clone()
            covered[place] = cover[place]
            falls[place] += whole - network(covered)[0, TARGET]
            counts[place] += 1
    return falls / counts


def main():
    torch.set_default_dtype(torch.float64)
    numbers = np.random.RandomState(0)
    network = Network()
    with torch.no_grad():
        for value in network.state_dict().values():
            value.copy_(torch.from_numpy(numbers.randn(*value.shape) / 2))
    x = torch.from_numpy(numbers.randn(1, 2, 7, 6))
    baseline = torch.from_numpy(0.1 * numbers.randn(1, 2, 7, 6))
    plain = gradient(network, x)
    network.rectify = Guided.apply
    guided = gradient(network, x)
    network.rectify = F.relu
    steps = 5
    points = [baseline + (x - baseline) * (k + 0.5) / steps for k in range(steps)]
    integrated = (x - baseline) * sum(gradient(network, point) for point in points) / steps
    maps = network.features(x).detach()
    weights = gradient(network.classify, maps).mean((2, 3), keepdim=True)
    camera = (weights * maps).sum(1).clamp(min=0)
    with torch.no_grad():
        stored = {
            "logits": network(x).flatten().tolist(),
            "gradient": last(plain),
            "saliency": plain.abs().amax(1).flatten().tolist(),
            "guided": last(guided),
            "integrated": last(integrated),
            "grad_cam": camera.flatten().tolist(),
            "grad_cam_resized": F.interpolate(camera[:, None], (7, 6), mode="bilinear").flatten().tolist(),
            "occlusion": occlusion(network, x, baseline, 3, 2).flatten().tolist(),
        }
    (HERE / "attributions.json").write_text(json.dumps(stored, indent=1) + "\n")


main()
