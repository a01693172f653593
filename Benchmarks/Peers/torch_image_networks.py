"""The convolutional networks in PyTorch, with the names of state that Adjoint and torchvision give them."""

import torch.nn.functional as F
from torch import nn


class BasicBlock(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.downsample = None
        if stride != 1 or inputs != planes:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, planes, 1, stride, bias=False), nn.BatchNorm2d(planes)
            )

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(h)).add_(shortcut), inplace=True)


class Bottleneck(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.conv3 = nn.Conv2d(planes, 4 * planes, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * planes)
        self.downsample = None
        if stride != 1 or inputs != 4 * planes:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, 4 * planes, 1, stride, bias=False), nn.BatchNorm2d(4 * planes)
            )

    def forward(self, x):
        shortcut = x if self.downsample is None else self.downsample(x)
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        h = F.relu(self.bn2(self.conv2(h)), inplace=True)
        return F.relu(self.bn3(self.conv3(h)).add_(shortcut), inplace=True)


class CIFARBlock(nn.Module):
    def __init__(self, inputs, planes, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, planes, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(planes)
        self.conv2 = nn.Conv2d(planes, planes, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(planes)
        self.stride, self.added = stride, planes - inputs

    def forward(self, x):
        shortcut = x
        if self.stride > 1 or self.added > 0:
            shortcut = x[:, :, :: self.stride, :: self.stride]
            shortcut = F.pad(shortcut, (0, 0, 0, 0, self.added // 2, self.added - self.added // 2))
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(h)) + shortcut, inplace=True)


class CIFARResNet(nn.Module):
    """6n + 2 layers, shortcuts without weights."""

    def __init__(self, depth, classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(16)
        inputs = 16
        for number, planes in enumerate([16, 32, 64]):
            blocks = []
            for position in range((depth - 2) // 6):
                blocks.append(CIFARBlock(inputs, planes, 2 if number and not position else 1))
                inputs = planes
            setattr(self, f"layer{number + 1}", nn.Sequential(*blocks))
        self.linear = nn.Linear(64, classes)

    def forward(self, x):
        h = F.relu(self.bn1(self.conv1(x)), inplace=True)
        h = self.layer3(self.layer2(self.layer1(h)))
        return self.linear(h.mean(dim=(2, 3)))


class ResNet(nn.Module):
    def __init__(self, block, expansion, blocks, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        inputs = 64
        for number, count in enumerate(blocks):
            planes, stack = 64 << number, []
            for position in range(count):
                stack.append(block(inputs, planes, 2 if number and not position else 1))
                inputs = planes * expansion
            setattr(self, f"layer{number + 1}", nn.Sequential(*stack))
        self.fc = nn.Linear(inputs, classes)

    def forward(self, x):
        h = F.max_pool2d(F.relu(self.bn1(self.conv1(x)), inplace=True), 3, 2, 1)
        h = self.layer4(self.layer3(self.layer2(self.layer1(h))))
        return self.fc(h.mean(dim=(2, 3)))


def ResNet18(classes):
    return ResNet(BasicBlock, 1, [2, 2, 2, 2], classes)


def ResNet50(classes):
    return ResNet(Bottleneck, 4, [3, 4, 6, 3], classes)


class RectifiedBatchNorm(nn.BatchNorm2d):
    """With the rectifier behind it, so that the positions in the list are those of Adjoint's layers."""

    def forward(self, x):
        return F.relu(super().forward(x), inplace=True)


class SmallVGG(nn.Module):
    def __init__(self, classes):
        super().__init__()
        inputs, layers = 3, []
        for group in [[64], [128], [256, 256], [512, 512], [512, 512]]:
            for outputs in group:
                layers += [nn.Conv2d(inputs, outputs, 3, 1, 1), RectifiedBatchNorm(outputs)]
                inputs = outputs
            layers.append(nn.MaxPool2d(3, 2, 1))
        self.layers = nn.Sequential(*layers)
        self.linear = nn.Linear(inputs, classes)

    def forward(self, x):
        return self.linear(self.layers(x).mean(dim=(2, 3)))
