"""The workloads in PyTorch.

Modes: `eager` is what everyone writes (nn.Sequential, torch.optim.SGD), with the optimiser's three
implementations; `functional` leaves out the modules and the optimiser object; `compile` compiles model
and loss, `compile-step` the whole step with its update.
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
CHOSEN = measurement.options("torch", MODES)

# The limits on threads above must come first.
import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402

from workloads import WORKLOADS, data  # noqa: E402

torch.set_num_threads(CHOSEN.threads)
torch.set_flush_denormal(True)

workload = WORKLOADS[CHOSEN.workload]
x, labels, initial = data(workload)
x, labels = torch.from_numpy(x), torch.from_numpy(labels)
initial = [torch.from_numpy(p) for p in initial]


def loss_of(w1, b1, w2, b2, x, labels):
    return F.cross_entropy(F.linear(F.relu(F.linear(x, w1, b1)), w2, b2), labels)


def module_step(compiled):
    """nn.Sequential with torch.optim.SGD; returns (step, loss)."""
    model = torch.nn.Sequential(
        torch.nn.Linear(workload.inputs, workload.hidden),
        torch.nn.ReLU(),
        torch.nn.Linear(workload.hidden, workload.classes),
    )
    with torch.no_grad():
        for parameter, value in zip(model.parameters(), initial):
            parameter.copy_(value)
    optimizer = torch.optim.SGD(
        model.parameters(),
        lr=workload.learning_rate,
        momentum=workload.momentum,
        foreach=CHOSEN.mode == "eager-foreach",
        fused=CHOSEN.mode in ("eager-fused", "compile"),
    )
    criterion = torch.nn.CrossEntropyLoss()

    def forward(x, labels):
        return criterion(model(x), labels)

    if compiled:
        forward = torch.compile(forward, fullgraph=True, dynamic=False)

    def step():
        optimizer.zero_grad(set_to_none=True)
        forward(x, labels).backward()
        optimizer.step()

    def loss():
        with torch.no_grad():
            return criterion(model(x), labels).item()

    return step, loss


def functional_step():
    """Bare tensors, autograd.grad, and an update over all of them at once; returns (step, loss)."""
    parameters = [p.clone().requires_grad_(True) for p in initial]
    velocities = [torch.zeros_like(p) for p in initial]

    def step():
        gradients = torch.autograd.grad(loss_of(*parameters, x, labels), parameters)
        with torch.no_grad():
            if workload.momentum:
                torch._foreach_mul_(velocities, workload.momentum)
                torch._foreach_add_(velocities, gradients)
                gradients = velocities
            torch._foreach_add_(parameters, gradients, alpha=-workload.learning_rate)

    def loss():
        with torch.no_grad():
            return loss_of(*parameters, x, labels).item()

    return step, loss


def compiled_step():
    """One graph from the batch to the new parameters; returns (step, loss)."""
    parameters = [p.clone() for p in initial]
    velocities = [torch.zeros_like(p) for p in initial] if workload.momentum else []

    def whole(parameters, velocities, x, labels):
        gradients, value = torch.func.grad_and_value(loss_of, argnums=(0, 1, 2, 3))(
            *parameters, x, labels
        )
        for index, parameter in enumerate(parameters):
            update = gradients[index]
            if velocities:
                update = velocities[index].mul_(workload.momentum).add_(update)
            parameter.sub_(update, alpha=workload.learning_rate)
        return value

    compiled = torch.compile(whole, fullgraph=True, dynamic=False)

    def step():
        with torch.no_grad():
            compiled(parameters, velocities, x, labels)

    def loss():
        with torch.no_grad():
            return loss_of(*parameters, x, labels).item()

    return step, loss


if CHOSEN.mode == "functional":
    step, loss = functional_step()
elif CHOSEN.mode == "compile-step":
    step, loss = compiled_step()
else:
    step, loss = module_step(compiled=CHOSEN.mode == "compile")
measurement.run("torch", torch.__version__, CHOSEN, step, loss)
