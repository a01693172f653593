"""The whole test suite under the address, undefined-behaviour and thread sanitizers.

Each is a build for release, Swift and C++, in a scratch folder of its own, one after the other. The libraries below (oneDNN, OpenBLAS, libgomp, libpng, …)
are those of the system and not instrumented: what they write out of bounds is seen only where the allocator is ours to
watch (address), and what happens between their threads is not seen at all (thread).
"""

import dataclasses
import os
import re
import shutil
import subprocess
from pathlib import Path

from trials import Context, Findings, Row

SOURCES = Path(__file__).resolve().parents[2]
SUPPRESSIONS = Path(__file__).resolve().parent.parent / "suppressions"
# What is tried where there is little time.
SHORT_FILTER = "TensorsTests"
SHORT = 0.5


@dataclasses.dataclass
class Sanitizer:
    """How one is switched on, and how its reports begin."""

    name: str
    title: str
    report: str
    flags: list[str]
    options: dict[str, str]


def sanitizers() -> list[Sanitizer]:
    # Leaks are looked for by the long runs: of what a static variable holds through a pointer that Swift has put a tag
    # into (indirect cases of an enumeration), the sanitizer believes that it is lost.
    address = "detect_leaks=0:abort_on_error=0:detect_stack_use_after_return=0:allocator_may_return_null=1"
    return [
        # Swift has no undefined-behaviour sanitizer: where C++ would go on, it stops. One build serves both.
        Sanitizer("address", "address and undefined-behaviour sanitizers",
                  r"ERROR: AddressSanitizer: .*|runtime error: .*",
                  ["-Xcxx", "-fsanitize=undefined", "-Xcxx", "-fno-sanitize=vptr"],
                  {"ASAN_OPTIONS": address, "UBSAN_OPTIONS": "print_stacktrace=1"}),
        Sanitizer("thread", "thread sanitizer", r"WARNING: ThreadSanitizer: .*", [],
                  {"TSAN_OPTIONS": f"suppressions={SUPPRESSIONS / 'thread.txt'}:allocator_may_return_null=1"}),
    ]


def run(context: Context) -> Findings:
    findings = Findings(
        title="Sanitizers",
        said=[
            "The whole test suite, built for release with each sanitizer, its processes that are meant to stop included. "
            "Libraries of the system are not instrumented: of their memory the address sanitizer sees what it "
            "allocates and frees, of their threads the thread sanitizer sees nothing.",
            "Left out are what a sanitizer changes: how much memory a reader takes, whether a batch is ready in time, and, "
            "with the thread sanitizer, whose memory is a file, a limit on the size of files.",
            *explained(SUPPRESSIONS / "thread.txt"),
        ])
    for sanitizer in sanitizers():
        findings.rows.append(check(context, sanitizer))
    return findings


def explained(file: Path) -> list[str]:
    """The suppressions with their reasons, which stand above each as a comment."""
    reasons, said = [], []
    for line in file.read_text().splitlines():
        if line.startswith("#"):
            reasons.append(line.lstrip("# "))
        elif line:
            said.append(f"Not reported: `{line}`." + (f" {' '.join(reasons)}" if reasons else ""))
        if not line.startswith("#"):
            reasons = []
    return said or ["Nothing is suppressed."]


def check(context: Context, sanitizer: Sanitizer) -> Row:
    """Builds and runs the tests with one sanitizer."""
    scratch = context.output / sanitizer.name
    log = context.output / f"{sanitizer.name}.log"
    build = ["swift", "build", "-c", "release", "--build-tests", "--sanitize", sanitizer.name, "--scratch-path", scratch,
             "-Xswiftc", "-enable-testing", "--jobs", str(len(os.sched_getaffinity(0))), *sanitizer.flags]
    with log.open("w") as output:
        built = subprocess.run(
            list(map(str, build)), cwd=SOURCES, stdout=output, stderr=subprocess.STDOUT, timeout=2 * 3600)
    if built.returncode != 0:
        return Row(sanitizer.title, 1, 1, f"the build ended with {built.returncode}: {log}")
    program = scratch / "release" / "AdjointPackageTests.xctest"
    words = [program, "--testing-library", "swift-testing", "--no-parallel"]
    if context.scale < SHORT:
        words += ["--filter", SHORT_FILTER]
    with log.open("w") as output:
        ran = subprocess.run(
            list(map(str, words)), cwd=SOURCES, stdout=output, stderr=subprocess.STDOUT, timeout=4 * 3600,
            env=os.environ | sanitizer.options)
    text = log.read_text(errors="replace")
    reports = re.findall(sanitizer.report, text)
    failed = re.findall(r"^✘ Test (?!run).*failed after.*$", text, re.MULTILINE)
    tests = re.search(r"Test run with (\d+) tests?", text)
    # The build takes gigabytes, and nobody looks at it again.
    shutil.rmtree(scratch, ignore_errors=True)
    tried = int(tests[1]) if tests else 1
    broken = len(reports) + len(failed) or int(ran.returncode != 0)
    first = (reports + failed + [f"ended with {ran.returncode}: {log}"])[0] if broken else ""
    return Row(f"tests under the {sanitizer.title}", tried, broken, f"first: {first.strip()}" if first else "")
