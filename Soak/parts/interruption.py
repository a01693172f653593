"""Ctrl-C, SIGTERM, a closed terminal, closed pipes: a training saves what it has, says so, and can be gone on with.

Each trial starts a small training, waits until it is under way and a moment more that is drawn, does what users and
their shells do, and looks at the exit code, at what was said, at the checkpoints, and at what going on comes to.
"""

import json
import os
import pty
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

from runs import Faults, content, damage, differences, newest_step, perceptron
from trials import Context, Findings, Row

# What a fault of the program would print.
TRACES = re.compile(r"Fatal error|Stack dump|Crash|Traceback|0x[0-9a-f]{8}|\[\w+/\w+\.swift:\d+\]")


class Trial:
    """Trainings in folders of their own, and what was wrong with them."""

    def __init__(self, context: Context, drawn: random.Random):
        self.context, self.drawn = context, drawn
        self.faults = Faults(context)
        self.network = perceptron(epochs=12)
        self.run = context.output / "run"
        self.tried = 0
        self.trouble: list[str] = []
        reference = context.output / "reference"
        shutil.rmtree(reference, ignore_errors=True)
        context.run(*self.network.fresh(reference), check=True)
        self.reference = content(reference)

    def complain(self, what: str) -> None:
        self.trouble.append(what)
        print(f"soak: interruption: {what}", flush=True)

    def begin(self) -> None:
        self.tried += 1
        shutil.rmtree(self.run, ignore_errors=True)

    def words(self, *more: str, is_long: bool = True) -> list[str]:
        """A run that is not at its end before something happens to it, or the small one."""
        epochs = ["--epochs", "1000000"] if is_long else []
        return [str(self.context.adjoint), *self.network.fresh(self.run), *epochs, *more]

    def wait(self) -> None:
        """Until it is under way, and for a moment more."""
        end = time.monotonic() + 60
        while newest_step(self.run) is None and time.monotonic() < end:
            time.sleep(0.005)
        time.sleep(self.drawn.uniform(0, 0.4))

    def start(self, *more: str, **options) -> subprocess.Popen:
        self.begin()
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        process = subprocess.Popen(self.words(*more), text=True, **pipes)
        self.wait()
        return process

    def end(self, what: str, process: subprocess.Popen, *codes: int) -> str:
        """Waits for its end; what it said on standard error."""
        try:
            output, errors = process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            self.complain(f"{what}: does not end")
            return ""
        if process.returncode not in codes:
            self.complain(f"{what}: exit {process.returncode}, expected {codes}: {errors}")
        if TRACES.search((output or "") + (errors or "")):
            self.complain(f"{what}: printed {errors}")
        return errors or ""

    def expect_saved(self, what: str, errors: str) -> None:
        """It saved where it stopped, and says how to go on."""
        match = re.search(r"interrupted after step ([\d,]+); go on with: adjoint train \S+ --resume \S+", errors)
        if not match or int(match[1].replace(",", "")) != newest_step(self.run):
            self.complain(f"{what}: said {errors!r}; the newest checkpoint is of step {newest_step(self.run)}")

    def expect_resumable(self, what: str) -> None:
        """The newest checkpoint is whole; with the epochs of the small run it can be gone on with."""
        wrong = damage(self.run)
        if wrong:
            self.complain(f"{what}: {wrong}")
        step = newest_step(self.run) or 0
        resumed = self.context.run(*self.network.resumed(self.run), "--steps", str(step + 5))
        if resumed.returncode != 0 or newest_step(self.run) != step + 5:
            self.complain(f"{what}: resuming: exit {resumed.returncode}: {resumed.stderr}")

    def expect_whole(self, what: str) -> None:
        """It went through to the end, and is the run that nothing happened to."""
        for line in differences(self.run, self.reference):
            self.complain(f"{what}: {line}")

    def row(self, what: str) -> Row:
        row = Row(what, self.tried, min(len(self.trouble), self.tried), "; ".join(self.trouble[:3]))
        self.tried, self.trouble = 0, []
        return row


def one_signal(trial: Trial, number: signal.Signals) -> None:
    what = f"{number.name} once"
    process = trial.start("--json")
    process.send_signal(number)
    errors = trial.end(what, process, 130)
    trial.expect_saved(what, errors)
    trial.expect_resumable(what)


def two_signals(trial: Trial) -> None:
    """The disk takes its time when the first comes; the second does not wait for it."""
    what = "Ctrl-C twice"
    # The first checkpoint, after which it counts as under way, takes some forty.
    call = trial.drawn.randint(60, 200)
    log = trial.context.output / "calls.log"
    log.unlink(missing_ok=True)
    process = trial.start(env=trial.faults.environment(
        trial.run, kinds="open,write,sync", at=call, do="wait", seconds=50, log=log))
    end = time.monotonic() + 60
    while len(log.read_text().splitlines()) < call and time.monotonic() < end:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    time.sleep(0.3)
    if process.poll() is not None:
        trial.complain(f"{what}: the first ended it")
    second = time.monotonic()
    process.send_signal(signal.SIGINT)
    trial.end(what, process, 130)
    if time.monotonic() - second > 10:
        trial.complain(f"{what}: the second waited for the disk")
    trial.expect_resumable(what)


def two_signals_at_once(trial: Trial) -> None:
    """What a shell's and a wrapper's signals amount to: one request."""
    what = "the same signal twice at once"
    process = trial.start()
    for _ in range(2):
        process.send_signal(signal.SIGTERM)
        time.sleep(trial.drawn.uniform(0, 0.02))
    trial.expect_saved(what, trial.end(what, process, 130))
    trial.expect_resumable(what)


def timeout_command(trial: Trial) -> None:
    """`timeout` sends its signal to the process and then to its whole group."""
    what = "timeout"
    trial.begin()
    ended = subprocess.run(["timeout", "1", *trial.words()], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if newest_step(trial.run) is not None:
        trial.expect_saved(what, ended.stderr)
        trial.expect_resumable(what)


def closed_terminal(trial: Trial, is_ignored: bool) -> None:
    """The terminal's other end goes, as when a window is closed or a connection breaks."""
    what = "a closed terminal" + " under nohup" * is_ignored
    trial.begin()
    child, terminal = pty.fork()
    if child == 0:
        if is_ignored:
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        words = [word for word in trial.words(is_long=not is_ignored) if word != "--quiet"]
        os.execv(words[0], words)
    trial.wait()
    os.close(terminal)
    _, status = os.waitpid(child, 0)
    code = os.waitstatus_to_exitcode(status)
    if code != (0 if is_ignored else 130):
        trial.complain(f"{what}: exit {code}")
    if is_ignored:
        trial.expect_whole(what)
    else:
        trial.expect_resumable(what)


def shell_in_closed_terminal(trial: Trial) -> None:
    """A shell in between sends the hang-up on to what it has started, beside the system's own."""
    what = "a closed terminal with a shell"
    trial.begin()
    child, terminal = pty.fork()
    if child == 0:
        os.execvp("bash", ["bash", "--norc", "-i"])
    os.write(terminal, (" ".join(f"'{word}'" for word in trial.words()) + "\n").encode())
    trial.wait()
    step = newest_step(trial.run) or 0
    os.close(terminal)
    os.waitpid(child, 0)
    before = None
    end = time.monotonic() + 30
    # It is nobody's child any more; it has ended where its lock is free.
    while time.monotonic() < end and before != (before := newest_step(trial.run)):
        time.sleep(0.5)
    if (newest_step(trial.run) or 0) < step:
        trial.complain(f"{what}: step {step} was lost")
    trial.expect_resumable(what)


def closed_pipe(trial: Trial, stream: str) -> None:
    """Who read standard output or standard error is gone; the run goes on to its end."""
    what = f"closed pipe, {stream}"
    trial.begin()
    words = [word for word in trial.words("--json", is_long=False) if word != "--quiet"]
    reader, writer = os.pipe()
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, stream: writer}
    process = subprocess.Popen(words, stdin=subprocess.DEVNULL, text=True, **pipes)
    os.close(writer)
    os.close(reader)
    errors = trial.end(what, process, 73 if stream == "stdout" else 0)
    if stream == "stdout" and "adjoint: standard output: cannot write the result: Broken pipe" not in errors:
        trial.complain(f"{what}: said {errors!r}")
    trial.expect_whole(what)


def never_open(trial: Trial, file: int) -> None:
    """Standard input, output or error was closed from the start: no file of the run may get its number."""
    what = f"descriptor {file} closed"
    trial.begin()
    words = [word for word in trial.words("--json", is_long=False) if word != "--quiet"]
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {file}{"<" if file == 0 else ">"}&-', "sh", *words], capture_output=True, text=True,
        stdin=subprocess.DEVNULL)
    if ended.returncode != (73 if file == 1 else 0):
        trial.complain(f"{what}: exit {ended.returncode}: {ended.stderr}")
    if file != 1 and not json.loads(ended.stdout.splitlines()[-1])["metrics"]:
        trial.complain(f"{what}: printed {ended.stdout!r}")
    trial.expect_whole(what)


def second_process(trial: Trial) -> None:
    """The same run is gone on with while it still goes on."""
    what = "a second process"
    process = trial.start()
    second = trial.context.run(*trial.network.resumed(trial.run))
    if second.returncode != 64 or "another process trains this run" not in second.stderr:
        trial.complain(f"{what}: exit {second.returncode}: {second.stderr}")
    process.send_signal(signal.SIGINT)
    trial.expect_saved(what, trial.end(what, process, 130))
    trial.expect_resumable(what)


def run(context: Context) -> Findings:
    trial = Trial(context, random.Random(context.seed))
    findings = Findings("Interruption", [
        "The first Ctrl-C, SIGTERM or hang-up finishes the step, saves, says how to go on, and ends with 130; a second "
        "Ctrl-C or SIGTERM ends at once. What comes within a tenth of a second is one request: `timeout` and shells "
        "send twice. Under `nohup` a closed terminal changes nothing. Whoever reads what is printed may go: the run "
        "goes on to its end, and ends with 73 if the result of `--json` could not be delivered. No trial may print a "
        "trace of the program's inside, the newest checkpoint has to be whole, and the run can be gone on with.",
    ])
    trials = [
        ("Ctrl-C once", 20, lambda: one_signal(trial, signal.SIGINT)),
        ("SIGTERM", 20, lambda: one_signal(trial, signal.SIGTERM)),
        ("SIGHUP", 10, lambda: one_signal(trial, signal.SIGHUP)),
        ("Ctrl-C twice", 20, lambda: two_signals(trial)),
        ("the same signal twice at once", 10, lambda: two_signals_at_once(trial)),
        ("`timeout`", 5, lambda: timeout_command(trial)),
        ("a closed terminal", 10, lambda: closed_terminal(trial, False)),
        ("a closed terminal, the shell in it", 5, lambda: shell_in_closed_terminal(trial)),
        ("a closed terminal under `nohup`", 5, lambda: closed_terminal(trial, True)),
        ("standard output: a pipe that nobody reads", 5, lambda: closed_pipe(trial, "stdout")),
        ("standard error: a pipe that nobody reads", 5, lambda: closed_pipe(trial, "stderr")),
        ("standard input closed", 3, lambda: never_open(trial, 0)),
        ("standard output closed", 3, lambda: never_open(trial, 1)),
        ("standard error closed", 3, lambda: never_open(trial, 2)),
        ("a second process in the same run", 5, lambda: second_process(trial)),
    ]
    for name, count, body in trials:
        for _ in range(context.count(count)):
            body()
        findings.rows.append(trial.row(name))
    return findings
