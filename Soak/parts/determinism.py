"""The same configuration, seed, machine and number of threads give the same bits, whatever the load.

Each network is trained once, then again: as before, and with a process burning on each core. All that
a run measures and keeps has to be the same bytes: `metrics.jsonl`, and weights, optimiser and state of the last
checkpoint. What differs between one thread and two, and between instruction sets, is measured and not judged.
"""

import array
import dataclasses
import hashlib
import json
import os
import shutil
import struct
from pathlib import Path

from trials import Context, Findings, Row, busy_cores, drawn_images

THREADS = (1, 2)
REPEATS = 4


@dataclasses.dataclass
class Network:
    """What is trained, and for how many steps."""

    name: str
    words: list[str]
    steps: int
    has_images: bool = False


def networks() -> list[Network]:
    digits = ["--set", "drawn_train=4000", "--set", "drawn_test=500"]
    resnet = [
        "pathmnist-resnet18", "--set", "network=resnet20", "--set", "size=28", "--batch-size", "64",
        "--set", "augment=flip,turn,crop4:reflect,jitter0.2:0.2:0.1:0.02,erase0.2,mixup0.2",
    ]
    return [
        Network("perceptron", ["mnist-mlp", *digits, "--set", "hidden=512", "--batch-size", "200"], 200),
        Network("vae-2d", ["vae-2d", "--set", "samples_per_epoch=51200", "--set", "evaluation_points=500",
                           "--set", "evaluation_draws=1", "--set", "snapshot_every=1000000"], 300),
        Network("mixer", ["mixer", *digits, "--batch-size", "200"], 100),
        Network("ResNet-20 with augmentation", resnet, 40, has_images=True),
        Network("ResNet-20 with augmentation, bfloat16", [*resnet, "--precision", "bfloat16"], 40, has_images=True),
    ]


@dataclasses.dataclass
class Trained:
    """What a run left."""

    folder: Path
    digests: dict[str, str]

    @property
    def losses(self) -> list[float]:
        rows = [json.loads(line) for line in (self.folder / "metrics.jsonl").read_text().splitlines()]
        return [row["loss"] for row in rows if "loss" in row]

    @property
    def weights(self) -> dict[str, array.array]:
        return read_weights(newest_checkpoint(self.folder) / "model.safetensors")


def run(context: Context) -> Findings:
    findings = Findings(
        title="Determinism",
        said=[
            "Each network is trained, then again and again, half of the times with a process burning on each core; "
            "the log of its metrics and the last checkpoint (weights, optimiser, state) have to be the same bytes.",
            "With another number of threads, or another instruction set, convolutions and products may take their sums "
            "in another order, and the runs drift apart, the more the longer they are: given are the root mean square "
            "of the differences of all weights relative to that of the weights, and the relative difference of the "
            "last loss.",
        ])
    repeats = context.count(REPEATS)
    images = drawn_images(context, count=1500)
    cores = len(os.sched_getaffinity(0))
    for network in networks():
        first = {}
        for threads in THREADS:
            if threads > cores:
                continue
            first[threads] = train(context, network, images, threads, "first")
            differing = []
            for repeat in range(repeats):
                same = train(context, network, images, threads, "again")
                with busy_cores(cores):
                    loaded = train(context, network, images, threads, "again-under-load")
                differing += [
                    f"{state} {repeat + 1}: {', '.join(different)}"
                    for state, other in (("as before", same), ("under load", loaded))
                    if (different := differences(first[threads], other))
                ]
            remark = f"first differing: {differing[0]}" if differing else ""
            findings.rows.append(
                Row(f"{network.name}, {threads} thread{'s' if threads > 1 else ''}: the same bytes, half of them under "
                    "load", 2 * repeats, len(differing), remark))
        if len(first) == 2:
            findings.rows.append(
                Row(f"{network.name}: 1 thread against 2 after {steps(context, network)} steps", 1, 0,
                    distance(first[1], first[2])))
        narrow = train(context, network, images, 1, "narrow", {"ONEDNN_MAX_CPU_ISA": "AVX2"})
        findings.rows.append(
            Row(f"{network.name}: oneDNN as on a machine without AVX-512, 1 thread", 1, 0,
                distance(first[1], narrow)))
    return findings


def steps(context: Context, network: Network) -> int:
    """Fewer where there is little time, but more than one epoch's worth of some."""
    return network.steps if context.scale >= 0.2 else max(10, network.steps // 5)


def train(
    context: Context, network: Network, images: Path, threads: int, name: str, environment: dict[str, str] = {}
) -> Trained:
    folder = context.output / "-".join([*"".join(c if c.isalnum() else " " for c in network.name).split(),
                                        str(threads), name])
    shutil.rmtree(folder, ignore_errors=True)
    data = ["--data-dir", images] if network.has_images else []
    done = context.run(
        "train", *network.words, "--steps", steps(context, network), "--threads", threads, "--seed", 3, "--quiet",
        "--output", folder, *data, env=os.environ | environment, timeout=1200)
    if done.returncode != 0:
        raise RuntimeError(f"{network.name}: adjoint train ended with {done.returncode}: {done.stderr}")
    checkpoint = newest_checkpoint(folder)
    files = [folder / "metrics.jsonl", *sorted(checkpoint.iterdir())]
    return Trained(folder, {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files})


def newest_checkpoint(folder: Path) -> Path:
    return max(path for path in (folder / "checkpoints").iterdir() if path.name.startswith("step-"))


def differences(one: Trained, other: Trained) -> list[str]:
    """The files that are not the same bytes."""
    names = sorted(one.digests.keys() | other.digests.keys())
    return [name for name in names if one.digests.get(name) != other.digests.get(name)]


def distance(one: Trained, other: Trained) -> str:
    """How far two runs are from one another, in words."""
    if not differences(one, other):
        return "the same bytes"
    mine, theirs = one.weights, other.weights
    apart = sum((x - y) ** 2 for name in mine for x, y in zip(mine[name], theirs[name]))
    size = sum(x * x for values in mine.values() for x in values)
    losses = list(zip(one.losses, other.losses))
    differing = next((step + 1 for step, (a, b) in enumerate(losses) if a != b), None)
    since = f"losses differ from step {differing} on" if differing else "no loss differs"
    a, b = losses[-1]
    return f"weights differ by {(apart / size) ** 0.5:.1e}, the last loss by {abs(a - b) / abs(a):.1e}; {since}"


def read_weights(file: Path) -> dict[str, array.array]:
    """The tensors of a safetensors file of float32 or float64, flat."""
    raw = file.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8:8 + length])
    codes = {"F32": "f", "F64": "d"}
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = array.array(codes[entry["dtype"]], raw[begin:end])
    return tensors
