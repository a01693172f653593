"""Numbers that no training survives, or that none should be given: rates that explode, labels that no class has, classes
without an image, images that are all the same, batches of one.

Each trial is a small training on drawn images whose settings or file were changed. It has to refuse with the words that
say what and where, or to train on with finite numbers; where it stops half-way, the newest checkpoint has to be of
weights that can be used.
"""

import json
import math
import random
import re
import shutil
import struct
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

from runs import damage, newest_step
from trials import Context, Findings, Row, drawn_images

RATES = ["10", "1e2", "1e3", "1e4", "1e5", "1e6"]
NETWORKS = {
    "perceptron": ["mnist-mlp", "--set", "drawn_train=320", "--set", "drawn_test=100", "--set", "hidden=16"],
    "autoencoder": ["vae-2d", "--set", "hidden=32", "--set", "batch_size=128", "--set", "samples_per_epoch=2560",
                    "--set", "evaluation_points=500", "--set", "evaluation_draws=2"],
    "residual network": ["pathmnist-resnet18", "--set", "network=resnet20", "--set", "size=28", "--set", "batch_size=16"],
}
PLACE = r"step \d+ \(epoch \d+, batch \d+\)"
# What the step made of the weights or of running statistics shows after it.
LOST = rf"\d+ of \d+ elements of [\w.]+ of shape \S.* became NaN or infinite at {PLACE}"
# A loss that is measured may be lost though all weights are numbers.
MEASURED = rf"the [\w ]*(loss|mse) is \S+ after step \d+( \(epoch \d+, batch \d+\))?"
EXPLODED = re.compile(rf"the loss became \S+ at {PLACE}|{LOST}|{MEASURED}")
OPERATION = re.compile(
    rf"{PLACE}: .*operation \w+( in layer [\w.]+ \(\w+\))? made \d+ of \d+ elements|{LOST}|{MEASURED}")
CLASSES = 9


def run(context: Context) -> Findings:
    images = drawn_images(context, 120)
    drawn = random.Random(context.seed)
    labels = Trials(context, "labels that no class has, in a file")
    for _ in range(context.count(20)):
        part = drawn.choice(["train", "val", "test"])
        folder = labels.copied(images)
        row, label = set_label(folder, part, drawn, drawn.randrange(CLASSES, 256))
        said = labels.refused(folder, 65)
        labels.hold(f"{part}_labels" in said and f"row {row}: " in said and f"found {label}" in said, said)
    empty = Trials(context, "a class without an image")
    for number in range(CLASSES)[:context.count(CLASSES)]:
        folder = empty.copied(images)
        merge_class(folder, number)
        empty.hold(f"no image is of class {number} " in empty.trained(folder), f"class {number}: no warning")
    same = Trials(context, "images that are all the same")
    for value in [0, 128, 255][:context.count(3)]:
        folder = same.copied(images)
        change(folder, "_images", lambda body, value=value: bytes([value]) * len(body))
        same.trained(folder)
    return Findings(
        title="Numbers",
        said=[
            "Trainings that cannot go well, or only just. Rates that explode: an error that names the step or the tensor, or the "
            "loss that was measured, "
            "with `--check-finite` the first operation and its layer, and a newest checkpoint that `adjoint evaluate` takes; or "
            "a training that ends with finite numbers. Settings and files: an error that names the setting, or the member of the "
            "file and the row, or a warning that names the class. That a batch of one is refused by batch normalisation, by the "
            "name of its layer, and what `--check-finite` says of each operation, is in the tests of those.",
        ],
        rows=[*(explode(context, images, name) for name in NETWORKS), settings(context, images),
              *(trials.row() for trials in (labels, empty, same))])


class Trials:
    """Trainings on changed files, and what was wrong with them."""

    def __init__(self, context: Context, what: str):
        self.context, self.what = context, what
        self.tried, self.trouble = 0, []
        self.place = context.output / "changed"

    def copied(self, images: Path) -> Path:
        """The data folder of one more trial, to be changed."""
        self.tried += 1
        shutil.rmtree(self.place, ignore_errors=True)
        return Path(shutil.copytree(images, self.place))

    def hold(self, holds: bool, said: str) -> None:
        if not holds:
            self.trouble.append(said)
            print(f"soak: odd_numbers: {self.what}: {said}", flush=True)

    def train(self, *words) -> tuple[int, str, Path]:
        folder = self.context.output / "run"
        shutil.rmtree(folder, ignore_errors=True)
        ended = self.run("train", *words, "--output", folder, "--epochs", 2, "--json")
        return ended.returncode, ended.stderr + ended.stdout, folder

    def run(self, *words) -> subprocess.CompletedProcess:
        return self.context.run(*words, timeout=120)

    def on(self, folder: Path) -> list:
        return [*NETWORKS["residual network"], "--data-dir", folder]

    def refused(self, folder: Path, code: int) -> str:
        status, said, run = self.train(*self.on(folder))
        self.hold(status == code and not run.exists(), f"exit {status}: {said}")
        return said

    def trained(self, folder: Path) -> str:
        status, said, _ = self.train(*self.on(folder))
        self.hold(status == 0 and is_finite(said), f"exit {status}: {said}")
        return said

    def row(self, remark: str = "") -> Row:
        return Row(self.what, self.tried, len(self.trouble), remark)


def explode(context: Context, images: Path, name: str) -> Row:
    """Rates from large to absurd, with and without a look at every operation."""
    trials = Trials(context, f"{name}: rates that explode")
    refused = 0
    for rate in RATES[:context.count(len(RATES))]:
        for checks in ([], ["--check-finite"]):
            trials.tried += 1
            data = ["--data-dir", images] if name == "residual network" else []
            status, said, run = trials.train(*NETWORKS[name], *data, "--learning-rate", rate, *checks)
            if status == 0:
                trials.hold(is_finite(said), f"rate {rate}: {said}")
                continue
            refused += 1
            words = OPERATION if checks else EXPLODED
            trials.hold(status == 65 and words.search(said) is not None, f"rate {rate} {checks}: exit {status}: {said}")
            evaluated = trials.run("evaluate", run, *data)
            whole = newest_step(run) is not None and damage(run) is None and evaluated.returncode == 0
            trials.hold(whole, f"rate {rate}: its checkpoint: {evaluated.stderr}")
    return trials.row(f"{refused} stopped, {trials.tried - refused} ended with finite numbers")


def settings(context: Context, images: Path) -> Row:
    """Settings that are no numbers, out of range, or a batch of one where normalisation needs two."""
    trials = Trials(context, "settings that are no numbers or out of range")
    wrong = [("learning_rate", value) for value in ("nan", "inf", "-1", "1e12", "1e999")]
    wrong += [("batch_size", value) for value in ("1", "0", "-5", "9223372036854775808")]
    for key, value in wrong[:context.count(len(wrong))]:
        trials.tried += 1
        status, said, run = trials.train(*trials.on(images), "--set", f"{key}={value}")
        trials.hold(status == 64 and key in said and not run.exists(), f"{key}={value}: exit {status}: {said}")
    return trials.row()


def is_finite(said: str) -> bool:
    """Whether all metrics of the object that ends the output are numbers."""
    metrics = json.loads(said.splitlines()[-1])["metrics"]
    return len(metrics) > 0 and all(isinstance(value, (int, float)) and math.isfinite(value) for value in metrics.values())


def change(folder: Path, ending: str, make: Callable[[bytes], bytes]) -> None:
    """Gives the arrays of the data file whose names end so other elements."""
    file = folder / "medmnist" / "pathmnist.npz"
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, data in members.items():
            if name.removesuffix(".npy").endswith(ending):
                # NumPy's file: six bytes, a version, the length of the header, the header.
                header = 10 + struct.unpack_from("<H", data, 8)[0]
                data = data[:header] + make(data[header:])
            archive.writestr(name, data)


def set_label(folder: Path, part: str, drawn: random.Random, label: int) -> tuple[int, int]:
    """Gives one row of a part a label; the row and the label."""
    rows = []

    def make(body: bytes) -> bytes:
        rows.append(drawn.randrange(len(body)))
        return body[:rows[0]] + bytes([label]) + body[rows[0] + 1:]

    change(folder, f"{part}_labels", make)
    return rows[0], label


def merge_class(folder: Path, number: int) -> None:
    """Gives the images of a class the next one's label."""
    change(folder, "_labels", lambda body: bytes((x + 1) % CLASSES if x == number else x for x in body))
