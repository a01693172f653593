"""The workloads in JAX: the whole step under one jit, old parameters donated, waited for each time.

The modes differ in who writes the update (by hand, optax), in whether a step is handed to another thread or run
on the calling one, which is faster for the small networks, and where noise is drawn in its generator (threefry
is the default, rbg the fast one).
"""

import os

import measurement
from workloads import NOISY, WORKLOADS, data

MODES = ["jit", "jit-synchronous", "jit-optax", "jit-optax-synchronous"]
NOISY_MODES = MODES + ["jit-rbg", "jit-rbg-synchronous"]
CHOSEN = measurement.options("jax", lambda name: NOISY_MODES if name in NOISY else MODES)
os.environ["JAX_PLATFORMS"] = "cpu"

# The limits on threads above must come first.
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402

from jax_networks import LOSSES  # noqa: E402

jax.config.update("jax_cpu_enable_async_dispatch", not CHOSEN.mode.endswith("synchronous"))
if "rbg" in CHOSEN.mode:
    jax.config.update("jax_default_prng_impl", "unsafe_rbg")

workload = WORKLOADS[CHOSEN.workload]
loss_of = LOSSES[CHOSEN.workload]
inputs, parameters = data(CHOSEN.workload)
inputs = tuple(jax.device_put(a.astype("int32") if a.dtype.kind == "i" else a) for a in inputs)
# A copy: donating an array that still belongs to NumPy would not be possible.
parameters = tuple(jnp.array(p, copy=True) for p in parameters)
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def sgd(parameters, state, gradients):
    if workload.momentum:
        state = tuple(workload.momentum * v + g for v, g in zip(state, gradients))
        gradients = state
    parameters = tuple(p - workload.learning_rate * g for p, g in zip(parameters, gradients))
    return parameters, state


def adam(parameters, state, gradients):
    first, second, count = state
    count = count + 1
    first = tuple(BETA1 * m + (1 - BETA1) * g for m, g in zip(first, gradients))
    second = tuple(BETA2 * v + (1 - BETA2) * g * g for v, g in zip(second, gradients))
    size = workload.learning_rate / (1 - BETA1**count)
    correction = 1 - BETA2**count
    parameters = tuple(
        p - size * m / (jnp.sqrt(v / correction) + EPSILON)
        for p, m, v in zip(parameters, first, second)
    )
    return parameters, (first, second, count)


def with_optax(parameters, state, gradients):
    updates, state = optimizer.update(gradients, state, parameters)
    return optax.apply_updates(parameters, updates), state


def zeros():
    return tuple(jnp.zeros_like(p) for p in parameters)


if "optax" in CHOSEN.mode:
    optimizer = (
        optax.adam(workload.learning_rate)
        if workload.optimizer == "adam"
        else optax.sgd(workload.learning_rate, momentum=workload.momentum or None)
    )
    update, state = with_optax, optimizer.init(parameters)
elif workload.optimizer == "adam":
    update, state = adam, (zeros(), zeros(), jnp.zeros((), jnp.float32))
else:
    update, state = sgd, zeros() if workload.momentum else ()


def noisy_step(parameters, state, key, inputs):
    key, drawn = jax.random.split(key)
    loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs, drawn)
    return *update(parameters, state, gradients), key, loss


def quiet_step(parameters, state, key, inputs):
    loss, gradients = jax.value_and_grad(loss_of)(parameters, inputs, None)
    return *update(parameters, state, gradients), key, loss


key = jax.random.key(0)
draws = CHOSEN.workload in NOISY
timed = jax.jit(noisy_step if draws else quiet_step, donate_argnums=(0, 1))
compared = jax.jit(quiet_step, donate_argnums=(0, 1)) if draws else timed
evaluate = jax.jit(lambda parameters, inputs: loss_of(parameters, inputs, None))


def step(noisy=True):
    global parameters, state, key
    run = timed if noisy else compared
    parameters, state, key, loss = run(parameters, state, key, inputs)
    # One executable writes all of its results, so the loss is ready when everything is.
    loss.block_until_ready()


measurement.run("jax", jax.__version__, CHOSEN, step, lambda: evaluate(parameters, inputs).item())
