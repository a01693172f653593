"""The perceptrons in NumPy: gradients by hand, in place, nothing allocated inside a step but views."""

import measurement

MODES = ["by-hand"]
CHOSEN = measurement.options("numpy", lambda name: MODES)

# The limits on threads above must come first.
import numpy as np  # noqa: E402

from workloads import WORKLOADS, data  # noqa: E402


class Network:
    """All parameters lie in one array, and so do their gradients: an update is one pass, not four."""

    def __init__(self, name):
        self.workload = WORKLOADS[name]
        (self.x, labels), initial = data(name)
        self.rows = np.arange(len(labels))
        self.labels = labels
        self.parameters = np.concatenate([p.reshape(-1) for p in initial])
        self.gradients = np.empty_like(self.parameters)
        self.velocity = np.zeros_like(self.parameters)
        self.scaled = np.empty_like(self.parameters)
        shapes = [p.shape for p in initial]
        self.w1, self.b1, self.w2, self.b2 = self.views(self.parameters, shapes)
        self.dw1, self.db1, self.dw2, self.db2 = self.views(self.gradients, shapes)
        batch, hidden, classes = len(labels), len(self.b1), len(self.b2)
        self.h = np.empty((batch, hidden), np.float32)
        self.dh = np.empty((batch, hidden), np.float32)
        self.active = np.empty((batch, hidden), bool)
        self.z = np.empty((batch, classes), np.float32)
        self.top = np.empty((batch, 1), np.float32)
        self.total = np.empty((batch, 1), np.float32)
        self.picked = np.empty(batch, np.float32)
        self.w1_t, self.w2_t, self.dh_t, self.z_t = self.w1.T, self.w2.T, self.dh.T, self.z.T
        self.flat_labels = self.rows * classes + labels
        self.z_flat = self.z.reshape(-1)

    @staticmethod
    def views(flat, shapes):
        start = 0
        for shape in shapes:
            size = int(np.prod(shape))
            yield flat[start : start + size].reshape(shape)
            start += size

    def forward(self):
        """Leaves the exponentials of the shifted logits in z, their sums in total; returns the loss."""
        np.matmul(self.x, self.w1_t, out=self.h)
        np.add(self.h, self.b1, out=self.h)
        np.maximum(self.h, 0, out=self.h)
        np.matmul(self.h, self.w2_t, out=self.z)
        np.add(self.z, self.b2, out=self.z)
        np.maximum.reduce(self.z, axis=1, keepdims=True, out=self.top)
        np.subtract(self.z, self.top, out=self.z)
        np.take(self.z_flat, self.flat_labels, out=self.picked, mode="clip")
        np.exp(self.z, out=self.z)
        np.add.reduce(self.z, axis=1, keepdims=True, out=self.total)
        np.log(self.total, out=self.top)
        return (np.add.reduce(self.top, axis=None) - np.add.reduce(self.picked)) / len(self.rows)

    def step(self, noisy=True):
        loss = self.forward()
        np.multiply(self.total, len(self.rows), out=self.total)
        np.divide(self.z, self.total, out=self.z)
        self.z_flat[self.flat_labels] -= np.float32(1 / len(self.rows))
        np.matmul(self.z_t, self.h, out=self.dw2)
        np.add.reduce(self.z, axis=0, out=self.db2)
        np.matmul(self.z, self.w2, out=self.dh)
        np.greater(self.h, 0, out=self.active)
        np.multiply(self.dh, self.active, out=self.dh)
        np.matmul(self.dh_t, self.x, out=self.dw1)
        np.add.reduce(self.dh, axis=0, out=self.db1)
        if self.workload.momentum == 0:
            np.multiply(self.gradients, np.float32(self.workload.learning_rate), out=self.gradients)
            np.subtract(self.parameters, self.gradients, out=self.parameters)
        else:
            np.multiply(self.velocity, np.float32(self.workload.momentum), out=self.velocity)
            np.add(self.velocity, self.gradients, out=self.velocity)
            np.multiply(self.velocity, np.float32(self.workload.learning_rate), out=self.scaled)
            np.subtract(self.parameters, self.scaled, out=self.parameters)
        return loss


network = Network(CHOSEN.workload)
measurement.run("numpy", np.__version__, CHOSEN, network.step, network.forward)
