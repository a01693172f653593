"""Makes the values of ReferencePNG.swift: PNG files built with struct and zlib alone, by the PNG specification.

Run: python png.py > ../ReferencePNG.swift
"""

import struct
import zlib


def chunk(name, data):
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png(width, height, depth, color_type, rows, extra=b""):
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    data = b"".join(b"\0" + bytes(row) for row in rows)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(data))
        + chunk(b"IEND", b"")
    )


palette = chunk(b"PLTE", bytes([10, 20, 30, 200, 100, 0]))
files = {
    # name: (file, width, height, channels, pixels)
    "grey": (
        png(3, 2, 8, 0, [[0, 1, 2], [128, 254, 255]]), 3, 2, 1, [0, 1, 2, 128, 254, 255]
    ),
    "rgb": (
        png(2, 2, 8, 2, [[255, 0, 0, 0, 255, 0], [0, 0, 255, 7, 8, 9]]),
        2, 2, 3, [255, 0, 0, 0, 255, 0, 0, 0, 255, 7, 8, 9],
    ),
    "bits": (png(8, 1, 1, 0, [[0b10110001]]), 8, 1, 1, [255, 0, 255, 255, 0, 0, 0, 255]),
    "grey16": (png(2, 1, 16, 0, [[0xAB, 0xAB, 0x01, 0x01]]), 2, 1, 1, [0xAB, 0x01]),
    "palette": (png(2, 1, 8, 3, [[1, 0]], palette), 2, 1, 3, [200, 100, 0, 10, 20, 30]),
    # Wholly opaque stays; wholly transparent becomes the white ground.
    "rgba": (png(2, 1, 8, 6, [[9, 8, 7, 255, 9, 8, 7, 0]]), 2, 1, 3, [9, 8, 7, 255, 255, 255]),
    "huge": (png(20000, 1, 8, 0, [[0] * 20000]), 20000, 1, 1, []),
}

print("// Made by Reference/png.py; do not edit.")
print("enum ReferencePNG {")
print("  static let files: [String: String] = [")
for name, (data, *_) in files.items():
    digits = data.hex()
    lines = [digits[i : i + 80] for i in range(0, len(digits), 80)]
    print(f'    "{name}":')
    print("\n".join(f'      {"+ " if i else ""}"{line}"' for i, line in enumerate(lines)) + ",")
print("  ]")
print()
print("  static let shapes: [String: (width: Int, height: Int, channels: Int)] = [")
for name, (_, width, height, channels, pixels) in files.items():
    if pixels:
        print(f'    "{name}": ({width}, {height}, {channels}),')
print("  ]")
print()
print("  static let pixels: [String: [UInt8]] = [")
for name, (*_, pixels) in files.items():
    if pixels:
        print(f'    "{name}": {pixels},')
print("  ]")
print("}")
