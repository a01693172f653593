"""Writes augmentation.json: what NumPy, PyTorch and Python's colorsys make of small images.

    python augmentation.py        (needs torch and numpy)

Every case has the image's bytes [height, width, channels], the numbers of the transformation and the values it
comes to, unrounded; Adjoint's bytes have to be the nearest.
"""

import colorsys
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

RANDOM = np.random.RandomState(4)
CASES = []


def image(height, width, channels):
    bytes_ = RANDOM.randint(0, 256, size=(height, width, channels))
    # Black, white and grey have no hue.
    bytes_[0, 0], bytes_[-1, -1], bytes_[0, -1] = 0, 255, 77
    return bytes_


def case(kind, pixels, numbers, values):
    CASES.append(
        {
            "kind": kind,
            "shape": list(pixels.shape),
            "pixels": pixels.reshape(-1).tolist(),
            "numbers": numbers,
            "values": [round(float(v), 4) for v in np.asarray(values).reshape(-1)],
        }
    )


def geometry():
    for height, width, channels in [(4, 4, 3), (5, 5, 1), (1, 1, 3)]:
        x = image(height, width, channels)
        for quarters in range(4):
            case("turn", x, [quarters], np.rot90(x, quarters))
    for height, width, channels in [(3, 5, 1), (4, 2, 3), (1, 3, 3)]:
        x = image(height, width, channels)
        case("turn", x, [2], np.rot90(x, 2))
        for padding, mode in [(2, "constant"), (2, "reflect"), (7, "reflect")]:
            border = np.pad(x, [(padding, padding)] * 2 + [(0, 0)], mode)
            for top, left in [(0, 0), (1, -2), (-2, 1), (padding, -padding)]:
                window = border[padding + top :, padding + left :][:height, :width]
                case("move-" + mode, x, [top, left], window)


def enlargement():
    for height, width, channels in [(6, 7, 3), (8, 8, 1), (5, 1, 1)]:
        x = image(height, width, channels)
        tensor = torch.tensor(x, dtype=torch.float64).permute(2, 0, 1)[None]
        for top, left, rows, columns in [(0, 0, 3, 1), (1, 0, 4, 1), (2, 0, 2, width), (4, 0, 1, 1),
                                         (1, width // 2, 3, width - width // 2)]:
            part = tensor[:, :, top : top + rows, left : left + columns]
            large = F.interpolate(part, (height, width), mode="bilinear", align_corners=False)
            case("enlarge", x, [top, left, rows, columns], large[0].permute(1, 2, 0).numpy())


def colours():
    def grey(x):
        return 0.2989 * x[..., 0] + 0.587 * x[..., 1] + 0.114 * x[..., 2]

    for channels in (3, 1):
        x = image(5, 4, channels)
        mean = np.mean(grey(x) if channels == 3 else x)
        for factor in (0, 0.3, 1.7):
            case("brightness", x, [factor], np.clip(factor * x, 0, 255))
            case("contrast", x, [factor], np.clip(factor * x + (1 - factor) * mean, 0, 255))
            blend = factor * x + (1 - factor) * grey(x)[..., None] if channels == 3 else x
            case("saturation", x, [factor], np.clip(blend, 0, 255))
    x = image(6, 6, 3)
    for turns in (-0.5, -0.31, -0.02, 0.1, 0.25, 0.5):
        turned = np.zeros(x.shape)
        for place in np.ndindex(*x.shape[:2]):
            hue, saturation, value = colorsys.rgb_to_hsv(*(x[place] / 255))
            turned[place] = np.array(colorsys.hsv_to_rgb((hue + turns) % 1, saturation, value)) * 255
        case("hue", x, [turns], turned)


def stains():
    rows = np.array([[0.65, 0.704, 0.286], [0.072, 0.99, 0.105]])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    rest = np.cross(rows[0], rows[1])
    stain = np.vstack([rows, rest / np.linalg.norm(rest)])
    x = image(5, 6, 3)
    for scales, shifts in [([1, 1], [0, 0]), ([1.2, 1], [0, 0]), ([1, 0.7], [0, 0]),
                           ([1, 1], [0.1, -0.1]), ([0.9, 1.1], [-0.05, 0.2])]:
        shares = -np.log((x + 1) / 256) @ np.linalg.inv(stain)
        shares[..., :2] = shares[..., :2] * scales + shifts
        case("stain", x, scales + shifts, np.clip(256 * np.exp(-(shares @ stain)) - 1, 0, 255))


def main():
    for group in (geometry, enlargement, colours, stains):
        group()
    lines = ",\n".join(json.dumps(c, separators=(",", ":")) for c in CASES)
    path = pathlib.Path(__file__).with_name("augmentation.json")
    path.write_text(f"[\n{lines}\n]\n")
    print(f"{path.name}: {len(CASES)} cases, {path.stat().st_size / 1024:.0f} KB")


if __name__ == "__main__":
    main()
