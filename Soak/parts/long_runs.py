"""Long runs: memory flat, step time the same at the end as at the beginning, open files and threads constant.

A million steps of a small perceptron and 10,000 of a convolutional network, with logs and checkpoints as `adjoint
train` writes them; the convolutional one also with a weight decay that halves its weights in each step, so that all of
them fade through the denormal numbers, which would slow down every product unless they are flushed to zero.
"""

import dataclasses
import re
import shutil
import statistics
import subprocess
import threading
import time
from pathlib import Path

from trials import Context, Findings, Row, drawn_images

# What a run may gain from a tenth of its steps on: less than a tensor for every hundredth step would come to.
LARGEST_GROWTH_KIB = 4096
# Processor time of a step in the last fifth of a run over that in the second and third tenth.
LARGEST_SLOWING = 1.15
EPOCH_LINE = re.compile(r"^epoch \d+/\d+  step ([\d,]+)  ")


@dataclasses.dataclass
class Sample:
    """What the system says of a process."""

    step: int
    processor_seconds: float
    resident_kib: int
    files: int
    threads: int


@dataclasses.dataclass
class Watched:
    """A run and what was seen of it at the end of each epoch and in between."""

    steps: int
    seconds: float
    samples: list[Sample]

    def between(self, first: float, last: float) -> list[Sample]:
        """The samples of that part of the run, given as parts of its steps."""
        return [s for s in self.samples if first * self.steps <= s.step <= last * self.steps]

    def step_time(self, first: float, last: float) -> float:
        """Milliseconds of processor time for a step in that part of the run."""
        part = by_step(self.between(first, last))
        taken = part[-1].step - part[0].step if part else 0
        return 1000 * (part[-1].processor_seconds - part[0].processor_seconds) / taken if taken else float("nan")


def run(context: Context) -> Findings:
    findings = Findings(
        title="Long runs",
        said=[
            "On one thread, whose processor time is all work. Resident memory, open files, threads and processor time of "
            "the process as the system counts them, sampled five times a second and at the end of each epoch. Growth is "
            f"that from a tenth of the steps to the end of training and may be {LARGEST_GROWTH_KIB / 1024:g} MiB at "
            "most; the report that follows is not part of it. Slowing is the processor time of a step in the last fifth "
            f"over that in the second and third tenth, at most {LARGEST_SLOWING:g}.",
        ])
    million = max(12, context.count(1000))
    perceptron = watch(context, "perceptron", [
        "mnist-mlp", "--set", "drawn_train=16000", "--set", "drawn_test=200", "--epochs", million,
        "--set", f"decay_every={million}", "--threads", 1,
    ])
    findings.rows += judge("mnist-mlp", perceptron)

    images = drawn_images(context, count=900)
    epochs = max(12, context.count(110))
    network = [
        "pathmnist-resnet18", "--data-dir", images, "--set", "network=resnet20", "--set", "size=28", "--batch-size", 8,
        "--threads", 1, "--epochs", epochs, "--set", "schedule=constant", "--set", "best=", "--set", "warmup=0",
    ]
    plain = watch(context, "convolutional", [
        *network, "--set", "augment=flip,crop4:reflect", "--learning-rate", 0.01])
    findings.rows += judge("ResNet-20", plain)
    fading = watch(context, "fading", [
        *network, "--set", "augment=flip,crop4:reflect", "--learning-rate", 0.05, "--set", "momentum=0",
        "--set", "weight_decay=10"])
    findings.rows += judge("ResNet-20, weights fading away", fading)
    ratio = fading.step_time(0.5, 1) / plain.step_time(0.5, 1)
    findings.rows.append(
        Row("ResNet-20: processor time of a step with weights that fade, over that without", 1,
            int(not ratio <= LARGEST_SLOWING), f"{ratio:.2f}"))
    return findings


def watch(context: Context, name: str, words: list) -> Watched:
    """Trains, and samples what the system says of the process until the last epoch is over."""
    folder = context.output / name
    shutil.rmtree(folder, ignore_errors=True)
    process = subprocess.Popen(
        [context.adjoint, *map(str, ["train", *words, "--output", folder])], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    samples: list[Sample] = []
    state = {"step": 0, "ends": False}

    def sample_often():
        while not state["ends"] and process.poll() is None:
            add(samples, process.pid, state["step"])
            time.sleep(0.2)

    sampler = threading.Thread(target=sample_often)
    sampler.start()
    said = []
    began = time.monotonic()
    for line in process.stderr:
        said.append(line)
        if found := EPOCH_LINE.match(line):
            state["step"] = int(found[1].replace(",", ""))
            seconds = time.monotonic() - began
            add(samples, process.pid, state["step"])
    state["ends"] = True
    sampler.join()
    if process.wait() != 0 or state["step"] == 0:
        raise RuntimeError(f"{name}: adjoint train ended with {process.returncode}: {''.join(said[-3:])}")
    # What follows the last epoch, the report, is not part of it.
    end = next(index for index, sample in enumerate(samples) if sample.step == state["step"])
    return Watched(state["step"], seconds, samples[:end + 1])


def add(samples: list[Sample], pid: int, step: int) -> None:
    """Reads what the system says of a process; nothing if it has ended."""
    folder = Path(f"/proc/{pid}")
    try:
        fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
        status = dict(line.split(":", 1) for line in (folder / "status").read_text().splitlines())
        samples.append(Sample(
            step=step, processor_seconds=(int(fields[11]) + int(fields[12])) / 100,
            resident_kib=int(status["VmRSS"].split()[0]), files=len(list((folder / "fd").iterdir())),
            threads=int(status["Threads"])))
    except (OSError, KeyError, ValueError):
        return


def by_step(samples: list[Sample]) -> list[Sample]:
    """The first sample of each step: the one at the end of its epoch."""
    first: dict[int, Sample] = {}
    for sample in samples:
        first.setdefault(sample.step, sample)
    return list(first.values())


def judge(name: str, run: Watched) -> list[Row]:
    rest = run.between(0.1, 1)
    begins, ends = by_step(rest), by_step(run.between(0.9, 1))
    base = begins[0].resident_kib
    growth = max(s.resident_kib for s in rest) - base
    slope = 1024 * slope_of([(s.step, s.resident_kib) for s in rest])
    slowing = run.step_time(0.8, 1) / run.step_time(0.1, 0.3)
    files = statistics.median_low([s.files for s in begins]), statistics.median_low([s.files for s in ends])
    threads = {s.threads for s in rest}
    # The loader's thread comes and goes with each epoch.
    more = max(s.threads for s in run.between(0.9, 1)) > max(s.threads for s in run.between(0.1, 0.2))
    wall = 1000 * run.seconds / run.steps
    return [
        Row(f"{name}: memory after {run.steps:,} steps", 1, int(growth > LARGEST_GROWTH_KIB),
            f"{base / 1024:.1f} MiB, largest growth {growth / 1024:.2f} MiB, slope {slope:+.2f} bytes a step"),
        Row(f"{name}: step time", 1, int(not slowing <= LARGEST_SLOWING),
            f"{wall:.3f} ms with all else; processor time at the end over that at the beginning {slowing:.2f}"),
        Row(f"{name}: open files and threads", 2, int(files[0] != files[1]) + int(more),
            f"{files[0]} files, at most {max(s.files for s in rest)} while a checkpoint is written; "
            f"{' to '.join(map(str, sorted(threads)))} threads"),
    ]


def slope_of(points: list[tuple[int, int]]) -> float:
    """That of the straight line through the points with the least squares."""
    mean_x, mean_y = (statistics.fmean(values) for values in zip(*points))
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0
