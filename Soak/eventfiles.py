"""TensorBoard's event files, read as TensorBoard reads them."""

import struct
from pathlib import Path


def _table() -> list[int]:
    table = []
    for index in range(256):
        for _ in range(8):
            index = (index >> 1) ^ 0x82F63B78 if index & 1 else index >> 1
        table.append(index)
    return table


CRC = _table()


def masked(content: bytes) -> int:
    """CRC-32C as records store it."""
    rest = 0xFFFFFFFF
    for byte in content:
        rest = (rest >> 8) ^ CRC[(rest ^ byte) & 0xFF]
    rest ^= 0xFFFFFFFF
    return (((rest >> 15) | (rest << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def records(content: bytes):
    """The whole records of a file; what a killed process left half-written at its end is passed over."""
    place = 0
    while place + 12 <= len(content):
        length, checksum = struct.unpack_from("<QI", content, place)
        if masked(content[place:place + 8]) != checksum:
            raise ValueError(f"byte {place}: the record's length is damaged")
        end = place + 12 + length
        if end + 4 > len(content):
            return
        if masked(content[place + 12:end]) != struct.unpack_from("<I", content, end)[0]:
            raise ValueError(f"byte {place}: the record's data are damaged")
        yield content[place + 12:end]
        place = end + 4


def fields(message: bytes):
    """The fields of a protocol-buffer message: number and value, an integer or bytes."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = varint()
        kind = key & 7
        if kind == 0:
            yield key >> 3, varint()
        else:
            length = {1: 8, 5: 4}.get(kind) or varint()
            yield key >> 3, message[place:place + length]
            place += length


def events(run: Path) -> dict[str, list[tuple[int, bytes]]]:
    """What TensorBoard shows of a run: for each tag its steps in the order of the files, each with its bytes.

    Files are read in the order of their names. Where a session starts, what was said before of its step and of later
    ones is forgotten. Wall times are left out.
    """
    seen: dict[str, list[tuple[int, bytes]]] = {}
    for file in sorted(run.glob("events.out.tfevents.*")):
        for record in records(file.read_bytes()):
            event = dict(fields(record))
            step = event.get(2, 0)
            if dict(fields(event.get(7, b""))).get(1) == 1:
                seen = {tag: [entry for entry in entries if entry[0] < step] for tag, entries in seen.items()}
            for _, value in fields(event.get(5, b"")):
                tag = dict(fields(value))[1].decode()
                seen.setdefault(tag, []).append((step, value))
    return {tag: entries for tag, entries in seen.items() if entries}
