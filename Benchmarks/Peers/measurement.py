"""What the peers share: their command line, the limit on their threads, and the stop watch.

Nothing here may import numpy, torch or jax: the limits hold only if they are set before those start their threads.
"""

import argparse
import gc
import json
import os
import resource
import sys
import time


def options(peer, modes):
    """Reads the command line and limits this process to the threads it names.

    `modes(workload)` lists the ways to run a workload, the default first; `--mode list` prints them, one per
    line, and stops.
    """
    parser = argparse.ArgumentParser(description=f"Times one training step in {peer}.")
    parser.add_argument("workload")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--mode")
    chosen = parser.parse_args()
    modes = modes(chosen.workload)
    chosen.mode = chosen.mode or modes[0]
    if chosen.mode not in modes + ["list"]:
        parser.error(f"{peer} runs {chosen.workload} in the modes {', '.join(modes)}")
    if chosen.mode == "list":
        print("\n".join(modes))
        sys.exit(0)
    limit_threads(chosen.threads)
    return chosen


def limit_threads(count):
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[variable] = str(count)
    # JAX has no setting for its number of threads: it takes the processors it may run on.
    allowed = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, allowed[:count])


def run(peer, version, chosen, step, loss):
    """Checks, warms up, times, and prints the one line of JSON.

    `step()` is one whole training step, `step(noisy=False)` the same without what it draws; `loss()` is the loss of
    the batch with the weights as they are, without noise.
    """
    initial_loss = float(loss())
    for _ in range(10):
        step(noisy=False)
    loss_after_10 = float(loss())

    gc.collect()
    gc.disable()
    clock = time.perf_counter
    warm_until = clock() + min(0.5, chosen.seconds / 2)
    warm_steps = 0
    while warm_steps < 20 or clock() < warm_until:
        step()
        warm_steps += 1

    times = []
    end = clock() + chosen.seconds
    before = clock()
    while before < end or len(times) < 10:
        before = clock()
        step()
        times.append(clock() - before)
    times.sort()

    def percentile(fraction):
        return times[min(len(times) - 1, int(fraction * len(times)))] * 1e3

    result = {
        "peer": peer,
        "version": version.split("+")[0],
        "mode": chosen.mode,
        "workload": chosen.workload,
        "threads": chosen.threads,
        "initial_loss": initial_loss,
        "loss_after_10": loss_after_10,
        "median_ms": percentile(0.5),
        "p10_ms": percentile(0.1),
        "p90_ms": percentile(0.9),
        "steps": len(times),
        "peak_resident_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(result))
