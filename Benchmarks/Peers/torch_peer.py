"""The workloads in PyTorch.

Modes: `eager` runs operation by operation with torch.optim, in its three implementations; `functional` updates all
parameters at once without an optimiser object; `compile` compiles the loss, `compile-step` the whole step with
its update.
"""

import measurement

MODES = [
    "eager",
    "eager-foreach",
    "eager-fused",
    "functional",
    "compile",
    "compile-step",
]
CHOSEN = measurement.options("torch", lambda name: MODES)

# The limits on threads above must come first.
import torch  # noqa: E402

from torch_networks import LOSSES  # noqa: E402
from workloads import WORKLOADS, data  # noqa: E402

torch.set_num_threads(CHOSEN.threads)
torch.set_flush_denormal(True)

workload = WORKLOADS[CHOSEN.workload]
loss_of = LOSSES[CHOSEN.workload]
inputs, initial = data(CHOSEN.workload)
inputs = [torch.from_numpy(a) for a in inputs]
parameters = [torch.from_numpy(p) for p in initial]
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def loss():
    with torch.no_grad():
        return loss_of(parameters, inputs, False).item()


def optimizer_step(compiled):
    """torch.optim over leaf tensors."""
    for parameter in parameters:
        parameter.requires_grad_(True)
    kind = torch.optim.Adam if workload.optimizer == "adam" else torch.optim.SGD
    settings = {"momentum": workload.momentum} if workload.optimizer == "sgd" else {}
    optimizer = kind(
        parameters,
        lr=workload.learning_rate,
        foreach=CHOSEN.mode == "eager-foreach",
        fused=CHOSEN.mode in ("eager-fused", "compile"),
        **settings,
    )
    forward = torch.compile(loss_of, fullgraph=True, dynamic=False) if compiled else loss_of

    def step(noisy=True):
        optimizer.zero_grad(set_to_none=True)
        forward(parameters, inputs, noisy).backward()
        optimizer.step()

    return step


def functional_step():
    """Bare tensors, autograd.grad, and an update over all of them at once."""
    for parameter in parameters:
        parameter.requires_grad_(True)
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters] if workload.optimizer == "adam" else None
    count = 0

    def step(noisy=True):
        nonlocal count
        count += 1
        gradients = torch.autograd.grad(loss_of(parameters, inputs, noisy), parameters)
        with torch.no_grad():
            if second is None:
                if workload.momentum:
                    torch._foreach_mul_(first, workload.momentum)
                    torch._foreach_add_(first, gradients)
                    gradients = first
                torch._foreach_add_(parameters, gradients, alpha=-workload.learning_rate)
                return
            torch._foreach_lerp_(first, gradients, 1 - BETA1)
            torch._foreach_mul_(second, BETA2)
            torch._foreach_addcmul_(second, gradients, gradients, 1 - BETA2)
            roots = torch._foreach_sqrt(second)
            torch._foreach_div_(roots, (1 - BETA2**count) ** 0.5)
            torch._foreach_add_(roots, EPSILON)
            size = workload.learning_rate / (1 - BETA1**count)
            torch._foreach_addcdiv_(parameters, first, roots, -size)

    return step


def compiled_step():
    """One graph from the batch to the new parameters."""
    first = [torch.zeros_like(p) for p in parameters]
    second = [torch.zeros_like(p) for p in parameters]
    powers = torch.ones(2)
    betas = torch.tensor([BETA1, BETA2])

    def whole(parameters, first, second, powers, inputs, noisy):
        gradients, value = torch.func.grad_and_value(
            lambda parameters: loss_of(parameters, inputs, noisy)
        )(parameters)
        if workload.optimizer == "adam":
            powers.mul_(betas)
            corrections = 1 - powers
        for index, parameter in enumerate(parameters):
            update = gradients[index]
            if workload.optimizer == "adam":
                mean = first[index].lerp_(update, 1 - BETA1)
                square = second[index].mul_(BETA2).addcmul_(update, update, value=1 - BETA2)
                root = (square / corrections[1]).sqrt() + EPSILON
                parameter.sub_(workload.learning_rate / corrections[0] * mean / root)
                continue
            if workload.momentum:
                update = first[index].mul_(workload.momentum).add_(update)
            parameter.sub_(update, alpha=workload.learning_rate)
        return value

    compiled = torch.compile(whole, fullgraph=True, dynamic=False)

    def step(noisy=True):
        with torch.no_grad():
            compiled(parameters, first, second, powers, inputs, noisy)

    return step


if CHOSEN.mode == "functional":
    step = functional_step()
elif CHOSEN.mode == "compile-step":
    step = compiled_step()
else:
    step = optimizer_step(compiled=CHOSEN.mode == "compile")
measurement.run("torch", torch.__version__, CHOSEN, step, loss)
