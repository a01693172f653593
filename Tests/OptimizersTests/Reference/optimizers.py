"""Writes optimizers.json and schedules.json: PyTorch's optimisers, clipping and schedules, step by step.

    python optimizers.py        (needs torch and numpy; torch's version is written into the files)

optimizers.json
    "shapes"      those of the two parameters
    "gradients"   one list per step, of two gradients, for parameters of 17 and of 3 x 5 elements
    "initial"     the two parameters before the first step
    "cases"       {"name", "dtype", "attributes", "steps"}: `steps` holds both parameters after each
                  step
    "groups"      cases whose second parameter is in a group of its own, with "groupRate" and "groupDecay",
                  and whose rates are halved after four steps
    "clipping"    {"name", "dtype", "attributes", "inputs", "norm", "outputs"}; `norm` is null for
                  clipping by value
schedules.json
    "cases"       {"name", "attributes", "base", "rates"}: `rates` are the learning rates of the first thirty
                  steps; reducing on a plateau also has the "losses" reported after each of them

Gradients and initial values have three decimals, so that they are the same numbers in both precisions.
"""

import json
import math
import pathlib

import numpy as np
import torch
from torch.optim import lr_scheduler

RANDOM = np.random.RandomState(3)
DTYPES = {"float64": torch.float64, "float32": torch.float32}
SHAPES = [(17,), (3, 5)]
STEPS = 8
SCHEDULE_STEPS = 30
HERE = pathlib.Path(__file__).parent

INITIAL = [np.round(RANDOM.randn(*shape), 3) for shape in SHAPES]
GRADIENTS = [[np.round(RANDOM.randn(*shape), 3) for shape in SHAPES] for _ in range(STEPS)]

OPTIMIZERS = [
    ("sgd", torch.optim.SGD, {"lr": 0.1}),
    ("sgd", torch.optim.SGD, {"lr": 0.01, "weight_decay": 0.05}),
    ("sgd", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}),
    ("sgd", torch.optim.SGD, {"lr": 0.02, "momentum": 0.5, "weight_decay": 0.1}),
    ("sgd", torch.optim.SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    ("sgd", torch.optim.SGD, {"lr": 0.02, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    ("adam", torch.optim.Adam, {"lr": 0.001}),
    ("adam", torch.optim.Adam, {"lr": 0.05, "betas": [0.5, 0.9], "eps": 1e-6, "weight_decay": 0.1}),
    ("adamw", torch.optim.AdamW, {"lr": 0.001, "weight_decay": 0.01}),
    (
        "adamw",
        torch.optim.AdamW,
        {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-6, "weight_decay": 0.2},
    ),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.01}),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.02, "alpha": 0.9, "eps": 1e-6, "weight_decay": 0.1}),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.01, "alpha": 0.95, "momentum": 0.9}),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.01, "momentum": 0.5, "centered": True}),
    ("adagrad", torch.optim.Adagrad, {"lr": 0.01}),
    (
        "adagrad",
        torch.optim.Adagrad,
        {"lr": 0.1, "lr_decay": 0.05, "weight_decay": 0.1, "eps": 1e-6},
    ),
    ("adagrad", torch.optim.Adagrad, {"lr": 0.1, "initial_accumulator_value": 0.1}),
]

# One for each optimiser: its settings, the rate and the decay of the second parameter's group.
GROUPS = [
    ("sgd", torch.optim.SGD, {"lr": 0.02, "momentum": 0.9, "weight_decay": 0.1}, 0.002, 0.0),
    ("sgd", torch.optim.SGD, {"lr": 0.02}, 0.1, 0.05),
    ("adam", torch.optim.Adam, {"lr": 0.01, "weight_decay": 0.1}, 0.03, 0.0),
    ("adamw", torch.optim.AdamW, {"lr": 0.01, "weight_decay": 0.2}, 0.001, 0.5),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.1}, 0.02, 0.0),
    ("rmsprop", torch.optim.RMSprop, {"lr": 0.01}, 0.005, 0.3),
    ("adagrad", torch.optim.Adagrad, {"lr": 0.1, "lr_decay": 0.05}, 0.05, 0.2),
]

# What PyTorch calls its settings, and what they are called here.
NAMES = {
    "lr": "learningRate",
    "momentum": "momentum",
    "nesterov": "nesterov",
    "weight_decay": "weightDecay",
    "eps": "epsilon",
    "alpha": "alpha",
    "centered": "centered",
    "lr_decay": "learningRateDecay",
    "initial_accumulator_value": "initialAccumulator",
}


def written(value, dtype):
    text = repr(float(value)) if dtype == "float64" else str(np.float32(value))
    assert math.isfinite(float(text)), text
    if dtype == "float32":
        assert np.float32(float(text)) == np.float32(text) == np.float32(value), text
    return text


def array_text(array, dtype):
    return "[" + ",".join(written(v, dtype) for v in np.asarray(array).reshape(-1)) + "]"


def arrays_text(arrays, dtype):
    return "[" + ",".join(array_text(a, dtype) for a in arrays) + "]"


def compact(value):
    return json.dumps(value, separators=(",", ":"))


def attributes(settings):
    named = {NAMES[key]: value for key, value in settings.items() if key in NAMES}
    if "betas" in settings:
        named["beta1"], named["beta2"] = settings["betas"]
    return named


def optimizer_case(name, kind, settings, dtype):
    parameters = [torch.tensor(v, dtype=DTYPES[dtype], requires_grad=True) for v in INITIAL]
    optimizer = kind(parameters, foreach=False, **settings)
    steps = []
    for gradients in GRADIENTS:
        for parameter, gradient in zip(parameters, gradients):
            parameter.grad = torch.tensor(gradient, dtype=DTYPES[dtype])
        optimizer.step()
        steps.append(arrays_text([p.detach().numpy() for p in parameters], dtype))
    # The settings that were left alone are part of the case: its reader need not know PyTorch's defaults.
    named = attributes({k: v for k, v in optimizer.defaults.items() if k in NAMES or k == "betas"})
    return (
        f'{{"name":"{name}","dtype":"{dtype}","attributes":{compact(named)},'
        f'"steps":[{",".join(steps)}]}}'
    )


def group_case(name, kind, settings, rate, decay, dtype):
    first, second = (
        torch.tensor(v, dtype=DTYPES[dtype], requires_grad=True) for v in INITIAL
    )
    optimizer = kind(
        [{"params": [first]}, {"params": [second], "lr": rate, "weight_decay": decay}],
        foreach=False,
        **settings,
    )
    steps = []
    for number, gradients in enumerate(GRADIENTS):
        if number == 4:
            for group in optimizer.param_groups:
                group["lr"] /= 2
        for parameter, gradient in zip((first, second), gradients):
            parameter.grad = torch.tensor(gradient, dtype=DTYPES[dtype])
        optimizer.step()
        steps.append(arrays_text([p.detach().numpy() for p in (first, second)], dtype))
    named = attributes({k: v for k, v in optimizer.defaults.items() if k in NAMES or k == "betas"})
    named |= {"groupRate": rate, "groupDecay": decay}
    return (
        f'{{"name":"{name}","dtype":"{dtype}","attributes":{compact(named)},'
        f'"steps":[{",".join(steps)}]}}'
    )


def clipping_case(name, setting, limit, scale, dtype):
    inputs = [np.round(g * scale, 3) for g in GRADIENTS[0]]
    parameters = [torch.zeros(shape, dtype=DTYPES[dtype], requires_grad=True) for shape in SHAPES]
    for parameter, gradient in zip(parameters, inputs):
        parameter.grad = torch.tensor(gradient, dtype=DTYPES[dtype])
    if name == "clip-by-norm":
        norm = torch.nn.utils.clip_grad_norm_(parameters, limit)
        norm = written(norm.item(), dtype)
    else:
        torch.nn.utils.clip_grad_value_(parameters, limit)
        norm = "null"
    outputs = [p.grad.numpy() for p in parameters]
    return (
        f'{{"name":"{name}","dtype":"{dtype}","attributes":{compact({setting: limit})},'
        f'"inputs":{arrays_text(inputs, dtype)},"norm":{norm},"outputs":{arrays_text(outputs, dtype)}}}'
    )


def write_optimizers():
    cases = [optimizer_case(*row, dtype) for row in OPTIMIZERS for dtype in DTYPES]
    groups = [group_case(*row, dtype) for row in GROUPS for dtype in DTYPES]
    clipping = [
        clipping_case(name, setting, limit, scale, dtype)
        for name, setting, limits in [
            ("clip-by-norm", "maximumNorm", (1.0, 100.0)),
            ("clip-by-value", "maximumValue", (0.5, 100.0)),
        ]
        for limit in limits
        for scale in (1, 7)
        for dtype in DTYPES
    ]
    gradients = ",\n".join(arrays_text(step, "float64") for step in GRADIENTS)
    write(
        "optimizers.json",
        f'"shapes":{compact(SHAPES)},\n"initial":{arrays_text(INITIAL, "float64")},\n'
        f'"gradients":[\n{gradients}\n],\n'
        + '"cases":[\n'
        + ",\n".join(cases)
        + '\n],\n"groups":[\n'
        + ",\n".join(groups)
        + '\n],\n"clipping":[\n'
        + ",\n".join(clipping)
        + "\n]",
    )


def rates(base, make, losses=None):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=base)
    scheduler = make(optimizer)
    values = []
    for step in range(SCHEDULE_STEPS):
        values.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if losses is not None:
            scheduler.step(losses[step])
        elif step + 1 < SCHEDULE_STEPS:
            scheduler.step()
    return values


def schedule_case(name, base, named, make, losses=None):
    extra = "" if losses is None else f'"losses":{compact(losses)},'
    values = array_text(rates(base, make, losses), "float64")
    return (
        f'{{"name":"{name}","attributes":{compact(named)},"base":{base},{extra}"rates":{values}}}'
    )


def write_schedules():
    cases = []
    for base, size, gamma in [(0.1, 10, 0.1), (0.05, 7, 0.5), (1.0, 1, 0.9)]:
        cases.append(
            schedule_case(
                "step",
                base,
                {"every": size, "factor": gamma},
                lambda o, s=size, g=gamma: lr_scheduler.StepLR(o, s, g),
            )
        )
    for base, milestones, gamma in [(0.1, [5, 20], 0.1), (0.3, [1, 2, 17, 29], 0.5)]:
        cases.append(
            schedule_case(
                "multi-step",
                base,
                {"milestones": milestones, "factor": gamma},
                lambda o, m=milestones, g=gamma: lr_scheduler.MultiStepLR(o, m, g),
            )
        )
    for base, gamma in [(0.1, 0.95), (0.001, 0.5)]:
        cases.append(
            schedule_case(
                "exponential",
                base,
                {"factor": gamma},
                lambda o, g=gamma: lr_scheduler.ExponentialLR(o, g),
            )
        )
    for base, period, minimum in [(0.1, 30, 0.0), (0.1, 29, 0.001), (0.5, 40, 0.05)]:
        cases.append(
            schedule_case(
                "cosine",
                base,
                {"steps": period, "minimum": minimum},
                lambda o, p=period, m=minimum: lr_scheduler.CosineAnnealingLR(o, p, m),
            )
        )
    for base, start, end, steps in [
        (0.1, 0.1, 1.0, 10),
        (0.02, 1 / 3, 1.0, 5),
        (0.1, 1.0, 0.25, 25),
    ]:
        cases.append(
            schedule_case(
                "linear",
                base,
                {"startFactor": start, "endFactor": end, "steps": steps},
                lambda o, s=start, e=end, n=steps: lr_scheduler.LinearLR(o, s, e, n),
            )
        )
    for base, warmup, start, total, minimum in [(0.1, 5, 0.01, 30, 0.0), (0.4, 8, 0.25, 36, 0.001)]:
        cases.append(
            schedule_case(
                "warmup-cosine",
                base,
                {"warmup": warmup, "startFactor": start, "steps": total, "minimum": minimum},
                lambda o, w=warmup, s=start, t=total, m=minimum: lr_scheduler.SequentialLR(
                    o,
                    [
                        lr_scheduler.LinearLR(o, s, 1.0, w),
                        lr_scheduler.CosineAnnealingLR(o, t - w, m),
                    ],
                    [w],
                ),
            )
        )
    for peak, total, rising, initial, final in [
        (0.1, 30, 0.3, 25.0, 1e4),
        (0.02, 30, 0.5, 10.0, 100.0),
        (1.0, 40, 0.25, 4.0, 50.0),
    ]:
        named = {
            "maximum": peak,
            "steps": total,
            "risingFraction": rising,
            "initialDivisor": initial,
            "finalDivisor": final,
        }
        cases.append(
            schedule_case(
                "one-cycle",
                peak,
                named,
                lambda o, p=peak, n=total, r=rising, i=initial, f=final: lr_scheduler.OneCycleLR(
                    o,
                    p,
                    total_steps=n,
                    pct_start=r,
                    div_factor=i,
                    final_div_factor=f,
                    cycle_momentum=False,
                ),
            )
        )
    falling = [round(2.0 * 0.9**step, 3) for step in range(8)]
    flat = falling + [round(0.95 + 0.01 * (step % 3), 3) for step in range(SCHEDULE_STEPS - 8)]
    slow = [round(1.0 - 0.00005 * step, 5) for step in range(SCHEDULE_STEPS)]
    noisy = [round(float(v), 3) for v in RANDOM.uniform(0.5, 1.5, size=SCHEDULE_STEPS)]
    for losses, factor, patience, threshold, cooldown, minimum in [
        (flat, 0.1, 3, 1e-4, 0, 0.0),
        (slow, 0.5, 2, 1e-3, 4, 0.0),
        (noisy, 0.5, 2, 1e-4, 1, 0.02),
    ]:
        named = {
            "factor": factor,
            "patience": patience,
            "threshold": threshold,
            "cooldown": cooldown,
            "minimum": minimum,
        }
        cases.append(
            schedule_case(
                "reduce-on-plateau",
                0.1,
                named,
                lambda o, f=factor, p=patience, t=threshold, c=cooldown, m=minimum: lr_scheduler.ReduceLROnPlateau(
                    o, factor=f, patience=p, threshold=t, cooldown=c, min_lr=m
                ),
                losses,
            )
        )
    write("schedules.json", '"cases":[\n' + ",\n".join(cases) + "\n]")


def write(name, body):
    text = f'{{"source":"PyTorch {torch.__version__.split("+")[0]}",\n{body}}}\n'
    json.loads(text)
    (HERE / name).write_text(text)
    print(f"{name}: {len(text) / 1024:.0f} KB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    write_optimizers()
    write_schedules()
