"""Downloads from a server that misbehaves in every way it knows.

`adjoint data fetch mnist` asks for its official addresses; by the usual environment variables it is sent to a proxy on
this machine, which refuses the encrypted addresses and plays the server of the plain one.
"""

import hashlib
import http.server
import os
import random
import shutil
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from trials import Context, Findings, Row

FILES = {
    "train-images-idx3-ubyte.gz": 9_912_422, "train-labels-idx1-ubyte.gz": 28_881,
    "t10k-images-idx3-ubyte.gz": 1_648_877, "t10k-labels-idx1-ubyte.gz": 4_542,
}
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
FIRST = "train-images-idx3-ubyte.gz"
ELSEWHERE = [
    "http://example.org/x.gz", "https://yann.lecun.com/x.gz", "file:///etc/passwd", "ftp://yann.lecun.com/x.gz",
    "http://yann.lecun.com:8080/x.gz", "http://yann.lecun.com@example.org/x.gz", "//example.org/x.gz",
    "http://yann.lecun.com.example.org/x.gz", "gopher://yann.lecun.com/x",
]
NO_INPUT, BAD_DATA = 66, 65


class Server(http.server.ThreadingHTTPServer):
    """Answers each request with `answer(handler, name)`."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = None
        self.asked: list[str] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def proxy(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request, address):
        """That a client goes is no error."""


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.answer(self, self.path.rsplit("/", 1)[1])

    def do_CONNECT(self):
        self.send_error(502)

    def begin(self, status: int, length: int | None = None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *words):
        pass


class Trial:
    """A cache folder, a server, and what is left in the folder when a download has ended."""

    def __init__(self, context: Context, server: Server):
        self.context, self.server = context, server
        self.cache = context.output / "cache"
        self.folder = self.cache / "adjoint" / "mnist"
        self.wrong: list[str] = []
        self.tried = 0
        shutil.rmtree(self.cache, ignore_errors=True)

    def environment(self, proxy: str | None = None) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        proxy = proxy or self.server.proxy
        return {
            **kept, "XDG_CACHE_HOME": str(self.cache), "http_proxy": proxy, "https_proxy": proxy,
            "HTTPS_PROXY": proxy, "no_proxy": ""}

    def fetch(self, answer, expected: tuple[int, ...], proxy: str | None = None, timeout: float = 120) -> str:
        self.tried += 1
        self.server.answer = answer
        self.server.asked.clear()
        try:
            process = self.context.run("data", "fetch", "mnist", env=self.environment(proxy), timeout=timeout)
        except subprocess.TimeoutExpired:
            self.wrong.append(f"did not end within {timeout:g} s")
            return ""
        if process.returncode not in expected:
            self.wrong.append(f"exit {process.returncode}: {process.stderr.strip()[-200:]}")
        self.check()
        return process.stderr

    def check(self, is_over: bool = True):
        """Whatever has a file's name has been verified; what has not is gone, or plainly called a part."""
        for file in self.folder.iterdir() if self.folder.exists() else []:
            is_part = file.name.endswith(".part")
            if is_part and not is_over:
                continue
            if is_part or hashlib.sha256(file.read_bytes()).hexdigest() != SHA256.get(file.name):
                self.wrong.append(f"{file.name} was kept")
                file.unlink()

    def row(self, what: str, remark: str = "") -> Row:
        shutil.rmtree(self.cache, ignore_errors=True)
        return Row(what, self.tried, len(self.wrong), "; ".join(self.wrong[:3]) or remark)


def run(context: Context) -> Findings:
    findings = Findings("Downloads", [
        "`adjoint data fetch mnist` is sent to a server on this machine that plays the official one. After each trial "
        "the folder is looked through: a file that is not, byte for byte, the published one must not be there, and "
        "nothing half-done either."])
    server, draw = Server(), random.Random(context.seed)
    real = genuine(context)
    for trial in (wrong_checksums, truncated_bodies, longer_bodies, redirects, refusals, slow_servers, no_network, kills):
        findings.rows.append(trial(context, Trial(context, server), draw, real))
    server.shutdown()
    return findings


def genuine(context: Context) -> dict[str, bytes]:
    """The published files, as far as they are at hand."""
    found = {}
    for name, digest in SHA256.items():
        for folder in filter(None, [context.data and context.data / "mnist", context.data]):
            file = folder / name
            if file.exists() and hashlib.sha256(file.read_bytes()).hexdigest() == digest:
                found[name] = file.read_bytes()
    return found


def body(name: str, draw: random.Random, real: dict[str, bytes]) -> bytes:
    """The published bytes, or as many of the program's own choice."""
    return real.get(name) or draw.randbytes(FILES[name])


def wrong_checksums(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    def answer(handler: Handler, name: str):
        data = bytearray(body(name, draw, real))
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
        handler.begin(200, len(data))
        handler.wfile.write(data)

    for _ in range(context.count(50)):
        said = trial.fetch(answer, (BAD_DATA,))
        if "expected SHA-256" not in said:
            trial.wrong.append("the checksum is not named")
    return trial.row("one bit of the body is wrong")


def truncated_bodies(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    for number in range(context.count(100)):
        def answer(handler: Handler, name: str):
            data = body(name, draw, real)
            cut = draw.randrange(len(data))
            # With the length of the whole promised, that of the part, or none.
            handler.begin(200, [len(data), cut, None][number % 3])
            handler.wfile.write(data[:cut])

        trial.fetch(answer, (BAD_DATA, NO_INPUT))
    return trial.row("the body is cut short")


def longer_bodies(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    for number in range(context.count(20)):
        def answer(handler: Handler, name: str):
            handler.begin(200, FILES[name] * 3 if number % 2 else None)
            piece = bytes(1 << 20)
            for _ in range(FILES[name] * 3 // len(piece) + 1):
                handler.wfile.write(piece)

        trial.fetch(answer, (NO_INPUT,))
    return trial.row("the body is longer than the file")


def redirects(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    for number in range(context.count(5 * len(ELSEWHERE))):
        target = ELSEWHERE[number % len(ELSEWHERE)]

        def answer(handler: Handler, name: str):
            if name != FIRST:
                handler.begin(200, 4)
                handler.wfile.write(b"data")
            else:
                handler.begin([301, 302, 303, 307, 308][number % 5], 0, Location=target)

        trial.fetch(answer, (NO_INPUT,))
        if any(not path.endswith(FIRST) for path in trial.server.asked):
            trial.wrong.append(f"{target} was asked")
    return trial.row("redirects to another host, port or scheme")


def refusals(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    for number in range(context.count(30)):
        def answer(handler: Handler, name: str):
            handler.begin([204, 206, 304, 400, 401, 403, 404, 429, 500, 503][number % 10], 0)

        trial.fetch(answer, (NO_INPUT,))
    return trial.row("answers without a file")


def slow_servers(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    """One that accepts and says nothing, one that stops in the middle; twenty seconds are waited."""
    for number in range(context.count(6)):
        stop = threading.Event()

        def answer(handler: Handler, name: str):
            if number % 2:
                data = body(name, draw, real)
                handler.begin(200, len(data))
                handler.wfile.write(data[:5000])
                handler.wfile.flush()
            stop.wait(90)

        started = time.monotonic()
        trial.fetch(answer, (NO_INPUT,), timeout=90)
        stop.set()
        if time.monotonic() - started > 60:
            trial.wrong.append("waited for more than a minute")
    return trial.row("the server stops answering")


def no_network(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        for _ in range(context.count(20)):
            said = trial.fetch(None, (NO_INPUT,), proxy=f"http://127.0.0.1:{closed.getsockname()[1]}")
            if "put the files into" not in said:
                trial.wrong.append("what to do is not said")
    return trial.row("no network")


def kills(context: Context, trial: Trial, draw: random.Random, real: dict[str, bytes]) -> Row:
    """Killed in the middle; the next one begins anew, and with the published files at hand comes to its end."""
    for number in range(context.count(50)):
        stop = threading.Event()

        def slow(handler: Handler, name: str):
            data = body(name, draw, real)
            handler.begin(200, len(data))
            for first in range(0, len(data), 1 << 16):
                handler.wfile.write(data[first:first + (1 << 16)])
                if stop.wait(0.01):
                    return

        trial.tried += 1
        trial.server.answer = slow
        process = subprocess.Popen(
            [context.adjoint, "data", "fetch", "mnist"], env=trial.environment(), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(draw.uniform(0.05, 2))
        # Sometimes its child goes on for a while.
        if number % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        stop.set()
        trial.check(is_over=False)

        def fast(handler: Handler, name: str):
            data = body(name, draw, real)
            handler.begin(200, len(data))
            handler.wfile.write(data)

        trial.fetch(fast, (0,) if len(real) == len(FILES) else (BAD_DATA,))
        if len(real) == len(FILES):
            missing = set(FILES) - {file.name for file in trial.folder.iterdir()}
            if missing:
                trial.wrong.append(f"{', '.join(sorted(missing))} missing at the end")
            shutil.rmtree(trial.folder)
    remark = "" if len(real) == len(FILES) else "the published files were not at hand: the end is a wrong checksum"
    return trial.row("killed while it downloads, then started again", remark)
