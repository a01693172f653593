"""Files that ask for far more memory than they have bytes, and what the tool makes of them."""

import gzip
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

from trials import Context, Row

# What the tool takes in the worst case, beside four times the file.
ALLOWANCE = 64_000_000


def rows(context: Context) -> list[Row]:
    folder = context.output / "bombs"
    folder.mkdir(exist_ok=True)
    idle = peak(context, ["list"])[1]
    found = []
    for name, make in BOMBS.items():
        place = folder / name.replace(" ", "-")
        place.mkdir(exist_ok=True)
        file, words = make(place)
        status, memory, said = peak(context, words)
        grown, allowed = memory - idle, 4 * file.stat().st_size + ALLOWANCE
        failed = status != 65 or grown > allowed or str(file.name) not in said
        found.append(Row(
            f"the tool and a {name}", 1, int(failed),
            f"{file.stat().st_size / 1e6:.1f} MB in the file, {max(grown, 0) / 1e6:.0f} MB taken, "
            f"{allowed / 1e6:.0f} allowed" + (f"; exit {status}: {said.strip()[-300:]}" if failed else "")))
        file.unlink()
    return found


# What a process took at most counts what the one that started it had taken, so a small one starts it.
MEASURE = """
import os, subprocess, sys
with open(sys.argv[1], "w") as said:
    process = subprocess.Popen(sys.argv[2:], stdout=said, stderr=said)
    _, status, usage = os.wait4(process.pid, 0)
print(os.waitstatus_to_exitcode(status), usage.ru_maxrss * 1024)
"""


def peak(context: Context, words: list) -> tuple[int, int, str]:
    """Exit status, most memory in bytes, and what was said, of the tool with these words."""
    said = context.output / "bombs" / "said.txt"
    measured = subprocess.run(
        [sys.executable, "-c", MEASURE, said, context.adjoint, *map(str, words)], check=True, capture_output=True,
        text=True)
    status, memory = map(int, measured.stdout.split())
    return status, memory, said.read_text(errors="replace")


# MARK: the bombs; each returns the file and the words that make the tool read it

def packed_images(folder: Path):
    """Images of MNIST's form: 1 GB of zeros in 1 MB."""
    count = 1_300_000
    for part, number in (("train", count), ("t10k", 1)):
        with gzip.open(folder / f"{part}-images-idx3-ubyte.gz", "wb", 1) as file:
            file.write(struct.pack(">IIII", 0x803, number, 28, 28))
            for _ in range(number // 1000 + 1):
                file.write(bytes(784 * min(number, 1000)))
        with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz", "wb", 1) as file:
            file.write(struct.pack(">II", 0x801, number) + bytes(number))
    return folder / "train-images-idx3-ubyte.gz", ["data", "inspect", "mnist", "--data-dir", folder]


def packed_arrays(folder: Path):
    """Arrays of MedMNIST's form, a gigabyte of zeros."""
    path = folder / "pneumoniamnist.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in ("train", "val", "test"):
            for kind, shape in (("images", "(400000, 28, 28)"), ("labels", "(400000, 1)")):
                with archive.open(f"{part}_{kind}.npy", "w") as member:
                    member.write(npy_header("|u1", shape))
                    for _ in range(400):
                        member.write(bytes(1000 * (784 if kind == "images" else 1)))
    return path, ["data", "inspect", "pneumoniamnist", "--data-dir", folder]


def stored_labels(folder: Path):
    """A hundred megabytes of labels, each of which would become eight bytes."""
    path = folder / "pneumoniamnist.npz"
    with zipfile.ZipFile(path, "w") as archive:
        for part in ("train", "val", "test"):
            count = 100_000_000 if part == "train" else 1
            archive.writestr(f"{part}_labels.npy", npy_header("|u1", f"({count}, 1)") + bytes(count))
            archive.writestr(f"{part}_images.npy", npy_header("|u1", f"({count}, 28, 28)") + bytes(784))
    return path, ["data", "inspect", "pneumoniamnist", "--data-dir", folder]


def npy_header(kind: str, shape: str) -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}"
    text += " " * ((64 - (10 + len(text) + 1) % 64) % 64) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def weights(path: Path) -> list:
    array = path.parent / "input.npy"
    array.write_bytes(npy_header("<f4", "(1, 32, 32, 3)") + bytes(4 * 3072))
    return [
        "predict", "--model", "resnet20", "--weights", path, "--input", array, "--output", path.parent / "output.npy"]


def bytes_as_weights(folder: Path):
    """A hundred megabytes of bytes as a tensor of a safetensors file: four times that in memory, and of no use."""
    path = folder / "weights.safetensors"
    header = b'{"x":{"dtype":"U8","shape":[100000000],"data_offsets":[0,100000000]}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header + bytes(100_000_000))
    return path, weights(path)


def long_header(folder: Path):
    """A safetensors header of 90 MB."""
    path = folder / "weights.safetensors"
    header = b'{"__metadata__":{"x":"' + b"\\n" * 45_000_000 + b'"}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    return path, weights(path)


def packed_weights(folder: Path):
    """A zip file of PyTorch with a storage of a gigabyte of zeros."""
    path = folder / "weights.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        with archive.open("a/data/0", "w") as member:
            for _ in range(1000):
                member.write(bytes(1_000_000))
    return path, weights(path)


def directory(file, count: int) -> tuple[int, int]:
    """Writes a local header and the directory of so many members of nothing; returns where it begins and ends."""
    file.write(b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, 0, 0, 33, 0, 0, 0, 1, 0) + b"a")
    start = file.tell()
    for first in range(0, count, 10_000):
        file.write(b"".join(
            b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, 0, 0, 33, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0)
            + b"%08d" % number for number in range(first, first + 10_000)))
    return start, file.tell()


def many_members(folder: Path):
    """A zip file with two million members of nothing, whose directory is all there is."""
    path, count = folder / "weights.pth", 2_000_000
    with path.open("wb") as file:
        start, end = directory(file, count)
        file.write(b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, count, count, end - start, start))
        file.write(b"PK\x06\x07" + struct.pack("<IQI", 0, end, 1))
        file.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 65535, 65535, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    return path, weights(path)


def wrapped_members(folder: Path):
    """The same without records of 64 bits: the count begins again from 0 at each 65,536."""
    path, count = folder / "weights.pth", 2_000_000
    with path.open("wb") as file:
        start, end = directory(file, count)
        wrapped = count % 65_536
        file.write(b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, wrapped, wrapped, end - start, start, 0))
    return path, weights(path)


def many_ends(folder: Path):
    """A directory of 60,000 members, and 2,978 ends that each lead to it."""
    path, count = folder / "weights.pth", 60_000
    with path.open("wb") as file:
        start, end = directory(file, count)
        file.write(2_978 * (b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, count, count, end - start, start, 0)))
    return path, weights(path)


def pickle_of_instructions(folder: Path):
    """Two million instructions that each keep something."""
    path = folder / "weights.pth"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x04}" + b"\x94" * 2_000_000 + b".")
    return path, weights(path)


def lines_of_a_table(folder: Path):
    """A table whose header promises 9,000 numbers in each of ten million empty lines."""
    path = folder / "ETTh1.csv"
    path.write_bytes(b"date," + b",".join(b"n%d" % name for name in range(9000)) + b"\n" * 10_000_000)
    return path, ["data", "inspect", "ett", "--data-dir", folder]


def commas_of_a_table(folder: Path):
    path = folder / "ETTh1.csv"
    path.write_bytes(b"date" + b"," * 50_000_000 + b"\n")
    return path, ["data", "inspect", "ett", "--data-dir", folder]


BOMBS: dict[str, Callable] = {
    "gzip bomb of images": packed_images,
    "zip bomb of arrays": packed_arrays,
    "file of labels": stored_labels,
    "tensor of bytes": bytes_as_weights,
    "header of 90 MB": long_header,
    "zip bomb of weights": packed_weights,
    "directory of two million members": many_members,
    "directory whose count begins again": wrapped_members,
    "directory with 2,978 ends": many_ends,
    "pickle of two million instructions": pickle_of_instructions,
    "table of empty lines": lines_of_a_table,
    "table of commas": commas_of_a_table,
}
