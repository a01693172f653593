"""The convolutional workloads in PyTorch.

Modes: `eager` as anyone would write it, `channels-last` with images and weights in that order of memory, and both of
them compiled; of a forward pass alone also compiled and frozen, where the compiler may fold normalisations into the
weights and keep those in the order that it likes best. In bfloat16 the forward pass runs under autocast, with float32
weights. torch.optim runs fused.
"""

import measurement

MODES = ["eager", "channels-last", "compile", "compile-channels-last"]
FROZEN = ["compile-frozen", "compile-frozen-channels-last"]


def modes(name):
    return MODES + (FROZEN if name.endswith("-inference") else [])


CHOSEN = measurement.options("torch", modes)

# The limits on threads above must come first.
import numpy as np  # noqa: E402
import torch  # noqa: E402
import torch._inductor.config  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import nn  # noqa: E402

from torch_image_networks import ResNet18, SmallVGG  # noqa: E402
from workloads import IMAGES, WORKLOADS  # noqa: E402

torch.set_num_threads(CHOSEN.threads)
torch.set_flush_denormal(True)


workload, images = WORKLOADS[CHOSEN.workload], IMAGES[CHOSEN.workload]
network = {"resnet18": ResNet18, "resnet18-single": ResNet18, "vgg": SmallVGG}[images.network](
    images.classes
)
numbers = np.random.RandomState(0)
x = torch.from_numpy(numbers.randn(images.batch, images.side, images.side, 3).astype(np.float32))
x = x.permute(0, 3, 1, 2)
labels = torch.arange(images.batch) % images.classes
with torch.no_grad():
    for parameter in network.parameters():
        if parameter.dim() == 1:
            parameter.fill_(0)
            continue
        gain = 2.0 if parameter.dim() == 4 else 1.0
        scale = np.sqrt(gain / parameter[0].numel())
        drawn = numbers.randn(*parameter.shape) * scale
        parameter.copy_(torch.from_numpy(drawn.astype(np.float32)))
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.fill_(1)
x = x.contiguous()
if CHOSEN.mode.endswith("channels-last"):
    x = x.to(memory_format=torch.channels_last)
    network = network.to(memory_format=torch.channels_last)

if workload.optimizer == "adam":
    optimizer = torch.optim.Adam(network.parameters(), lr=workload.learning_rate, fused=True)
else:
    optimizer = torch.optim.SGD(
        network.parameters(),
        lr=workload.learning_rate,
        momentum=workload.momentum,
        weight_decay=workload.weight_decay,
        fused=True,
    )


def loss_of(x):
    with torch.autocast("cpu", torch.bfloat16, enabled=images.bfloat16):
        logits = network(x)
    return F.cross_entropy(logits.float(), labels)


def infer(x):
    with torch.autocast("cpu", torch.bfloat16, enabled=images.bfloat16):
        return network(x)


compiled = CHOSEN.mode.startswith("compile")
torch._inductor.config.freezing = "frozen" in CHOSEN.mode
forward = torch.compile(infer if images.inference else loss_of, dynamic=False) if compiled else None
forward = forward or (infer if images.inference else loss_of)


def step(noisy=True):
    if images.inference:
        network.eval()
        with torch.inference_mode():
            forward(x)
        return
    network.train()
    optimizer.zero_grad(set_to_none=True)
    forward(x).backward()
    optimizer.step()


def loss():
    """In training mode, with the batch's own statistics, which leaves a trace in the running ones alone."""
    network.train(not images.inference)
    with torch.no_grad():
        return loss_of(x).item()


measurement.run("torch", torch.__version__, CHOSEN, step, loss)
