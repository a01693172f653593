"""A machine that others work on too: steps get slower by what is taken away, and not by much more.

Whole training steps are timed as `adjoint benchmark` times them: alone, beside a process that wants a core for
itself, and two at once. The mean over all steps counts, in which a step that waited for a whole time slice shows;
a median would hide it.
"""

import json
import os
import statistics
import subprocess

from trials import Context, Findings, Row, busy_cores

# workload, precision, seconds of one measurement
WORKLOADS = [
    ("mnist-mlp", "float32", 4), ("uva-mlp", "float32", 4), ("vgg", "float32", 8), ("resnet18", "float32", 12),
    ("resnet18", "bfloat16", 12),
]
ROUNDS = 3
SLOWEST_BESIDE_ANOTHER = 2.2
SLOWEST_OF_TWO = 2.4


def run(context: Context) -> Findings:
    cores = len(os.sched_getaffinity(0))
    rounds = context.count(ROUNDS)
    findings = Findings(
        title="Busy machine",
        said=[
            f"Mean time of a training step on all {cores} processors, the median of {rounds} rounds in which the idle "
            "machine and the busy one take turns. Beside a process that wants one core for itself a step may take at "
            f"most {SLOWEST_BESIDE_ANOTHER:g} times the idle one's time; of two trainings at once neither may take "
            f"more than {SLOWEST_OF_TWO:g} times.",
        ])
    for workload, precision, whole in WORKLOADS:
        seconds = max(0.5, whole * min(1, context.scale))
        idle, beside, twice = [], [], []
        for _ in range(rounds):
            idle += step_times(context, workload, precision, seconds, at_once=1)
            with busy_cores(1):
                beside += step_times(context, workload, precision, seconds, at_once=1)
            # The slower of the two counts.
            twice.append(max(step_times(context, workload, precision, seconds, at_once=2)))
        name = workload if precision == "float32" else f"{workload} in {precision}"
        findings.rows.append(row(f"{name} beside a busy core", idle, beside, SLOWEST_BESIDE_ANOTHER))
        findings.rows.append(row(f"{name}, two trainings at once", idle, twice, SLOWEST_OF_TWO))
    findings.rows.append(more_threads_than_cores(context, cores))
    return findings


def step_times(context: Context, workload: str, precision: str, seconds: float, at_once: int) -> list[float]:
    """Milliseconds of a step, for each of so many processes."""
    words = [context.adjoint, "benchmark", workload, "--precision", precision, "--seconds", str(seconds), "--json"]
    processes = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(at_once)
    ]
    times = []
    for process in processes:
        output, errors = process.communicate(timeout=600)
        if process.returncode != 0:
            raise RuntimeError(f"adjoint benchmark {workload} ended with {process.returncode}: {errors}")
        times.append(1000 * seconds / json.loads(output.splitlines()[-1])["steps"])
    return times


def row(what: str, idle: list[float], busy: list[float], largest: float) -> Row:
    usual, slow = statistics.median(idle), statistics.median(busy)
    ratio = slow / usual
    return Row(
        what, len(busy), int(ratio > largest),
        f"idle {usual:.3g} ms, busy {slow:.3g} ms: {ratio:.2f} times (single rounds {min(busy) / usual:.2f} to "
        f"{max(busy) / usual:.2f}), allowed {largest:g}")


def more_threads_than_cores(context: Context, cores: int) -> Row:
    """`--threads` is lowered to the cores that the process may use, and says so."""
    processors = sorted(os.sched_getaffinity(0))
    tried = failed = 0
    for allowed in sorted({1, cores}):
        done = subprocess.run(
            [context.adjoint, "benchmark", "tiny", "--seconds", "0.05", "--threads", str(cores + 6), "--json"],
            capture_output=True, text=True, preexec_fn=lambda: os.sched_setaffinity(0, processors[:allowed]))
        said = f"--threads {cores + 6}: more than the cores that this process may use; using {allowed}\n"
        used = json.loads(done.stdout.splitlines()[-1])["threads"] if done.returncode == 0 else None
        tried += 1
        failed += int(said not in done.stderr or used != allowed)
    return Row("--threads above the cores of the process is lowered, with a warning", tried, failed)
