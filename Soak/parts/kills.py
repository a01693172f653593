"""Runs that are killed again and again, and gone on with until they end.

A run is made once without a stop. Then it is killed with SIGKILL: before a call that changes a file, further on
with each start; half-way through a write; and at moments drawn at random. After each kill the newest checkpoint has to
be whole and no older than before, and what goes on with it has to come to the same bytes as the run without a stop.
"""

import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

from runs import Faults, Network, autoencoder, content, damage, differences, newest_step, perceptron, residual_network
from trials import Context, Findings, Row

# No run of these needs more starts, whatever the machine.
MOST_STARTS = 2000


class Killed:
    """A run that is started, killed and started again."""

    def __init__(self, context: Context, network: Network, name: str, reference: dict):
        self.context, self.network, self.reference = context, network, reference
        self.run = context.output / f"{network.name.replace(' ', '-')}-{name}"
        self.kills = 0
        self.loaded = 0
        self.trouble: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Forgets the run: the next start is that of a new one."""
        shutil.rmtree(self.run, ignore_errors=True)
        self.step: int | None = None

    def start(self, environment: dict[str, str] | None = None, seconds: float | None = None) -> bool:
        """Starts it, or goes on with it, and sees how it ends; true where it came to its end.

        With `seconds` it is killed after so long.
        """
        process = subprocess.Popen(
            [self.context.adjoint, *self.network.next(self.run)], env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            errors = process.communicate(timeout=seconds or 600)[1]
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            errors = process.communicate()[1]
        if process.returncode == -signal.SIGKILL:
            self.kills += 1
            self.look()
            return False
        if process.returncode != 0:
            self.trouble.append(
                f"{self.run.name}: exit {process.returncode} after {self.kills} kills: {errors.strip()}")
        return True

    def look(self) -> None:
        """Holds what a kill left against what has to be there."""
        wrong = damage(self.run)
        if wrong:
            self.trouble.append(f"{self.run.name}: kill {self.kills}: {wrong}")
        step = newest_step(self.run)
        if self.step is not None and (step is None or step < self.step):
            self.trouble.append(f"{self.run.name}: kill {self.kills}: step {self.step} was lost, found {step}")
        self.step = step
        # Whoever goes on with it loads it anyway.
        if step is not None and self.kills % 5 == 0:
            self.loaded += 1
            data = [word for word in self.network.words if word.startswith("--data-dir")]
            place = self.network.words.index(data[0]) if data else 0
            words = ["evaluate", self.run, *self.network.words[place:place + 2 if data else 0]]
            evaluated = self.context.run(*words, "--json", "--threads", "1")
            if evaluated.returncode != 0:
                self.trouble.append(f"{self.run.name}: kill {self.kills}: {evaluated.stderr.strip()}")

    def compare(self) -> None:
        """Holds the run that has ended against the one without a stop."""
        self.trouble += differences(self.run, self.reference)

    def row(self, what: str) -> Row:
        """What was found."""
        for line in self.trouble:
            print(f"soak: kills: {line}", flush=True)
        if not self.trouble:
            shutil.rmtree(self.run, ignore_errors=True)
        remark = f"{self.loaded} checkpoints evaluated in between, {len(self.reference)} things compared"
        remark += "".join(f"; {line}" for line in self.trouble[:3])
        return Row(f"{self.network.name}, {what}", self.kills, min(len(self.trouble), max(self.kills, 1)), remark)


def at_calls(killed: Killed, faults: Faults, manner: str, stride: int, **kinds: str) -> None:
    """Kills it at a call further on with each start, until it ends before it comes to that call."""
    for start in range(1, MOST_STARTS):
        environment = faults.environment(killed.run, at=start * stride, do=manner, **kinds)
        if killed.start(environment):
            return killed.compare()
    killed.trouble.append(f"{killed.run.name}: does not come to its end")


def at_moments(killed: Killed, count: int, longest: float, drawn: random.Random) -> None:
    """Kills it so often after a time that is drawn, and then lets it end; begins anew where it ended before."""
    while killed.kills < count:
        if killed.start(seconds=drawn.uniform(0.01, longest)):
            killed.compare()
            killed.begin()
    killed.start()
    killed.compare()


def run(context: Context) -> Findings:
    faults = Faults(context)
    drawn = random.Random(context.seed)
    findings = Findings("Killed at any moment", [
        "A run is made without a stop. Then it is killed with SIGKILL and gone on with, again and again: before a call "
        "that opens for writing, writes, syncs, cuts, renames, makes or removes a file, some calls further with each "
        "start (one for the perceptron); half-way through a write in the same way; and at moments drawn at random. It "
        "saves as often as it can, at every end of an epoch and ten times a second, so that many kills meet the "
        "writing of a checkpoint.",
        "After each kill the newest checkpoint is held against its manifest, and may not be older than before; every "
        "fifth time `adjoint evaluate` loads it. At the end weights, optimiser, state, metrics.jsonl, result.json and "
        "pictures of samples have to be the same bytes as without a stop, each step once, and the event files, read "
        "as TensorBoard reads them, the same values at the same steps, bit for bit. Left out are times: when an event "
        "was written, how long the run took, and the values (not the steps) of `speed/…`.",
    ])
    for network in [perceptron(), autoencoder(), residual_network(context)]:
        reference = context.output / f"{network.name.replace(' ', '-')}-reference"
        shutil.rmtree(reference, ignore_errors=True)
        began = time.monotonic()
        context.run(*network.fresh(reference), check=True)
        seconds = time.monotonic() - began
        expected = content(reference)
        stride = max(1, round(network.stride / context.scale))

        killed = Killed(context, network, "calls", expected)
        at_calls(killed, faults, "kill", stride)
        findings.rows.append(killed.row("before a call"))

        killed = Killed(context, network, "writes", expected)
        at_calls(killed, faults, "tear", stride, kinds="write")
        findings.rows.append(killed.row("half-way through a write"))

        killed = Killed(context, network, "moments", expected)
        at_moments(killed, context.count(40), 0.4 + seconds / 4, drawn)
        findings.rows.append(killed.row("at a random moment"))
    return findings
