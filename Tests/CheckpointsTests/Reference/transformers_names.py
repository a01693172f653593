"""Writes transformers_names.json: the modules of Hugging Face's residual networks with torchvision's names for them.

    python transformers_names.py        (needs torch and transformers)

Each network of transformers is filled with random weights, which go to the network with torchvision's names; a pair is
written only after both have given the same logits.
"""

import json
import pathlib
import sys

import torch
import transformers

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[2] / "Benchmarks" / "Peers"))
from torch_image_networks import BasicBlock, Bottleneck, ResNet  # noqa: E402

NETWORKS = {
    "resnet18": ("basic", [64, 128, 256, 512], [2, 2, 2, 2], BasicBlock, 1),
    "resnet34": ("basic", [64, 128, 256, 512], [3, 4, 6, 3], BasicBlock, 1),
    "resnet50": ("bottleneck", [256, 512, 1024, 2048], [3, 4, 6, 3], Bottleneck, 4),
}


def modules(network):
    """Those with weights, in the order in which an image comes to them."""
    order = []
    hooks = [
        module.register_forward_hook(lambda _, __, ___, name=name: order.append(name))
        for name, module in network.named_modules()
        if next(module.parameters(recurse=False), None) is not None
    ]
    with torch.no_grad():
        network(torch.zeros(1, 3, 64, 64))
    for hook in hooks:
        hook.remove()
    return order


def is_shortcut(name):
    return "shortcut" in name or "downsample" in name


def pairs(layer_type, sizes, depths, block, expansion):
    torch.manual_seed(0)
    configuration = transformers.ResNetConfig(
        layer_type=layer_type, hidden_sizes=sizes, depths=depths, num_labels=9
    )
    theirs = transformers.ResNetForImageClassification(configuration).eval()
    ours = ResNet(block, expansion, depths, 9).eval()
    with torch.no_grad():
        for value in theirs.state_dict().values():
            if value.dim() > 1:
                value.copy_(torch.randn(value.shape) * (2 / value[0].numel()) ** 0.5)
            elif value.is_floating_point():
                value.copy_(0.5 + torch.rand(value.shape))

    # In a block the shortcut is computed first there, last or in between here: blocks are matched one by one.
    def blocks(names, depth):
        groups = {}
        for name in names:
            groups.setdefault(".".join(name.split(".")[: depth(name)]), []).append(name)
        return [sorted(group, key=is_shortcut) for group in groups.values()]

    there = blocks(modules(theirs), lambda n: 6 if ".stages." in n else 9)
    here = blocks(modules(ours), lambda n: 2 if n.startswith("layer") else 9)
    found = [pair for a, b in zip(there, here, strict=True) for pair in zip(a, b, strict=True)]
    state = {}
    for a, b in found:
        for key, value in theirs.get_submodule(a).state_dict().items():
            state[f"{b}.{key}"] = value
    ours.load_state_dict(state)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        difference = (theirs(x).logits - ours(x)).abs().max() / ours(x).abs().max()
    assert difference < 1e-5, difference
    return found


stored = {name: pairs(*values) for name, values in NETWORKS.items()}
(HERE / "transformers_names.json").write_text(json.dumps(stored, separators=(",", ":")) + "\n")
print(torch.__version__, transformers.__version__, {name: len(found) for name, found in stored.items()})
