#!/usr/bin/env python3
"""Long trials of `adjoint`: kills, disks that fill, damaged and hostile files, sanitizers, long runs, busy machines.

    python3 Soak/soak.py --adjoint .build/release/adjoint --output FOLDER [--data FOLDER] [--only PART …]

Each part leaves its findings in OUTPUT/PART.json; those of parts that are not run again are kept. From all of
them Documentation/RELIABILITY.md is written, if `--report` names it. Ends with 1 if anything was lost.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from trials import Context, Findings, environment_without_data  # noqa: E402

# In the order of the page. A part is a module of that name in parts/ with `run(context) -> Findings`.
PARTS = [
    "kills", "disk", "damaged_files", "fuzzing", "sanitizers", "determinism", "long_runs", "busy_machine",
    "odd_numbers", "interruption", "downloads",
]

# They build, with packages out of the user's cache. In all others a data set of the user's would take the place of the
# few drawn images that they speak of.
BUILDING = {"damaged_files", "fuzzing", "sanitizers"}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--adjoint", type=Path, required=True, help="the tool, built for release")
    parser.add_argument("--output", type=Path, required=True, help="folder for runs and findings")
    parser.add_argument("--data", type=Path, help="folder with data sets; drawn data where there is none")
    parser.add_argument("--only", nargs="*", choices=PARTS, default=PARTS, help="parts to run")
    parser.add_argument("--scale", type=float, default=1, help="part of the trials to make, 1 for all of them")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and places that are drawn")
    parser.add_argument("--report", type=Path, help="page to write, in Markdown")
    given = parser.parse_args()
    output = given.output.resolve()
    output.mkdir(parents=True, exist_ok=True)

    failed = 0
    users = dict(os.environ)
    for part in given.only:
        folder = output / part
        folder.mkdir(exist_ok=True)
        context = Context(
            adjoint=given.adjoint.resolve(), output=folder, data=given.data and given.data.resolve(),
            scale=given.scale, seed=given.seed)
        os.environ.clear()
        os.environ.update(users if part in BUILDING else environment_without_data(users, folder))
        print(f"soak: {part}", flush=True)
        started = time.monotonic()
        findings = importlib.import_module(f"parts.{part}").run(context)
        findings.minutes = round((time.monotonic() - started) / 60, 1)
        findings.scale = given.scale
        findings.write(output / f"{part}.json")
        for row in findings.rows:
            print(f"soak: {part}: {row.what}: {row.tried} tried, {row.failed} failed. {row.remark}", flush=True)
        failed += sum(row.failed for row in findings.rows)

    if given.report is not None:
        found = [Findings.read(output / f"{part}.json") for part in PARTS if (output / f"{part}.json").exists()]
        given.report.write_text(page(found, given.adjoint))
    return 1 if failed else 0


def page(found: list[Findings], adjoint: Path) -> str:
    """All findings as one page of Markdown."""
    lines = [
        "# Reliability",
        "",
        "What was tried to make Adjoint lose work, load what is wrong or fall over, how often, and what came of it.",
        "`make soak` runs it all and writes this file; a short form of each part but the sanitizers and the busy machine is",
        "in `make test`. Parts whose figures are no times may have run beside one another.",
        "",
        "| part | tried | failed | minutes |",
        "| --- | ---: | ---: | ---: |",
    ]
    for findings in found:
        tried, failed = (sum(getattr(row, name) for row in findings.rows) for name in ("tried", "failed"))
        lines.append(f"| {findings.title} | {tried:,} | {failed:,} | {findings.minutes:,} |")
    for findings in found:
        lines += ["", f"## {findings.title}", "", "\n\n".join(findings.said), "", "| trial | tried | failed | |", "| --- | ---: | ---: | --- |"]
        lines += [f"| {row.what} | {row.tried:,} | {row.failed:,} | {row.remark} |" for row in findings.rows]
        if findings.scale != 1:
            lines += ["", f"Run with `--scale {findings.scale:g}`."]
    version = subprocess.run([adjoint, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines += ["", "## Circumstances", "", f"- {processor()}, {len(os.sched_getaffinity(0))} processors",
              f"- Adjoint {version}, Linux {platform.release().split('-')[0]}, {time.strftime('%Y-%m-%d')}", ""]
    return "\n".join(lines)


def processor() -> str:
    """The processor's name as the system has it."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


if __name__ == "__main__":
    sys.exit(main())
