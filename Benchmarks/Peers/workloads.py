"""The workloads of the side-by-side comparison: one network, one fixed batch, one optimiser each.

Every network is linear, ReLU, linear, and its loss softmax cross-entropy averaged over the batch, all in
float32. A step is forward (with the value of the loss), backward and update.
"""

import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Workload:
    inputs: int
    hidden: int
    classes: int
    batch: int
    learning_rate: float
    momentum: float = 0.0


WORKLOADS = {
    "mnist-mlp": Workload(784, 50, 10, 16, 0.1),
    "two-layer": Workload(3072, 50, 10, 200, 1e-2, momentum=0.9),
    "uva-mlp": Workload(3072, 100, 10, 200, 2e-3),
    "tiny": Workload(4, 10, 3, 5, 0.1),
}


def data(workload):
    """The batch and the first weights, the same numbers for everyone.

    Returns (x, labels, (w1, b1, w2, b2)): x is [batch, inputs], a weight is [outputs, inputs]. The
    numbers are drawn in this order and divided in float64, then rounded to float32 once.
    """
    random = np.random.RandomState(0)
    x = random.randn(workload.batch, workload.inputs)
    w1 = random.randn(workload.hidden, workload.inputs) / np.sqrt(workload.inputs)
    w2 = random.randn(workload.classes, workload.hidden) / np.sqrt(workload.hidden)
    labels = np.arange(workload.batch) % workload.classes
    parameters = (
        w1.astype(np.float32),
        np.zeros(workload.hidden, np.float32),
        w2.astype(np.float32),
        np.zeros(workload.classes, np.float32),
    )
    return x.astype(np.float32), labels, parameters
