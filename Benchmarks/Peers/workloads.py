"""The workloads of the side-by-side comparison: one network, one fixed batch, one optimiser each.

Everything is float32 where nothing else is said. A step is forward (with the value of the loss), backward and update. The numbers are drawn
from NumPy's RandomState(0) in the order in which they stand below, scaled in float64, and rounded to float32 once.
Where a step draws noise (a dropout mask, the noise of a variational autoencoder), the losses that are compared
are those without: dropout off, the noise a fixed array.
"""

import dataclasses

import numpy as np

@dataclasses.dataclass(frozen=True)
class Images:
    """A convolutional workload: how Adjoint is asked for it, and its batch of square colour images."""

    network: str
    batch: int
    side: int
    classes: int
    bfloat16: bool = False
    inference: bool = False

    @property
    def adjoint(self):
        """The arguments of `adjoint benchmark`."""
        return (
            [self.network]
            + (["--precision", "bfloat16"] if self.bfloat16 else [])
            + (["--inference"] if self.inference else [])
        )


IMAGES = {
    "vgg": Images("vgg", 32, 32, 10),
    "resnet18": Images("resnet18", 128, 64, 9),
    "resnet18-bfloat16": Images("resnet18", 128, 64, 9, bfloat16=True),
    "resnet18-inference": Images("resnet18", 128, 64, 9, inference=True),
    "resnet18-single-inference": Images("resnet18-single", 1, 224, 1000, inference=True),
}
PERCEPTRONS = ["mnist-mlp", "two-layer", "uva-mlp", "tiny"]
NOISY = ["vae-2d", "cascade", "deep-mlp"]


@dataclasses.dataclass(frozen=True)
class Workload:
    description: str
    optimizer: str
    learning_rate: float
    momentum: float = 0.0
    weight_decay: float = 0.0


WORKLOADS = {
    "mnist-mlp": Workload("784-50-10, batch 16, SGD", "sgd", 0.1),
    "two-layer": Workload("3072-50-10, batch 200, SGD with momentum 0.9", "sgd", 1e-2, 0.9),
    "uva-mlp": Workload("3072-100-10, batch 200, SGD", "sgd", 2e-3),
    "tiny": Workload("4-10-3, batch 5, SGD", "sgd", 0.1),
    "vae-2d": Workload("2-128-128-(2+2) and back, batch 128, Adam", "adam", 1e-3),
    "cascade": Workload("d 64, s 128, a = t = 32, b 10, batch 64, dropout 0.2, SGD", "sgd", 1e-2),
    "mixer": Workload("L 16, D 32, K 10, batch 64, SGD", "sgd", 0.1),
    "etth1": Workload(
        "history 96, horizon 96, 7 variates, hidden 256, window 25, batch 32, SGD", "sgd", 1e-2
    ),
    "deep-mlp": Workload(
        "3072-2000-1000-200×7-10, weight normalisation, dropout 0.2, batch 200, Adam", "adam", 1e-5
    ),
    "vgg": Workload("the small VGG of `cifar10-vgg`, 32×32, batch 32, Adam", "adam", 1e-6),
    "resnet18": Workload(
        "64×64, 9 classes, batch 128, SGD with momentum 0.9 and weight decay 5e-4",
        "sgd", 1e-4, 0.9, 5e-4,
    ),
    "resnet18-bfloat16": Workload(
        "the same with images in bfloat16", "sgd", 1e-4, 0.9, 5e-4
    ),
    "resnet18-inference": Workload("forward alone, batch 128", "sgd", 1e-4, 0.9, 5e-4),
    "resnet18-single-inference": Workload(
        "forward alone, one image of 224×224, 1,000 classes", "sgd", 0.0
    ),
}


class Numbers:
    """Draws arrays one after another."""

    def __init__(self):
        self.random = np.random.RandomState(0)

    def normal(self, *shape):
        return self.random.randn(*shape)

    def weight(self, outputs, inputs, gain=1.0):
        return self.random.randn(outputs, inputs) * np.sqrt(gain / inputs)


def perceptron(numbers, inputs, hidden, classes, batch):
    x = numbers.normal(batch, inputs)
    w1, w2 = numbers.weight(hidden, inputs), numbers.weight(classes, hidden)
    return [x, labels(batch, classes)], [w1, np.zeros(hidden), w2, np.zeros(classes)]


def labels(batch, classes):
    return np.arange(batch) % classes


def with_biases(weights):
    return [array for weight in weights for array in (weight, np.zeros(len(weight)))]


def vae(numbers):
    x, noise = numbers.normal(128, 2), numbers.normal(128, 2)
    widths = [(128, 2), (128, 128), (4, 128)] * 2
    return [x, noise], with_biases([numbers.weight(*width) for width in widths])


def cascade(numbers):
    x, y = numbers.normal(64, 64), numbers.normal(64, 32)
    widths = [(128, 64), (32, 128), (32, 64), (10, 32)]
    return [x, y, labels(64, 10)], with_biases([numbers.weight(*width) for width in widths])


def mixer(numbers):
    x = numbers.normal(64, 16, 32)
    widths = [(16, 16), (32, 32), (10, 16)]
    return [x, labels(64, 10)], with_biases([numbers.weight(*width) for width in widths])


def forecaster(numbers):
    x, y = numbers.normal(32, 96, 7), numbers.normal(32, 96, 7)
    widths = [(256, 96), (96, 256)] * 2
    return [x, y], with_biases([numbers.weight(*width) for width in widths])


def deep_perceptron(numbers):
    widths = [3072, 2000, 1000] + [200] * 7 + [10]
    x = numbers.normal(200, 3072)
    parameters = []
    for inputs, outputs in zip(widths, widths[1:]):
        v = numbers.weight(outputs, inputs, gain=2.0)
        parameters += [v, np.linalg.norm(v, axis=1), np.zeros(outputs)]
    return [x, labels(200, 10)], parameters


NETWORKS = {
    "mnist-mlp": lambda numbers: perceptron(numbers, 784, 50, 10, 16),
    "two-layer": lambda numbers: perceptron(numbers, 3072, 50, 10, 200),
    "uva-mlp": lambda numbers: perceptron(numbers, 3072, 100, 10, 200),
    "tiny": lambda numbers: perceptron(numbers, 4, 10, 3, 5),
    "vae-2d": vae,
    "cascade": cascade,
    "mixer": mixer,
    "etth1": forecaster,
    "deep-mlp": deep_perceptron,
}


def data(name):
    """The batch and the first parameters, the same numbers for everyone.

    Returns (inputs, parameters): float32, but for labels, which are int64. A weight is [outputs, inputs].
    """
    inputs, parameters = NETWORKS[name](Numbers())
    inputs = [a if a.dtype.kind == "i" else a.astype(np.float32) for a in inputs]
    return inputs, [p.astype(np.float32) for p in parameters]
