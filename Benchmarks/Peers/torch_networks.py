"""The networks in PyTorch: for each workload the loss as a function of parameters and inputs."""

import math

import torch
import torch.nn.functional as F

HALF_LOG_2_PI = 0.5 * math.log(2 * math.pi)


def perceptron(parameters, inputs, noisy):
    w1, b1, w2, b2 = parameters
    x, labels = inputs
    return F.cross_entropy(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2), labels)


def vae(parameters, inputs, noisy):
    x, noise = inputs
    if noisy:
        noise = torch.randn_like(noise)

    def three_layers(x, w1, b1, w2, b2, w3, b3):
        h = F.relu(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2))
        return F.linear(h, w3, b3).chunk(2, dim=1)

    mean_z, log_z = three_layers(x, *parameters[:6])
    deviation = log_z.exp()
    mean_x, log_x = three_layers(mean_z + deviation * noise, *parameters[6:])
    likelihood = HALF_LOG_2_PI + log_x + (x - mean_x).square() * (0.5 * (-2 * log_x).exp())
    divergence = 0.5 * (mean_z.square() + deviation.square()) - log_z - 0.5
    return (likelihood.sum() + divergence.sum()) / len(x)


def cascade(parameters, inputs, noisy):
    t1a, b1a, t2a, b2a, t1b, b1b, t2b, b2b = parameters
    x, target, labels = inputs
    h = torch.sin(F.linear(x, t1a, b1a))
    prediction = F.linear(F.dropout(h, 0.2, training=noisy), t2a, b2a)
    z = F.linear(x, t1b)
    mixed = prediction + F.relu(z - z.mean(dim=0) + b1b)
    regression = 0.5 * (prediction - target).square().sum() / len(x)
    return regression + F.cross_entropy(F.linear(mixed, t2b, b2b), labels)


def mixer(parameters, inputs, noisy):
    w1, b1, w2, b2, w3, b3 = parameters
    x, labels = inputs
    x = x + F.relu(F.linear(x.transpose(1, 2), w1, b1)).transpose(1, 2)
    x = x + F.relu(F.linear(x, w2, b2))
    return F.cross_entropy(F.linear(x.mean(dim=2), w3, b3), labels)


def forecaster(parameters, inputs, noisy):
    x, target = inputs
    series = x.transpose(1, 2)
    trend = F.avg_pool1d(F.pad(series, (12, 12), mode="replicate"), 25, stride=1)

    def two_layers(x, w1, b1, w2, b2):
        return F.linear(F.relu(F.linear(x, w1, b1)), w2, b2)

    forecast = two_layers(trend, *parameters[:4]) + two_layers(series - trend, *parameters[4:])
    return F.mse_loss(forecast.transpose(1, 2), target)


def deep_perceptron(parameters, inputs, noisy):
    h, labels = inputs
    layers = len(parameters) // 3
    for layer in range(layers):
        v, g, b = parameters[3 * layer : 3 * layer + 3]
        if layer < 5:
            h = F.dropout(h, 0.2, training=noisy)
        # The columns are scaled, not the weight: the same numbers, and a pass over the weight less.
        h = F.linear(h, v) * (g / torch.linalg.vector_norm(v, dim=1)) + b
        if layer + 1 < layers:
            h = F.relu(h)
    return F.cross_entropy(h, labels)


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
