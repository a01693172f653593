"""Trains on CIFAR-10 in PyTorch with the recipes of `cifar10-resnet` and `cifar10-vgg`, to compare what is reached.

    python torch_cifar.py NETWORK --data DIR [--epochs 10] [--steps 5000] [--seed 0] [--threads 2]

DIR holds the binary batches. NETWORK is `resnet20` (batch 128, SGD with momentum 0.9 at rate 0.2, a linear rise in the
first epoch, half a cosine to the end, decay 5e-4 of all but biases, scales and shifts; images mirrored and moved by up
to four pixels) or `vgg` (batch 32, Adam at 1e-4, images as they are). Prints one line of JSON.
"""

import argparse
import json
import math
import pathlib
import time

import numpy as np
import torch
import torch.nn.functional as F

from torch_image_networks import CIFARResNet, SmallVGG

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("network", choices=["resnet20", "vgg"])
parser.add_argument("--data", required=True, type=pathlib.Path)
parser.add_argument("--epochs", type=int, default=10, help="of resnet20")
parser.add_argument("--steps", type=int, default=5000, help="of vgg")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--threads", type=int, default=2)
chosen = parser.parse_args()
torch.set_num_threads(chosen.threads)
torch.manual_seed(chosen.seed)
torch.set_flush_denormal(True)


def records(names):
    data = np.concatenate([np.fromfile(chosen.data / name, np.uint8).reshape(-1, 3073) for name in names])
    return torch.from_numpy(data[:, 1:].reshape(-1, 3, 32, 32)), torch.from_numpy(data[:, 0]).long()


MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
DEVIATION = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def inputs(images):
    x = (images.float() / 255 - MEAN) / DEVIATION
    return x.contiguous(memory_format=torch.channels_last)


def augmented(images):
    count = len(images)
    padded = F.pad(images, (4, 4, 4, 4))
    top, left = torch.randint(0, 9, (count,)), torch.randint(0, 9, (count,))
    rows = top.view(-1, 1) + torch.arange(32)
    columns = left.view(-1, 1) + torch.arange(32)
    flipped = torch.rand(count) < 0.5
    columns[flipped] = columns[flipped].flip(1)
    index = torch.arange(count).view(-1, 1, 1)
    return padded.permute(0, 2, 3, 1)[index, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


train, train_labels = records([f"data_batch_{number}.bin" for number in range(1, 6)])
test, test_labels = records(["test_batch.bin"])


def resnet():
    network = CIFARResNet(20)
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(module.weight, mode="fan_out")
    decayed = [p for p in network.parameters() if p.dim() > 1]
    others = [p for p in network.parameters() if p.dim() <= 1]
    optimizer = torch.optim.SGD(
        [{"params": decayed, "weight_decay": 5e-4}, {"params": others, "weight_decay": 0.0}], lr=0.2, momentum=0.9)
    rising = math.ceil(len(train) / 128)
    total = rising * chosen.epochs

    def rate(step):
        if step < rising:
            return 0.2 * (0.01 + 0.99 * step / rising)
        return 0.1 * (1 + math.cos(math.pi * (step - rising) / max(1, total - rising)))

    return network, optimizer, rate, augmented, 128, total


def vgg():
    network = SmallVGG(10)
    return network, torch.optim.Adam(network.parameters(), lr=1e-4), lambda _: 1e-4, lambda x: x, 32, chosen.steps


network, optimizer, rate, transform, batch, total = resnet() if chosen.network == "resnet20" else vgg()
network = network.to(memory_format=torch.channels_last)
began, step, losses = time.perf_counter(), 0, []
while step < total:
    network.train()
    for rows in torch.randperm(len(train)).split(batch):
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        loss = F.cross_entropy(network(inputs(transform(train[rows]))), train_labels[rows])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        step += 1
        losses.append(loss.item())
        if step == total:
            break
network.eval()
with torch.no_grad():
    right = sum(
        (network(inputs(test[i : i + 500])).argmax(1) == test_labels[i : i + 500]).sum().item()
        for i in range(0, len(test), 500)
    )
last = losses[-500:]
print(json.dumps({
    "network": chosen.network, "mean_loss_of_last_500_steps": sum(last) / len(last),
    "test_accuracy": right / len(test), "steps": step, "seed": chosen.seed,
    "seconds": time.perf_counter() - began, "version": torch.__version__.split("+")[0],
}))
