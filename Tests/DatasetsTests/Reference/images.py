"""Writes images.json: small picture files made by Pillow, and what Pillow reads from them or makes of them.

    python images.py > images.json

Pillow 13.0.0. Files are in base64, pixels row by row.
"""

import base64
import io
import json

import numpy as np
from PIL import Image

generator = np.random.default_rng(4)
files, pixels = {}, {}


def png(name, image):
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    files[name] = base64.b64encode(buffer.getvalue()).decode()


def jpeg(name, image, **options):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", **options)
    files[name] = base64.b64encode(buffer.getvalue()).decode()
    keep(name, Image.open(buffer))


def keep(name, image):
    pixels[name] = np.asarray(image).ravel().tolist()


colour = generator.integers(0, 256, (3, 5, 3), dtype=np.uint8)
grey = generator.integers(0, 256, (3, 5), dtype=np.uint8)
alpha = np.array([[0, 255, 128, 255, 0]] * 3, dtype=np.uint8)
png("rgb", Image.fromarray(colour))
png("grey", Image.fromarray(grey))
png("alpha", Image.fromarray(np.dstack([colour, alpha]), "RGBA"))
palette = Image.fromarray(colour).quantize(16)
png("palette", palette)
png("bit", Image.fromarray((grey > 127)).convert("1"))
png("grey16", Image.fromarray(grey.astype(np.uint16) * 257))
keep("rgb", colour)
keep("grey", grey)
keep("palette", palette.convert("RGB"))
keep("luma", Image.fromarray(colour).convert("L"))

y, x = np.mgrid[0:10, 0:14]
photo = np.stack([x * 16, y * 24, 255 - x * 8 - y * 9], -1).astype(np.uint8)
jpeg("jpeg", Image.fromarray(photo), quality=90, subsampling=0)
jpeg("jpeg_progressive", Image.fromarray(photo), quality=80, progressive=True, subsampling=2)
jpeg("jpeg_grey", Image.fromarray(photo[..., 0]), quality=85)
jpeg("jpeg_cmyk", Image.fromarray(photo).convert("CMYK"), quality=60)

large = generator.integers(0, 256, (9, 13, 3), dtype=np.uint8)
keep("large", large)
for height, width in [(4, 4), (5, 20), (18, 6)]:
    keep(f"large_{height}x{width}", Image.fromarray(large).resize((width, height), Image.BILINEAR))

print(json.dumps({"files": files, "pixels": pixels}))
