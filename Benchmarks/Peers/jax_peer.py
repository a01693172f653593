"""The workloads in JAX: the whole step under one jit, old parameters donated, waited for each time.

The modes differ in who writes the update (by hand, optax) and in whether a step is handed to another
thread or run on the calling one, which is faster for the small networks.
"""

import os

import measurement

MODES = ["jit", "jit-synchronous", "jit-optax", "jit-optax-synchronous"]
CHOSEN = measurement.options("jax", MODES)
os.environ["JAX_PLATFORMS"] = "cpu"

# The limits on threads above must come first.
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402

from workloads import WORKLOADS, data  # noqa: E402

jax.config.update("jax_cpu_enable_async_dispatch", not CHOSEN.mode.endswith("synchronous"))

workload = WORKLOADS[CHOSEN.workload]
x, labels, parameters = data(workload)
x, labels = jax.device_put(x), jax.device_put(labels.astype("int32"))
# A copy: donating an array that still belongs to NumPy would not be possible.
parameters = tuple(jnp.array(p, copy=True) for p in parameters)


def loss_of(parameters, x, labels):
    w1, b1, w2, b2 = parameters
    logits = jax.nn.relu(x @ w1.T + b1) @ w2.T + b2
    picked = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - picked)


def optax_step(parameters, state, x, labels):
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, labels)
    updates, state = optimizer.update(gradients, state, parameters)
    return optax.apply_updates(parameters, updates), state, loss


def plain_step(parameters, state, x, labels):
    loss, gradients = jax.value_and_grad(loss_of)(parameters, x, labels)
    if workload.momentum:
        state = tuple(workload.momentum * v + g for v, g in zip(state, gradients))
        gradients = state
    parameters = tuple(p - workload.learning_rate * g for p, g in zip(parameters, gradients))
    return parameters, state, loss


optimizer = optax.sgd(workload.learning_rate, momentum=workload.momentum or None)
if "optax" in CHOSEN.mode:
    state = optimizer.init(parameters)
else:
    state = tuple(jnp.zeros_like(p) for p in parameters) if workload.momentum else ()
compiled = jax.jit(optax_step if "optax" in CHOSEN.mode else plain_step, donate_argnums=(0, 1))
evaluate = jax.jit(loss_of)


def step():
    global parameters, state
    parameters, state, loss = compiled(parameters, state, x, labels)
    # One executable writes all of its results, so the loss is ready when everything is.
    loss.block_until_ready()


measurement.run(
    "jax", jax.__version__, CHOSEN, step, lambda: evaluate(parameters, x, labels).item()
)
