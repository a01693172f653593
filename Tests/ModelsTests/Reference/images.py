"""Writes images.json: logits of PyTorch's convolutional networks, the norms of the gradients of a loss by weights, and,
where the test takes gradients, their products with random vectors, which know signs and places.

    python images.py        (needs torch, torchvision and numpy)

ResNet-18, -34 and -50 are torchvision's own; the classes of Benchmarks/Peers, which are timed, have to give the same
logits. The others are not in torchvision. Made with PyTorch 2.15 and torchvision 0.29.2.

Weights and images come from NumPy's RandomState(0), in the order of the state dictionary: a tensor of two axes and more
randn √(2 / inputs), a scale 1 + 0.1 randn, a running variance 1 + 0.1 |randn|, everything else 0.1 randn. Then the
images, [3, 3, 40, 40]. Only what comes out is stored. The vectors come from RandomState(1), one randn of the shape of
each parameter in the order of the state dictionary.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F
import torchvision

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Benchmarks" / "Peers"))
from torch import nn  # noqa: E402
from torch_image_networks import (  # noqa: E402
    BasicBlock,
    CIFARResNet,
    RectifiedBatchNorm,
    ResNet,
    ResNet18,
    ResNet50,
    SmallVGG,
)

TRAINED = ["resnet18", "resnet20", "vgg", "efficient"]


class SqueezeExcitation(nn.Module):
    """torchvision.ops.SqueezeExcitation with its defaults."""

    def __init__(self, channels, reduced):
        super().__init__()
        self.fc1 = nn.Conv2d(channels, reduced, 1)
        self.fc2 = nn.Conv2d(reduced, channels, 1)

    def forward(self, x):
        factors = F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1)))
        return x * torch.sigmoid(self.fc2(factors))


class InvertedBottleneck(nn.Module):
    """MBConv and Fused-MBConv; the latter projects at expansion 1 too. State has Adjoint's names."""

    def __init__(self, inputs, outputs, expansion, stride, fused):
        super().__init__()
        width = inputs * expansion
        if fused:
            self.expand = nn.Conv2d(inputs, width, 3, stride, 1, bias=False)
        else:
            self.expand = nn.Conv2d(inputs, width, 1, bias=False)
            self.depthwise = nn.Conv2d(width, width, 3, stride, 1, groups=width, bias=False)
            self.depthwise_norm = RectifiedBatchNorm(width)
            self.excitation = SqueezeExcitation(width, max(8, inputs // 4))
        self.expand_norm = RectifiedBatchNorm(width)
        self.project = nn.Conv2d(width, outputs, 1, bias=False)
        self.project_norm = nn.BatchNorm2d(outputs)
        self.fused, self.shortcut = fused, stride == 1 and inputs == outputs

    def forward(self, x):
        h = self.expand_norm(self.expand(x))
        if not self.fused:
            h = self.excitation(self.depthwise_norm(self.depthwise(h)))
        h = self.project_norm(self.project(h))
        return x + h if self.shortcut else h


class SmallEfficientNet(nn.Module):
    """Without what is dropped at random."""

    def __init__(self, classes):
        super().__init__()
        self.stem = nn.Conv2d(3, 24, 3, 1, 1, bias=False)
        self.stem_norm = RectifiedBatchNorm(24)
        self.blocks = nn.Sequential(
            InvertedBottleneck(24, 24, 1, 1, True),
            InvertedBottleneck(24, 24, 1, 1, True),
            InvertedBottleneck(24, 48, 4, 2, True),
            InvertedBottleneck(48, 48, 4, 1, True),
            InvertedBottleneck(48, 96, 4, 2, False),
            InvertedBottleneck(96, 96, 4, 1, False),
            InvertedBottleneck(96, 96, 4, 1, False),
            InvertedBottleneck(96, 128, 4, 2, False),
            InvertedBottleneck(128, 128, 4, 1, False),
        )
        self.top = nn.Conv2d(128, 256, 1, bias=False)
        self.top_norm = RectifiedBatchNorm(256)
        self.classifier = nn.Linear(256, classes)

    def forward(self, x):
        h = self.blocks(self.stem_norm(self.stem(x)))
        return self.classifier(self.top_norm(self.top(h)).mean(dim=(2, 3)))


def filled(network):
    numbers = np.random.RandomState(0)
    with torch.no_grad():
        for name, value in network.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            drawn = numbers.randn(*value.shape)
            if value.dim() > 1:
                drawn = drawn * np.sqrt(2 / value[0].numel())
            elif name.endswith("running_var"):
                drawn = 1 + 0.1 * abs(drawn)
            elif name.endswith("weight"):
                drawn = 1 + 0.1 * drawn
            else:
                drawn = 0.1 * drawn
            value.copy_(torch.from_numpy(drawn))
    return torch.from_numpy(numbers.randn(3, 3, 40, 40))


def projections(network):
    """In the order of the state dictionary: the test knows the names."""
    numbers = np.random.RandomState(1)
    return [
        float((parameter.grad.numpy() * numbers.randn(*parameter.shape)).sum())
        for _, parameter in network.named_parameters()
    ]


def agreeing(theirs, ours):
    """torchvision's network, if the repository's own has the same state and, in float64, the same logits."""
    x = filled(theirs.double().eval())
    ours.double().eval().load_state_dict(theirs.state_dict())
    assert list(ours.state_dict()) == list(theirs.state_dict())
    with torch.no_grad():
        expected = theirs(x)
        assert (ours(x) - expected).abs().max() <= 1e-12 * expected.abs().max()
    return theirs


def result(network, trained):
    """In float64, where what is stored is exact for both of our precisions."""
    x = filled(network.double())
    labels = torch.tensor([1, 0, 2])
    network.eval()
    logits = network(x)
    network.train()
    loss = F.cross_entropy(network(x), labels)
    loss.backward()
    state = dict(network.named_parameters())
    norms = {name: parameter.grad.norm().item() for name, parameter in state.items() if parameter.dim() > 1}
    result = {
        "logits": logits.detach().flatten().tolist(),
        "training_loss": loss.item(),
        "gradient_norms": norms,
        "names": list(network.state_dict()),
    }
    if trained:
        result["gradient_projections"] = projections(network)
    return result


def main():
    networks = {
        "resnet18": agreeing(torchvision.models.resnet18(num_classes=9), ResNet18(9)),
        "resnet50": agreeing(torchvision.models.resnet50(num_classes=9), ResNet50(9)),
        "resnet20": CIFARResNet(20),
        "resnet56": CIFARResNet(56),
        "vgg": SmallVGG(10),
        "resnet34": agreeing(torchvision.models.resnet34(num_classes=9), ResNet(BasicBlock, 1, [3, 4, 6, 3], 9)),
        "efficient": SmallEfficientNet(9),
    }
    stored = {name: result(network, name in TRAINED) for name, network in networks.items()}
    (HERE / "images.json").write_text(json.dumps(stored, indent=None, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
