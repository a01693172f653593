"""What the parts of the soak share: where they work, and what they find."""

import dataclasses
import json
import subprocess
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
