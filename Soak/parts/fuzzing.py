"""Coverage-guided fuzzing of every reader with libFuzzer, and bombs that the tool is given.

The package Soak/Fuzzing is built with address sanitizer in Swift and C++, undefined-behaviour sanitizer in C++. An
input that stops a reader, takes more than ten seconds, or lets it ask for more than 64 MB at once is a finding; it is
left in the part's folder. The fewest inputs that reach all that was reached are in READER/kept; what is new in it
belongs into Soak/Fuzzing/Corpus, which the tests read.
"""

import os
import re
import shutil
import subprocess
import time
from pathlib import Path

import bombs
from trials import Context, Findings, Row

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "Soak" / "Fuzzing"
SECONDS = 3600
# Where one finding follows another there is no use in looking for more.
MOST_FINDINGS = 5
# Of several `-sanitize=` Swift heeds the last. GNU's gold stops at the debugging information of a fuzzer.
FLAGS = [
    "-Xswiftc", "-sanitize=fuzzer,address", "-Xswiftc", "-enable-testing",
    "-Xcxx", "-fsanitize=address,undefined", "-Xcxx", "-fno-sanitize-recover=undefined",
    "-Xcc", "-fno-omit-frame-pointer", "-Xswiftc", "-Xclang-linker", "-Xswiftc", "-fuse-ld=lld",
]


def run(context: Context) -> Findings:
    findings = Findings("Hostile files", [
        "libFuzzer makes inputs for every reader, guided by what of the reader's code they reach, beginning with the "
        "inputs in `Soak/Fuzzing/Corpus`; checksums are made right before an input is read, so that what lies behind "
        "them is tried too. Built with address sanitizer, C++ with undefined-behaviour sanitizer. At most 64 MB may be "
        "asked for at once.",
        "Then the tool itself is given bombs; what its memory grows by over that of a harmless command has to stay "
        "below four times the file's size and 64 MB."])
    program = build(context.output / "build")
    readers = sorted(folder.name for folder in (PACKAGE / "Corpus").iterdir() if folder.is_dir())
    for reader in readers:
        findings.rows.append(fuzz(context, program, reader, max(5, SECONDS * context.scale / len(readers))))
    findings.rows += bombs.rows(context)
    return findings


def build(scratch: Path) -> Path:
    words = ["swift", "build", "--package-path", PACKAGE, "--scratch-path", scratch, "-c", "release", *FLAGS]
    subprocess.run([*words, "--product", "Fuzz"], check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run(
        [*words, "--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    return Path(folder) / "Fuzz"


def fuzz(context: Context, program: Path, reader: str, seconds: float) -> Row:
    """Fuzzes one reader for so long; goes on after a finding."""
    folder = context.output / reader
    grown = folder / "corpus"
    grown.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + seconds
    executed, coverage, found = 0, 0, []
    while (left := end - time.monotonic()) > 1 and len(found) < MOST_FINDINGS:
        process = subprocess.run(
            [program, f"-max_total_time={int(left)}", "-max_len=8192", "-timeout=10", "-malloc_limit_mb=64",
             "-rss_limit_mb=1024", "-print_final_stats=1", f"-seed={context.seed + len(found) + 1}",
             f"-artifact_prefix={folder}/", grown, PACKAGE / "Corpus" / reader],
            capture_output=True, text=True, errors="replace", env=environment(reader))
        log = process.stderr
        (folder / f"log-{len(found)}.txt").write_text(log)
        executed += number(r"stat::number_of_executed_units:\s*(\d+)", log)
        coverage = max(coverage, number(r".*\bcov: (\d+)", log))
        if process.returncode == 0:
            break
        found += re.findall(r"Test unit written to (\S+)", log) or [f"exit {process.returncode}"]
    kept = folder / "kept"
    shutil.rmtree(kept, ignore_errors=True)
    kept.mkdir()
    subprocess.run(
        [program, "-merge=1", "-use_counters=0", kept, PACKAGE / "Corpus" / reader, grown],
        check=True, capture_output=True, env=environment(reader))
    names = ", ".join(Path(name).name for name in found)
    return Row(
        f"fuzzing of {reader}", executed, len(found),
        f"{round(seconds)} s, {coverage:,} edges reached" + (f"; {names}" if names else ""))


def environment(reader: str) -> dict[str, str]:
    return {
        **os.environ, "READER": reader, "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=0",
        "UBSAN_OPTIONS": "halt_on_error=1"}


def number(pattern: str, text: str) -> int:
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0
