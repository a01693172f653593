"""Writes images.json: logits of PyTorch's convolutional networks, and the gradient of a loss by two of their weights.

    python images.py        (needs torch and numpy)

Weights and images come from NumPy's RandomState(0), in the order of the state dictionary: a tensor of two axes and more
randn √(2 / inputs), a scale 1 + 0.1 randn, a running variance 1 + 0.1 |randn|, everything else 0.1 randn. Then the
images, [3, 3, 40, 40]. Only what comes out is stored.
"""

import json
import pathlib
import sys

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Benchmarks" / "Peers"))
from torch_image_networks import CIFARResNet, ResNet18, ResNet50, SmallVGG  # noqa: E402


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


def result(network):
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
    return {
        "logits": logits.detach().flatten().tolist(),
        "training_loss": loss.item(),
        "gradient_norms": norms,
        "names": list(network.state_dict()),
    }


networks = {
    "resnet18": ResNet18(9),
    "resnet50": ResNet50(9),
    "resnet20": CIFARResNet(20),
    "resnet56": CIFARResNet(56),
    "vgg": SmallVGG(10),
}
stored = {name: result(network) for name, network in networks.items()}
(HERE / "images.json").write_text(json.dumps(stored, indent=None, separators=(",", ":")) + "\n")
