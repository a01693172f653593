"""The networks in JAX: for each workload the loss as a function of parameters, inputs and a key (None: no noise)."""

import math

import jax
import jax.numpy as jnp
import numpy as np

HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


def cross_entropy(logits, labels):
    picked = jnp.take_along_axis(logits, labels[:, None], axis=1)[:, 0]
    return jnp.mean(jax.nn.logsumexp(logits, axis=1) - picked)


def dropout(x, probability, key):
    if key is None:
        return x
    return jnp.where(jax.random.bernoulli(key, 1 - probability, x.shape), x / (1 - probability), 0)


def perceptron(parameters, inputs, key):
    w1, b1, w2, b2 = parameters
    x, labels = inputs
    return cross_entropy(jax.nn.relu(x @ w1.T + b1) @ w2.T + b2, labels)


def vae(parameters, inputs, key):
    x, noise = inputs
    if key is not None:
        noise = jax.random.normal(key, noise.shape)

    def three_layers(x, w1, b1, w2, b2, w3, b3):
        h = jax.nn.relu(jax.nn.relu(x @ w1.T + b1) @ w2.T + b2)
        return jnp.split(h @ w3.T + b3, 2, axis=1)

    mean_z, log_z = three_layers(x, *parameters[:6])
    deviation = jnp.exp(log_z)
    mean_x, log_x = three_layers(mean_z + deviation * noise, *parameters[6:])
    likelihood = HALF_LOG_2_PI + log_x + 0.5 * (x - mean_x) ** 2 * jnp.exp(-2 * log_x)
    divergence = 0.5 * (mean_z**2 + deviation**2) - log_z - 0.5
    return (likelihood.sum() + divergence.sum()) / len(x)


def cascade(parameters, inputs, key):
    t1a, b1a, t2a, b2a, t1b, b1b, t2b, b2b = parameters
    x, target, labels = inputs
    h = jnp.sin(x @ t1a.T + b1a)
    prediction = dropout(h, 0.2, key) @ t2a.T + b2a
    z = x @ t1b.T
    mixed = prediction + jax.nn.relu(z - z.mean(axis=0) + b1b)
    regression = 0.5 * jnp.sum((prediction - target) ** 2) / len(x)
    return regression + cross_entropy(mixed @ t2b.T + b2b, labels)


def mixer(parameters, inputs, key):
    w1, b1, w2, b2, w3, b3 = parameters
    x, labels = inputs
    x = x + jax.nn.relu(x.transpose(0, 2, 1) @ w1.T + b1).transpose(0, 2, 1)
    x = x + jax.nn.relu(x @ w2.T + b2)
    return cross_entropy(x.mean(axis=2) @ w3.T + b3, labels)


def averaging_matrix(length, window):
    """The moving average of an edge-padded series as a product: faster here than reduce_window."""
    matrix = np.zeros((length, length), np.float32)
    for column in range(length):
        for offset in range(-(window // 2), window // 2 + 1):
            matrix[min(max(column + offset, 0), length - 1), column] += 1 / window
    return matrix


def forecaster(parameters, inputs, key):
    x, target = inputs
    series = x.transpose(0, 2, 1)
    trend = series @ averaging_matrix(96, 25)

    def two_layers(x, w1, b1, w2, b2):
        return jax.nn.relu(x @ w1.T + b1) @ w2.T + b2

    forecast = two_layers(trend, *parameters[:4]) + two_layers(series - trend, *parameters[4:])
    return jnp.mean((forecast.transpose(0, 2, 1) - target) ** 2)


def deep_perceptron(parameters, inputs, key):
    h, labels = inputs
    layers = len(parameters) // 3
    keys = [None] * 5 if key is None else jax.random.split(key, 5)
    for layer in range(layers):
        v, g, b = parameters[3 * layer : 3 * layer + 3]
        if layer < 5:
            h = dropout(h, 0.2, keys[layer])
        # The columns are scaled, not the weight: the same numbers, and a pass over the weight less.
        h = (h @ v.T) * (g / jnp.linalg.norm(v, axis=1)) + b
        if layer + 1 < layers:
            h = jax.nn.relu(h)
    return cross_entropy(h, labels)


LOSSES = {
    "mnist-mlp": perceptron,
    "two-layer": perceptron,
    "uva-mlp": perceptron,
    "tiny": perceptron,
    "vae-2d": vae,
    "cascade": cascade,
    "mixer": mixer,
    "etth1": forecaster,
    "deep-mlp": deep_perceptron,
}
