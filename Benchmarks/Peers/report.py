"""The text of RESULTS.md."""

import platform
import statistics
import subprocess

from workloads import WORKLOADS

NAMES = {
    "adjoint": "Adjoint",
    "torch": "PyTorch",
    "torch-compiled": "PyTorch compiled",
    "jax": "JAX",
    "numpy": "NumPy",
}
# Our time as a part of a peer's: "best" is the fastest peer of each round.
TARGETS = {
    "mnist-mlp": {"best": 0.5, "torch": 0.2},
    "two-layer": {"best": 0.75},
    "uva-mlp": {"best": 0.68},
    "tiny": {"best": 0.33},
    "vae-2d": {"best": 0.30},
    "cascade": {"best": 0.20},
    "mixer": {"best": 0.25},
    "etth1": {"best": 0.50},
    "deep-mlp": {"best": 0.80},
    "vgg": {"best": 0.75},
    "resnet18": {"best": 0.70},
    "resnet18-bfloat16": {"best": 0.80},
    "resnet18-inference": {"best": 0.85},
    "resnet18-single-inference": {"best": 1.0},
}


def table(header, rows):
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)] + rows
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def spread(values, unit=""):
    """Median, then the least and the greatest of all rounds."""

    def number(value):
        return f"{value:.4f}" if value < 0.1 else f"{value:.3f}" if value < 10 else f"{value:.1f}"

    low, high = min(values), max(values)
    return f"**{number(statistics.median(values))}**{unit} ({number(low)}–{number(high)})"


def ratios(rounds, peer):
    """Our median over the peer's, one for each round."""
    values = []
    for results in rounds:
        others = [r["median_ms"] for name, r in results.items() if name != "adjoint"]
        other = min(others) if peer == "best" else results[peer]["median_ms"]
        values.append(results["adjoint"]["median_ms"] / other)
    return values


def verdict(workload, rounds):
    told = []
    for peer, target in TARGETS[workload].items():
        if peer != "best" and peer not in rounds[0]:
            continue
        met = statistics.median(ratios(rounds, peer)) <= target
        told.append(
            f"≤ {target} of {NAMES.get(peer, 'the best')}: {'met' if met else '**not met**'}"
        )
    return "<br>".join(told)


def way(name, mode, threads):
    if name == "adjoint":
        return f"{threads} threads"
    return f"{mode}, {threads} thread{'' if threads == 1 else 's'}"


def processor():
    """(what is computing, in one line; its caches)"""
    listing = subprocess.run(
        ["lscpu"], capture_output=True, text=True, env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"}
    ).stdout
    fields = dict(
        (part.strip() for part in line.split(":", 1))
        for line in listing.splitlines()
        if ":" in line
    )
    with open("/proc/cpuinfo") as information:
        names = [
            line.split(":", 1)[1].strip() for line in information if line.startswith("model name")
        ]
    name = names[0] if names else platform.machine()
    family = (
        f" (family {fields['CPU family']}, model {fields['Model']})"
        if "CPU family" in fields
        else ""
    )
    flags = fields.get("Flags", "").split()
    vectors = next((v for f, v in [("avx512f", "AVX-512"), ("avx2", "AVX2")] if f in flags), None)
    caches = ", ".join(
        f"{key.removesuffix(' cache')} {fields[key]}" for key in fields if key.endswith(" cache")
    )
    count = fields.get("CPU(s)", "?")
    return f"{name}{family}, {count} processors" + (f", {vectors}" if vectors else ""), caches


def subject(workloads):
    """What was measured, and what everyone agreed on before."""
    told = [
        "One whole training step (forward with the value of the loss, backward, update) on one fixed batch, in float32,",
        "everyone from the same weights. Before anything was timed, all of them computed the same loss at first and after",
        "ten updates, to one part in ten thousand.",
    ]
    for workload in workloads:
        if workload.endswith("-bfloat16"):
            told.append(
                f"The images of `{workload}` are in bfloat16; there the losses agree to two in a hundred."
            )
        if workload.endswith("-inference"):
            told.append(f"`{workload}` is the forward pass alone.")
    return "\n".join(told)


def render(measured, ways, threads, seconds, load, busy, date, command, sections):
    workloads = list(measured)
    names = [n for n in NAMES if any(n in rounds[0] for rounds in measured.values())]
    peers = [n for n in names if n != "adjoint"]
    rounds = len(measured[workloads[0]])
    first = {n: r[0][n] for r in measured.values() for n in r[0]}
    name, caches = processor()

    def cell(workload, contestant, text):
        """Not everyone has every network."""
        return text() if contestant == "best" or contestant in measured[workload][0] else "–"

    times = table(
        ["one training step, ms"] + [NAMES[n] for n in names],
        [
            [f"`{w}`<br>{WORKLOADS[w].description}"]
            + [cell(w, n, lambda: spread([r[n]["median_ms"] for r in measured[w]])) for n in names]
            for w in workloads
        ],
    )
    shares = table(
        ["Adjoint's time as a part of"] + ["the best"] + [NAMES[p] for p in peers] + ["target"],
        [
            [f"`{w}`"]
            + [cell(w, p, lambda: spread(ratios(measured[w], p))) for p in ["best"] + peers]
            + [verdict(w, measured[w])]
            for w in workloads
        ],
    )
    memory = table(
        ["peak resident memory, MB"] + [NAMES[n] for n in names],
        [
            [f"`{w}`"]
            + [cell(w, n, lambda: f"{max(r[n]['peak_resident_bytes'] for r in measured[w]) / 1e6:.0f}") for n in names]
            for w in workloads
        ],
    )
    chosen_ways = table(
        ["how each ran"] + [NAMES[n] for n in names],
        [[f"`{w}`"] + [cell(w, n, lambda: way(n, *ways[n][w])) for n in names] for w in workloads],
    )
    versions = ", ".join(
        f"{NAMES[n]} {first[n]['version']}"
        for n in names
        if n != "torch-compiled" or "torch" not in names
    )
    warning = (
        "\n> The machine was busy when this was measured: take the figures with care.\n"
        if busy
        else ""
    )
    parts = [f"""# Adjoint beside its peers

{subject(workloads)}
`make bench-peers` writes such a file; the command of this one is at its end.
{warning}
## Time

Median of {rounds} rounds, each the median of all steps in {seconds:g} s; in parentheses the fastest and the slowest round.

{times}

## Ratio

Below 1, Adjoint is faster. Taken within each round; the median over the rounds, then the least and the greatest.
"The best" is whoever of the peers was fastest in that round.

{shares}

## Memory

The most that the whole process ever had in memory, libraries and all, over the rounds.

{memory}

## Circumstances

- Processor: {name}; {caches}
- Threads: {threads} at most, all on the same {threads} processors
- Versions: {versions}; Python {platform.python_version()}; Linux {platform.release().split('-')[0]}
- Date: {date}; load average at the start: {load[0]:.2f}, {load[1]:.2f}, {load[2]:.2f}
- Command: `{command}`

Every peer ran in the mode and with the number of threads (all or one) that was fastest for it, found by
trying them all first:

{chosen_ways}
"""]
    return "\n".join(parts + [section.strip() + "\n" for section in sections])
