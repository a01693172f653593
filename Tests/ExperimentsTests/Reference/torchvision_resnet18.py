"""Writes torchvision_resnet18.json: names and shapes of the state of torchvision's ResNet-18, and its logits.

    python torchvision_resnet18.py        (needs torch, torchvision and numpy)

Weights and images are those of Tests/ModelsTests/Reference/images.py, drawn from NumPy's RandomState(0) in the order of
the state dictionary: the test draws them again, since a file of them has 45 MB. In float64. Made with PyTorch 2.15 and
torchvision 0.29.2.
"""

import json
import pathlib
import sys

import torch
import torchvision

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "ModelsTests" / "Reference"))
from images import filled  # noqa: E402

network = torchvision.models.resnet18(num_classes=9).double().eval()
images = filled(network)
with torch.no_grad():
    logits = network(images)
state = network.state_dict()
stored = {
    "names": list(state),
    "shapes": [list(value.shape) for value in state.values()],
    "logits": logits.flatten().tolist(),
}
(HERE / "torchvision_resnet18.json").write_text(json.dumps(stored, separators=(",", ":")) + "\n")
