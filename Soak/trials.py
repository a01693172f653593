"""What the parts of the soak share: where they work, and what they find."""

import contextlib
import dataclasses
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


@dataclasses.dataclass
class Context:
    """What a part is given: the tool, a folder of its own, data, how much of the whole to try, a seed."""

    adjoint: Path
    output: Path
    data: Path | None
    scale: float
    seed: int

    def count(self, whole: int) -> int:
        """So many of that many trials, at least one."""
        return max(1, round(whole * self.scale))

    def run(self, *words, **options) -> subprocess.CompletedProcess:
        """`adjoint` with these words to its end, its output as text."""
        return subprocess.run(
            [self.adjoint, *map(str, words)], capture_output=True, text=True, errors="replace", **options)


@dataclasses.dataclass
class Row:
    """A trial: how often it was made, how often it failed, what else was seen or measured."""

    what: str
    tried: int
    failed: int
    remark: str = ""


@dataclasses.dataclass
class Findings:
    """What a part found: a title, paragraphs on what is done and how, a row for each trial."""

    title: str
    said: list[str]
    rows: list[Row] = dataclasses.field(default_factory=list)
    minutes: float = 0
    scale: float = 1

    def write(self, file: Path) -> None:
        file.write_text(json.dumps(dataclasses.asdict(self), indent=1))

    @staticmethod
    def read(file: Path) -> "Findings":
        found = json.loads(file.read_text())
        found["rows"] = [Row(**row) for row in found["rows"]]
        return Findings(**found)


def environment_without_data(users: dict[str, str], home: Path) -> dict[str, str]:
    """The environment of a user who has no data sets: what the program can draw, it draws."""
    given = {name: value for name, value in users.items() if name != "ADJOINT_DATA"}
    return given | {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}


@contextlib.contextmanager
def busy_cores(count: int) -> Iterator[None]:
    """As long as it is open, so many processes want a core each."""
    # They end by themselves where nobody is left to end them.
    loop = f"import os\nwhile os.getppid() == {os.getpid()}: pass"
    burners = [subprocess.Popen([sys.executable, "-c", loop]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def drawn_images(context: Context, count: int, size: int = 28) -> Path:
    """A data folder with images that the program draws in PathMNIST's layout."""
    folder = context.output / f"images-{count}-{size}"
    if not folder.exists():
        made = context.run(
            "data", "synthesize", "pathmnist", "--size", size, "--count", count, "--output", folder / "medmnist")
        if made.returncode != 0:
            raise RuntimeError(f"adjoint data synthesize: {made.stderr}")
    return folder
