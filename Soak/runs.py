"""What kills, disk trouble and interruption share: small runs, and what has to hold of a run's folder."""

import dataclasses
import hashlib
import json
import os
import subprocess
from pathlib import Path

from eventfiles import events
from trials import Context


@dataclasses.dataclass
class Network:
    """A small run of an experiment, that saves as often as it can."""

    name: str
    words: list[str]
    threads: int
    # How far a kill moves on from one start to the next, in calls: a large network writes in more of them.
    stride: int = 1

    def fresh(self, run: Path) -> list[str]:
        """The words that begin it."""
        return ["train", *self.words, "--output", str(run), *self._manner]

    def resumed(self, run: Path) -> list[str]:
        """The words that go on with it."""
        return ["train", self.words[0], "--resume", str(run), *self._data, *self._manner]

    def next(self, run: Path) -> list[str]:
        """The words for whichever is due: what holds a configuration is a run."""
        return self.resumed(run) if (run / "configuration.json").exists() else self.fresh(run)

    @property
    def _data(self) -> list[str]:
        return self.words[self.words.index("--data-dir"):][:2] if "--data-dir" in self.words else []

    @property
    def _manner(self) -> list[str]:
        return [
            "--quiet", "--threads", str(self.threads), "--save-every", "0", "--wait-for-disk", "0",
            "--track", "everything"]


def settings(**values) -> list[str]:
    """`--set` for each."""
    return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]


def perceptron(epochs: int = 12) -> Network:
    """784-16-10 on drawn digits."""
    return Network(
        "perceptron", ["mnist-mlp", *settings(drawn_train=320, drawn_test=100, hidden=16, epochs=epochs)], 1)


def autoencoder(epochs: int = 12) -> Network:
    """The autoencoder of points in the plane, with its pictures of samples."""
    return Network("autoencoder", ["vae-2d", *settings(
        hidden=32, batch_size=128, samples_per_epoch=2560, epochs=epochs, evaluation_points=500, evaluation_draws=2,
        snapshot_every=2)], min(2, len(os.sched_getaffinity(0))), 3)


def residual_network(context: Context, epochs: int = 6) -> Network:
    """ResNet-20 with augmentation, prefetched batches, averaged weights and the best epoch kept, on drawn images."""
    data = context.output / "data"
    if not data.exists():
        data.mkdir()
        context.run("data", "synthesize", "pathmnist", "--size", 28, "--count", 120, "--output", data, check=True)
    return Network("residual network", [
        "cifar10-resnet", "--data-dir", str(data), "--batch-size", "16",
        *settings(data="pathmnist", size=28, epochs=epochs, average=0.9, best="validation_accuracy")],
        min(2, len(os.sched_getaffinity(0))), 37)


def newest_step(run: Path) -> int | None:
    """The step of the newest checkpoint; None where there is none."""
    names = [file.name.removeprefix(".replaced-") for file in (run / "checkpoints").glob("*")]
    return max((int(name[5:]) for name in names if name.startswith("step-")), default=None)


def damage(run: Path) -> str | None:
    """What is wrong with the newest checkpoint, held against its manifest; None where it is whole or there is none."""
    step = newest_step(run)
    if step is None:
        return None
    folder = run / "checkpoints" / f"step-{step:09}"
    if not folder.exists():
        folder = run / "checkpoints" / f".replaced-step-{step:09}"
    try:
        manifest = json.loads((folder / "manifest.json").read_text())
        for name, expected in manifest["files"].items():
            content = (folder / name).read_bytes()
            if len(content) != expected["bytes"] or hashlib.sha256(content).hexdigest() != expected["sha256"]:
                return f"{folder.name}/{name} is not what the manifest says"
    except (OSError, ValueError, KeyError) as error:
        return f"{folder.name}: {error}"
    return None


def content(run: Path) -> dict[str, object]:
    """Everything of a finished run that has to be the same however often it was stopped; times are left out."""
    step = newest_step(run)
    found: dict[str, object] = {"newest checkpoint": step}
    for file in (run / "checkpoints" / f"step-{step or 0:09}").glob("*"):
        found[f"checkpoint's {file.name}"] = file.read_bytes()
    for name in ["configuration.json", "metrics.jsonl"]:
        found[name] = (run / name).read_bytes() if (run / name).exists() else None
    for file in sorted(run.glob("samples/*")):
        found[f"samples/{file.name}"] = file.read_bytes()
    result = json.loads((run / "result.json").read_text()) if (run / "result.json").exists() else {}
    found["result.json"] = {key: value for key, value in result.items() if key not in ("seconds", "run")}
    for tag, entries in events(run).items():
        # How fast it was is measured anew each time.
        found[f"events of {tag}"] = [step for step, _ in entries] if tag.startswith("speed/") else entries
    steps = [json.loads(line)["step"] for line in (found["metrics.jsonl"] or b"").splitlines() if b'"loss":' in line]
    found["each step once"] = steps == list(range(1, len(steps) + 1))
    found["report"] = (run / "report.html").exists()
    found["left over"] = sorted(file.name for file in run.rglob(".*"))
    return found


def differences(run: Path, reference: dict[str, object]) -> list[str]:
    """What of a finished run is not as in the run that was never stopped."""
    try:
        found = content(run)
    except (OSError, ValueError) as error:
        return [f"{run.name}: {error}"]
    names = sorted(set(found) | set(reference))
    return [f"{run.name}: {name} differs" for name in names if found.get(name) != reference.get(name)]


class Faults:
    """`faults.c`, built into a folder; what it is to do is said in the environment of a process."""

    def __init__(self, context: Context):
        self.library = context.output / "faults.so"
        source = Path(__file__).parent / "faults.c"
        subprocess.run(
            ["clang", "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", self.library, source], check=True)

    def environment(self, folder: Path, **settings) -> dict[str, str]:
        """The environment in which calls below the folder are counted, stopped or refused; see `faults.c`."""
        told = {f"FAULTS_{name.upper()}": str(value) for name, value in settings.items()}
        return os.environ | told | {"LD_PRELOAD": str(self.library), "FAULTS_FOLDER": str(folder.resolve())}
