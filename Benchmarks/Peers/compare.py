"""Times one training step of Adjoint and its peers in turn and writes the table of the results.

    python3 compare.py --adjoint .build/release/adjoint --python ENV/bin/python --output RESULTS.md

Three parts. Every peer is tried in each of its modes, with all threads and with one, and keeps the
fastest for each workload. Everyone, in every mode, must compute the same loss at first and after ten
updates, or nothing is written. Then the rounds: Adjoint, PyTorch, JAX, NumPy, Adjoint, ... in one
sitting. Ratios are taken within a round, where the machine was the same for both, and their median over
the rounds is shown.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import time

from report import render
from workloads import IMAGES, PERCEPTRONS, WORKLOADS

HERE = pathlib.Path(__file__).resolve().parent
PEERS = ["torch", "torch-compiled", "jax", "numpy"]
LOSSES = ["initial_loss", "loss_after_10"]
TOLERANCE = 1e-4
# Activations have eight binary digits, and are rounded at other places here than there.
BFLOAT16_TOLERANCE = 2e-2
BUSY_LOAD = 0.5


class Failure(Exception):
    """What stops the comparison, as it is told to whoever runs it."""


def say(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def last_json_line(command):
    run = subprocess.run(command, capture_output=True, text=True, timeout=900)
    lines = run.stdout.strip().splitlines()
    if run.returncode != 0 or not lines:
        # The last line may be advice on how to see more; the one that names the error is wanted.
        trouble = [line.strip() for line in run.stderr.splitlines() if "error" in line.lower()]
        trouble = trouble or run.stderr.strip().splitlines()[-1:] or ["it printed nothing"]
        raise Failure(f"exit code {run.returncode}: {trouble[-1]}")
    return json.loads(lines[-1])


class Contestant:
    """Someone who runs the workloads: Adjoint, or a peer in the mode and threads that suit it best."""

    def __init__(self, name, command):
        self.name = name
        self.command = command
        self.best = {}

    def runs(self, workload):
        """Whether it has that network: NumPy's gradients are written by hand, convolutions are PyTorch's alone."""
        if workload in IMAGES:
            return self.name in ("adjoint", "torch", "torch-compiled")
        return self.name != "numpy" or workload in PERCEPTRONS

    def script(self, workload):
        """The command that runs it, without the workload."""
        if workload in IMAGES and self.name != "adjoint":
            return self.command[:-1] + [str(HERE / "torch_images.py")]
        return self.command

    def modes(self, workload):
        if self.name == "adjoint":
            return [None]
        listing = subprocess.run(
            self.script(workload) + [workload, "--mode", "list"], capture_output=True, text=True
        )
        if listing.returncode != 0:
            raise Failure(f"{self.name}: {listing.stderr.strip()}")
        compiled = self.name.endswith("-compiled")
        return [m for m in listing.stdout.split() if m.startswith("compile") == compiled]

    def run(self, workload, mode, threads, seconds):
        arguments = ["--threads", str(threads), "--seconds", str(seconds)]
        if mode is None:
            named = IMAGES[workload].adjoint if workload in IMAGES else [workload]
            return last_json_line(self.command + named + arguments + ["--json"])
        return last_json_line(self.script(workload) + [workload] + arguments + ["--mode", mode])

    def try_modes(self, workload, threads, seconds):
        """Keeps the fastest way to run `workload`; returns the results of all that ran."""
        counts = [threads] if self.name == "adjoint" else sorted({threads, 1}, reverse=True)
        results = []
        for mode in self.modes(workload):
            for count in counts:
                try:
                    results.append((self.run(workload, mode, count, seconds), mode, count))
                except (Failure, subprocess.TimeoutExpired) as trouble:
                    say(f"{' '.join(filter(None, [self.name, mode]))}, {workload}: {trouble}")
        if not results:
            raise Failure(
                f"{self.name} cannot run {workload} in any way; --peers leaves a peer out"
                if self.name != "adjoint"
                else f"adjoint cannot run {workload}"
            )
        fastest = min(results, key=lambda tried: tried[0]["median_ms"])
        self.best[workload] = fastest[1:]
        return [(f"{self.name} {mode or ''}".strip(), result) for result, mode, _ in results]

    def run_best(self, workload, seconds):
        mode, threads = self.best[workload]
        return self.run(workload, mode, threads, seconds)


def contestants(adjoint, python, peers):
    found = [Contestant("adjoint", [str(adjoint), "benchmark"])]
    for peer in peers:
        library = peer.partition("-")[0]
        found.append(Contestant(peer, [str(python), str(HERE / f"{library}_peer.py")]))
    return found


def differing_losses(workload, results):
    """One line for each loss that is not what the last contestant (NumPy, by hand, where it runs) computes."""
    reference_name, reference = results[-1]
    differing = []
    for name, result in results[:-1]:
        for loss in LOSSES:
            if result.get(loss) is None:
                continue
            tolerance = BFLOAT16_TOLERANCE if "bfloat16" in workload else TOLERANCE
            if not abs(result[loss] - reference[loss]) <= tolerance * abs(reference[loss]):
                differing.append(
                    f"{workload}: {loss} of {name} is {result[loss]:.7g}, "
                    f"of {reference_name} {reference[loss]:.7g}"
                )
    return list(dict.fromkeys(differing))


def calibrate(everyone, workloads, threads, seconds):
    differing = []
    for workload in workloads:
        results = []
        for contestant in [c for c in everyone if c.runs(workload)]:
            say(f"{workload}: trying {contestant.name}")
            results += contestant.try_modes(workload, threads, seconds)
        differing += differing_losses(workload, results)
    if differing:
        raise Failure(
            "not everyone computes the same, so there is nothing to compare:\n  "
            + "\n  ".join(differing)
        )


def measure(everyone, workloads, rounds, seconds):
    """Returns {workload: [{contestant: result}, one for each round]}."""
    measured = {}
    for workload in workloads:
        measured[workload] = []
        for number in range(rounds):
            say(f"{workload}: round {number + 1} of {rounds}")
            measured[workload].append(
                {c.name: c.run_best(workload, seconds) for c in everyone if c.runs(workload)}
            )
    return measured


def shown_command():
    """The command line, with the places that are this machine's own under their general names."""
    places = [(os.environ.get("ADJOINT_PEERS_ENV"), "$ADJOINT_PEERS_ENV"), (os.getcwd(), ".")]
    places.append((os.path.expanduser("~"), "~"))
    words = [sys.executable] + sys.argv
    for place, name in places:
        if place:
            words = [
                name + w[len(place) :] if (w + "/").startswith(place + "/") else w for w in words
            ]
    return " ".join(words)


def settled_load(seconds):
    """The load average once it is low, or after that many seconds: a build just before leaves it high."""
    end = time.monotonic() + seconds
    if os.getloadavg()[0] > BUSY_LOAD and seconds > 0:
        say(f"waiting up to {seconds} s for the machine to become quiet")
    while os.getloadavg()[0] > BUSY_LOAD and time.monotonic() < end:
        time.sleep(2)
    return os.getloadavg()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--adjoint", required=True, type=pathlib.Path)
    parser.add_argument("--python", required=True, type=pathlib.Path)
    parser.add_argument("--output", required=True, type=pathlib.Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--calibration-seconds", type=float, default=0.5)
    parser.add_argument("--settle", type=int, default=0, help="seconds to wait for a quiet machine")
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument("--workloads", nargs="+", choices=list(WORKLOADS), default=list(WORKLOADS))
    chosen.add_argument(
        "--images",
        action=argparse.BooleanOptionalAction,
        help="all workloads on images, or all others",
    )
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=PEERS)
    parser.add_argument(
        "--section",
        action="append",
        default=[],
        type=pathlib.Path,
        help="a file of Markdown to append; may be given more than once",
    )
    given = parser.parse_args()
    if given.images is not None:
        given.workloads = [w for w in WORKLOADS if (w in IMAGES) == given.images]
    return given


def main():
    chosen = arguments()
    # What cannot be found now is better known before twenty minutes of measuring.
    sections = [path.read_text() for path in chosen.section]
    load = settled_load(chosen.settle)
    if load[0] > BUSY_LOAD:
        say(
            f"the load average is {load[0]:.2f}: something else is running, the figures will suffer"
        )
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < chosen.threads:
        raise Failure(
            f"{chosen.threads} threads asked for, but only {len(allowed)} processors are here"
        )
    # Everyone inherits this, so that nobody gets a processor that the others may not use.
    os.sched_setaffinity(0, allowed[: chosen.threads])

    everyone = contestants(chosen.adjoint, chosen.python, chosen.peers)
    peers = [c for c in everyone if c.name != "adjoint"]
    workloads = [w for w in chosen.workloads if any(peer.runs(w) for peer in peers)]
    if not workloads:
        raise Failure(f"{' and '.join(chosen.peers)} run none of {', '.join(chosen.workloads)}")
    for workload in set(chosen.workloads) - set(workloads):
        say(f"{workload}: left out, for {' and '.join(chosen.peers)} do not run it")
    calibrate(everyone, workloads, chosen.threads, chosen.calibration_seconds)
    measured = measure(everyone, workloads, chosen.rounds, chosen.seconds)
    text = render(
        measured,
        {c.name: c.best for c in everyone},
        threads=chosen.threads,
        seconds=chosen.seconds,
        load=load,
        busy=load[0] > BUSY_LOAD,
        date=datetime.datetime.now(datetime.timezone.utc).date().isoformat(),
        command=shown_command(),
        sections=sections,
    )
    chosen.output.write_text(text)
    say(f"wrote {chosen.output}")


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError, subprocess.TimeoutExpired) as trouble:
        sys.exit(f"compare: {trouble}")
    except KeyboardInterrupt:
        sys.exit(130)
