"""Disks that fill, fail, may not be written, and folders that go: what a training says, and what is left of it.

Each call that changes a file is refused in turn, in the words of a full disk, a quota, a broken disk, a read-only one
and a process with too many open files; writes take half of their bytes; a file system of memory fills up and is
enlarged; limits on files are set; the folder is taken away. The error has to name a file and the system's reason, the
exit code has to be 73 or 74, the newest checkpoint has to be whole, and once there is room the run has to come to the
same bytes as one that was never disturbed.
"""

import errno
import os
import re
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

from runs import Faults, Network, content, damage, differences, newest_step, perceptron
from trials import Context, Findings, Row

# What is refused with each: a disk that is read-only can still be read, and so on.
REFUSALS = [
    ("full disk", errno.ENOSPC, 74, "open,write,sync,mkdir,rename", 1),
    ("quota", errno.EDQUOT, 74, "open,write,sync,mkdir,rename", 4),
    ("broken disk", errno.EIO, 74, "open,write,sync,truncate,mkdir,rename", 4),
    ("read-only disk", errno.EROFS, 73, "open,truncate,mkdir,rename,remove", 4),
    ("too many open files", errno.EMFILE, 73, "open", 2),
]

# With a limit below this the program does not begin.
FEWEST_FILES = 16


class Trial:
    """Trainings of one network in folders of their own, and what was wrong with them."""

    def __init__(self, context: Context, network: Network, reference: dict):
        self.context, self.network, self.reference = context, network, reference
        self.run = context.output / "run"
        self.log = context.output / "calls.log"
        self.tried = 0
        self.trouble: list[str] = []

    def begin(self) -> None:
        self.tried += 1
        for folder in [self.run, self.context.output / "away"]:
            shutil.rmtree(folder, ignore_errors=True)
        self.log.unlink(missing_ok=True)

    def train(self, *more: str, **options) -> subprocess.CompletedProcess:
        return self.context.run(*self.network.next(self.run), *more, stdin=subprocess.DEVNULL, timeout=300, **options)

    def complain(self, what: str) -> None:
        self.trouble.append(what)
        print(f"soak: disk: {what}", flush=True)

    def expect(self, what: str, ended: subprocess.CompletedProcess, code: int, reason: str) -> None:
        """Holds an end against what the user should see: the code, and one line that says where and why."""
        said = ended.stderr.strip()
        if ended.returncode != code:
            self.complain(f"{what}: exit {ended.returncode}, expected {code}: {said}")
        elif not re.fullmatch(rf"adjoint: [^\n]*/[^\n]*{re.escape(reason)}[^\n]*", said):
            self.complain(f"{what}: said {said!r}")

    def expect_whole(self, what: str) -> None:
        """There has to be nothing wrong with the newest checkpoint, and none lost that had got its name."""
        wrong = damage(self.run)
        if wrong:
            self.complain(f"{what}: {wrong}")
        named = [int(step) for step in re.findall(
            r"rename \S*/checkpoints/step-(\d+)$", self.log.read_text() if self.log.exists() else "", re.MULTILINE)]
        # The last may be the one that was refused.
        if named[:-1] and (newest_step(self.run) or 0) < max(named[:-1]):
            self.complain(f"{what}: step {max(named[:-1])} was lost, found {newest_step(self.run)}")

    def expect_end(self, what: str) -> None:
        """Gone on with undisturbed, it has to come to the same bytes."""
        ended = self.train()
        if ended.returncode != 0:
            self.complain(f"{what}: resuming: exit {ended.returncode}: {ended.stderr.strip()}")
            return
        self.expect_same(what)

    def expect_same(self, what: str) -> None:
        for line in differences(self.run, self.reference):
            self.complain(f"{what}: {line}")

    def row(self, what: str, remark: str = "") -> Row:
        """What was found since the last row."""
        remark = "; ".join([remark] * bool(remark) + self.trouble[:3])
        row = Row(what, self.tried, min(len(self.trouble), self.tried), remark)
        self.tried, self.trouble = 0, []
        return row


def call_count(trial: Trial, faults: Faults, kinds: str) -> int:
    """How many such calls an undisturbed run makes."""
    trial.begin()
    trial.tried -= 1
    trial.train(env=faults.environment(trial.run, kinds=kinds, log=trial.log), check=True)
    return len(trial.log.read_text().splitlines())


def refused(trial: Trial, faults: Faults) -> list[Row]:
    """Every call in turn is the first that is refused; later ones are too."""
    rows = []
    for name, number, code, kinds, stride in REFUSALS:
        count = call_count(trial, faults, kinds)
        for call in range(1, count + 1, max(1, round(stride / trial.context.scale))):
            what = f"{name} from call {call} on"
            trial.begin()
            ended = trial.train(env=faults.environment(
                trial.run, kinds=kinds, log=trial.log, at=call, do="fail", errno=number))
            # Only the removal of what is no longer needed was refused: that can wait.
            if ended.returncode == 0 and not ended.stderr:
                shutil.rmtree(trial.run / "figures", ignore_errors=True)
            else:
                trial.expect(what, ended, code, os.strerror(number))
            trial.expect_whole(what)
            trial.expect_end(what)
        rows.append(trial.row(name, f"each of {count} calls" if stride == 1 else f"one of {stride} of the {count} calls"))
    return rows


def half_written(trial: Trial, faults: Faults) -> Row:
    """A write takes half of its bytes, and then the disk is full."""
    count = call_count(trial, faults, "write")
    for call in range(1, count + 1, max(1, round(1 / trial.context.scale))):
        what = f"write {call} takes half"
        trial.begin()
        ended = trial.train(env=faults.environment(
            trial.run, kinds="write", log=trial.log, at=call, do="short", errno=errno.ENOSPC))
        if ended.returncode != 0:
            trial.expect(what, ended, 74, os.strerror(errno.ENOSPC))
        trial.expect_whole(what)
        trial.expect_end(what)
    trial.begin()
    ended = trial.train(env=faults.environment(trial.run, at=1, do="halve"))
    if ended.returncode != 0:
        trial.complain(f"all writes take half: exit {ended.returncode}: {ended.stderr.strip()}")
    trial.expect_same("all writes take half")
    return trial.row("a write takes half, then the disk is full", f"each of {count} writes, and once all of them")


def room_again(trial: Trial, faults: Faults) -> Row:
    """The disk is full for one call or for a second; the run waits, and goes on by itself."""
    kinds = "open,write,sync,mkdir,rename"
    count = call_count(trial, faults, kinds)
    waited = 0
    for index, call in enumerate(range(1, count + 1, max(1, round(3 / trial.context.scale)))):
        what = f"full at call {call}, then not"
        trial.begin()
        ended = trial.train("--wait-for-disk", "20", env=faults.environment(
            trial.run, kinds=kinds, at=call, do="fail", errno=errno.ENOSPC,
            **({"seconds": 1} if index % 5 == 0 else {"calls": 1})))
        begun = (trial.run / "configuration.json").exists()
        if ended.returncode == 0:
            waited += "there is room again; going on" in ended.stderr
            trial.expect_same(what)
        elif ended.returncode == 74 and newest_step(trial.run) is None:
            # What is refused at the start is said at the start: nothing is lost by it.
            trial.expect_end(what)
        else:
            trial.complain(f"{what}: exit {ended.returncode}, {begun=}: {ended.stderr.strip()}")
    return trial.row("a full disk that has room again", f"{waited} times it waited and went on by itself")


class Mount:
    """Mounts of its own, for as long as it is open; `path` is where others see them."""

    def __init__(self, place: Path, script: str):
        place.mkdir(exist_ok=True)
        self.place = place
        self.keeper = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
             f'{script} && echo ready && exec sleep 1000', "sh", str(place)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.is_there = self.keeper.stdout.readline() == "ready\n"
        self.path = Path(f"/proc/{self.keeper.pid}/root{place}")

    def change(self, script: str) -> None:
        """Does something else there; `$1` is the place."""
        subprocess.run(
            ["nsenter", "--target", str(self.keeper.pid), "--user", "--mount", "--preserve-credentials", "sh", "-c",
             script, "sh", str(self.place)], check=True)

    def __enter__(self) -> "Mount":
        return self

    def __exit__(self, *_) -> None:
        self.keeper.kill()
        self.keeper.wait()
        self.keeper.stdout.close()


NO_MOUNTS = "not tried: no mounts are allowed here"


def small_disk(trial: Trial) -> list[Row]:
    """A file system in memory that is too small, and is enlarged afterwards, or while the run waits."""
    rows = []
    place = trial.context.output / "disk"
    usual = trial.run
    for is_waiting in [False, True]:
        full = 0
        for size in range(16, 640, max(16, round(16 * (1 + 3 * is_waiting) / trial.context.scale))):
            what = f"disk of {size} kB" + ", enlarged meanwhile" * is_waiting
            with Mount(place, f'mount -t tmpfs -o size={size}k tmpfs "$1"') as mount:
                if not mount.is_there:
                    return [Row("a small file system in memory", 0, 0, NO_MOUNTS)]
                trial.run = mount.path / "run"
                trial.begin()
                if is_waiting:
                    full += enlarged_meanwhile(trial, mount, what)
                else:
                    ended = trial.train()
                    full += ended.returncode == 74
                    if ended.returncode != 0:
                        trial.expect(what, ended, 74, os.strerror(errno.ENOSPC))
                    mount.change('mount -o remount,size=64m "$1"')
                    trial.expect_whole(what)
                    trial.expect_end(what)
                trial.run = usual
        name = "a small file system in memory, enlarged " + ("while the run waits" if is_waiting else "afterwards")
        rows.append(trial.row(name, f"{full} of them too small"))
    return rows


def enlarged_meanwhile(trial: Trial, mount: Mount, what: str) -> bool:
    """Enlarges the disk once the run has said that it is full; whether it did."""
    process = subprocess.Popen(
        [trial.context.adjoint, *trial.network.next(trial.run), "--wait-for-disk", "60"], stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True)
    said = process.stderr.readline()
    mount.change('mount -o remount,size=64m "$1"')
    said += process.communicate(timeout=300)[1]
    if process.returncode == 74 and newest_step(trial.run) is None:
        trial.expect_end(what)
    elif process.returncode != 0 or (said and "going on" not in said):
        trial.complain(f"{what}: exit {process.returncode}: {said}")
    else:
        trial.expect_same(what)
    return bool(said)


def read_only(trial: Trial) -> Row:
    """A folder that may only be read: neither a new run nor one to go on with may be written there."""
    place = trial.context.output / "disk"
    usual = trial.run
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for is_resumed in [False, True]:
        trial.run = place / "run"
        trial.tried += 1
        if is_resumed:
            trial.train("--pause-after-steps", "30", check=True)
        with Mount(place, 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"') as mount:
            if not mount.is_there:
                return Row("a read-only folder", 0, 0, NO_MOUNTS)
            trial.run = mount.path / "run"
            trial.expect(f"read-only, {is_resumed=}", trial.train(), 73, os.strerror(errno.EROFS))
        trial.run = place / "run"
        trial.expect_end(f"read-only, {is_resumed=}")
        shutil.rmtree(trial.run)
    trial.run = usual
    return trial.row("a read-only folder")


def limits(trial: Trial) -> list[Row]:
    """Limits on the number of open files and on the size of one."""
    unstarted = 0
    for count in range(3, 40, max(1, round(1 / trial.context.scale))):
        what = f"{count} open files"
        trial.begin()
        ended = trial.train(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (count, count)))
        # With fewer the system's loader does not find the libraries, or the program says at once that it needs more.
        if ended.returncode == 127:
            unstarted += 1
        elif count < FEWEST_FILES:
            if ended.returncode != 73 or f"this process may have {count} open, and needs" not in ended.stderr:
                trial.complain(f"{what}: exit {ended.returncode}: {ended.stderr.strip()}")
        elif ended.returncode in (66, 73):
            trial.expect(what, ended, ended.returncode, os.strerror(errno.EMFILE))
        elif ended.returncode != 0:
            trial.complain(f"{what}: exit {ended.returncode}: {ended.stderr.strip()}")
        trial.expect_whole(what)
        trial.expect_end(what)
    rows = [trial.row("a limit on open files", f"3 to 39; the libraries could not be loaded with {unstarted} of these")]
    for size in [2 ** power for power in range(0, 20, max(1, round(1 / trial.context.scale)))]:
        what = f"files of {size} bytes at most"
        trial.begin()
        ended = trial.train(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
        if ended.returncode != 0:
            trial.expect(what, ended, 74, os.strerror(errno.EFBIG))
        trial.expect_whole(what)
        trial.expect_end(what)
    return rows + [trial.row("a limit on the size of files", "1 byte to 512 kB, with the signal that it sends")]


def taken_away(trial: Trial) -> Row:
    """The folder, or a part of it, is renamed or removed while the run goes on."""
    for _ in range(trial.context.count(5)):
        for part in [".", "metrics.jsonl", "checkpoints"]:
            what = f"{part} taken away"
            trial.begin()
            process = subprocess.Popen(
                [trial.context.adjoint, *trial.network.fresh(trial.run), "--epochs", "1000000"],
                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            wait_until(lambda: (newest_step(trial.run) or 0) > 0)
            away = trial.context.output / "away"
            (trial.run / part).resolve().rename(away)
            if part == "checkpoints":
                # What goes on makes a new one.
                wait_until(lambda: (newest_step(trial.run) or 0) > 0)
                process.send_signal(signal.SIGINT)
            try:
                said = process.communicate(timeout=60)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                said = process.communicate()[1]
            ended = subprocess.CompletedProcess([], process.returncode, "", said)
            if part == "checkpoints":
                # In the midst of a checkpoint it is an error.
                if ended.returncode != 130 and "/checkpoints" not in said or ended.returncode not in (73, 130):
                    trial.complain(f"{what}: exit {ended.returncode}: {said}")
                continue
            trial.expect(what, ended, 73, "removed or replaced" if part == "metrics.jsonl" else "")
            # It goes on where it is brought back.
            if part == ".":
                shutil.rmtree(trial.run, ignore_errors=True)
            away.rename(trial.run if part == "." else trial.run / part)
            trial.expect_whole(what)
            resumed = trial.train("--steps", str((newest_step(trial.run) or 0) + 10))
            if resumed.returncode != 0:
                trial.complain(f"{what}: resuming: exit {resumed.returncode}: {resumed.stderr}")
    return trial.row("the run's folder, its metrics or its checkpoints taken away")


def wait_until(condition) -> None:
    """Looks again and again, for a minute at most."""
    end = time.monotonic() + 60
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)


def run(context: Context) -> Findings:
    faults = Faults(context)
    network = perceptron(epochs=4)
    reference = context.output / "reference"
    shutil.rmtree(reference, ignore_errors=True)
    context.run(*network.fresh(reference), check=True)
    trial = Trial(context, network, content(reference))
    findings = Findings("Disk trouble", [
        "The calls of a small training run that change files are refused one after the other, with the numbers that a "
        "full disk, a full quota, a broken disk, a read-only one and a process with too many open files give; the call "
        "itself and every later one. Writes take half of their bytes. A file system in memory is too small, and is "
        "enlarged; limits on open files and on their size are set; the folder is taken away.",
        "Each time there has to be one line on standard error that names a file and the system's reason, and the exit "
        "code 74 (full, quota, broken, too large) or 73 (cannot write); the newest checkpoint has to be whole, and no "
        "checkpoint lost that had got its name; and once there is room, going on has to come to the same bytes as a "
        "run that was never disturbed. With `--wait-for-disk` (60 seconds where nothing is said) a run waits for room "
        "and goes on by itself.",
    ])
    findings.rows += refused(trial, faults)
    findings.rows.append(half_written(trial, faults))
    findings.rows.append(room_again(trial, faults))
    findings.rows += small_disk(trial)
    findings.rows.append(read_only(trial))
    findings.rows += limits(trial)
    findings.rows.append(taken_away(trial))
    trial.begin()
    return findings
