"""Small files of every format with each byte flipped (one bit, all bits), and cut after each byte.

The trials are the Swift tests named DamageTests, which go through some of the positions in `make test`; here they go
through all of them and say how many there were.
"""

import os
import re
import subprocess
from pathlib import Path

from trials import Context, Findings, Row

REPOSITORY = Path(__file__).resolve().parents[2]
COUNTS = re.compile(
    r"^damage: (?P<name>.+): (?P<bytes>\d+) bytes, (?P<flips>\d+) flips, (?P<prefixes>\d+) prefixes, "
    r"(?P<refused>\d+) refused, (?P<loaded>\d+) loaded, (?P<failed>\d+) failed$")


def run(context: Context) -> Findings:
    findings = Findings("Damaged files", [
        "Of a small valid file of each format every byte is changed, once in one bit and once in all, and every prefix "
        "is taken. Each of these is read: it is an error that names the file (and the byte, row or member), or, where "
        "the format has no checksum or the byte does not matter, exactly what the bytes say. Two formats tell less: "
        "of a JPEG picture height, width and channels are compared, unless the byte is in the frame's header, which "
        "states them; of PyTorch's older file the numbers, where the byte is in a tensor. A change in that header, or "
        "elsewhere in that file, has to be an error or any value, in time. A crash, ten seconds, or another value is "
        "a failure."])
    program = build()
    every = max(1, round(1 / context.scale))
    process = subprocess.run(
        [program, "--testing-library", "swift-testing", "--no-parallel", "--filter", "DamageTests"],
        cwd=REPOSITORY, env={**os.environ, "ADJOINT_DAMAGE_EVERY": str(every)}, capture_output=True, text=True,
        errors="replace", timeout=6 * 3600)
    (context.output / "tests.txt").write_text(process.stdout + process.stderr)
    for counts in filter(None, map(COUNTS.match, process.stdout.splitlines())):
        flips, prefixes = int(counts["flips"]), int(counts["prefixes"])
        findings.rows.append(Row(
            counts["name"], flips + prefixes, int(counts["failed"]),
            f"{int(counts['bytes']):,} bytes: {flips:,} flips, {prefixes:,} prefixes; "
            f"{int(counts['refused']):,} refused, {int(counts['loaded']):,} loaded as they are"))
    findings.rows.sort(key=lambda row: row.what)
    failed = process.returncode != 0 and not any(row.failed for row in findings.rows)
    findings.rows.append(Row(
        "the tests end by themselves", 1, int(failed or not findings.rows),
        f"exit {process.returncode}" if failed else ""))
    return findings


def build() -> Path:
    """Builds the tests as `make test` does; returns the program."""
    words = ["swift", "build", "-c", "release", "-Xswiftc", "-enable-testing",
             "-debug-info-format", "none"]
    subprocess.run([*words, "--build-tests"], cwd=REPOSITORY, check=True, stdout=subprocess.DEVNULL)
    folder = subprocess.run(
        [*words, "--show-bin-path"], cwd=REPOSITORY, check=True, capture_output=True, text=True).stdout.strip()
    return Path(folder) / "AdjointPackageTests.xctest"
