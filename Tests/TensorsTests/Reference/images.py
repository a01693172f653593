"""Writes images.json: values and gradients of PyTorch for operations on images, as operations.py does.

    python images.py        (needs torch and numpy; torch's version is written into the file)

Images and windows are stored as Adjoint has them: [batch, height, width, channels] and [outputs, height, width,
inputs / groups], the window of a transposed convolution [inputs, height, width, outputs / groups].
"""

import json
import pathlib

import torch
import torch.nn.functional as F

import operations
from operations import case, normal


def geometry(stride=(1, 1), padding=(0, 0, 0, 0), dilation=(1, 1), groups=1):
    """Padding is top, left, bottom, right."""
    extent = lambda pair: {"height": pair[0], "width": pair[1]}
    return {
        "stride": extent(stride),
        "padding": dict(zip(("top", "left", "bottom", "right"), padding)),
        "dilation": extent(dilation),
        "groups": groups,
    }


def channels_first(x):
    return x.permute(0, 3, 1, 2)


def channels_last(x):
    return x.permute(0, 2, 3, 1)


def convolutions():
    for image, outputs, window, g in [
        ((1, 1, 1, 1), 1, (1, 1), geometry()),
        ((2, 3, 4, 5), 6, (1, 1), geometry()),
        ((2, 5, 6, 3), 4, (3, 3), geometry(padding=(1, 1, 1, 1))),
        ((1, 4, 5, 17), 33, (3, 2), geometry()),
        ((2, 7, 8, 3), 5, (3, 3), geometry(stride=(2, 2), padding=(1, 1, 1, 1))),
        ((1, 8, 9, 2), 3, (2, 3), geometry(stride=(3, 2))),
        ((1, 9, 8, 2), 3, (3, 3), geometry(padding=(2, 2, 2, 2), dilation=(2, 3))),
        ((1, 4, 4, 2), 3, (3, 3), geometry(padding=(0, 1, 2, 0))),
        ((2, 5, 4, 6), 9, (3, 3), geometry(padding=(1, 1, 1, 1), groups=3)),
        ((2, 5, 6, 16), 16, (3, 3), geometry(stride=(2, 2), padding=(1, 1, 1, 1), groups=16)),
        ((1, 4, 5, 3), 6, (3, 3), geometry(padding=(1, 1, 1, 1), groups=3)),
        # So small that every position sees all.
        ((3, 2, 2, 5), 7, (3, 3), geometry(padding=(1, 1, 1, 1))),
        ((3, 3, 2, 4), 5, (3, 2), geometry()),
    ]:
        top, left, bottom, right = g["padding"].values()
        options = dict(
            stride=tuple(g["stride"].values()),
            dilation=tuple(g["dilation"].values()),
            groups=g["groups"],
        )

        def convolve(x, w, b=None):
            padded = F.pad(channels_first(x), (left, right, top, bottom))
            return channels_last(F.conv2d(padded, channels_first(w), b, **options))

        x, w = normal(*image), normal(outputs, *window, image[3] // g["groups"])
        case("convolution", convolve, [x, w, normal(outputs)], {"geometry": g})
        case("convolution-without-bias", convolve, [x, w], {"geometry": g})


def transposed_convolutions():
    for image, outputs, window, g, added in [
        ((1, 1, 1, 1), 1, (1, 1), geometry(), (0, 0)),
        ((2, 3, 4, 3), 4, (2, 2), geometry(stride=(2, 2)), (0, 0)),
        ((1, 4, 3, 4), 6, (3, 2), geometry(stride=(2, 2), padding=(1, 1, 1, 1), groups=2), (1, 1)),
        ((2, 4, 5, 17), 3, (3, 3), geometry(padding=(1, 1, 1, 1)), (0, 0)),
        ((1, 3, 3, 2), 3, (3, 3), geometry(stride=(3, 2), dilation=(2, 1)), (2, 1)),
        ((2, 2, 2, 5), 7, (3, 3), geometry(padding=(1, 1, 1, 1)), (0, 0)),
        ((2, 4, 4, 1), 2, (3, 3), geometry(dilation=(3, 3)), (2, 1)),
        ((1, 3, 4, 2), 3, (2, 3), geometry(stride=(2, 1), padding=(1, 2, 1, 2), dilation=(4, 4)), (3, 3)),
    ]:
        options = dict(
            stride=tuple(g["stride"].values()),
            padding=(g["padding"]["top"], g["padding"]["left"]),
            dilation=tuple(g["dilation"].values()),
            groups=g["groups"],
            output_padding=added,
        )
        case(
            "transposed-convolution",
            lambda x, w, b, o=options: channels_last(
                F.conv_transpose2d(channels_first(x), channels_first(w), b, **o)
            ),
            [normal(*image), normal(image[3], *window, outputs // g["groups"]), normal(outputs)],
            {"geometry": g, "outputPadding": {"height": added[0], "width": added[1]}},
        )


def convolutions_in_tiles():
    """With as many channels as Adjoint wants for tiles of 2×2 outputs."""
    for image, outputs, padding in [((1, 5, 6, 16), 16, 1), ((2, 3, 4, 32), 16, 0)]:
        case(
            "convolution-in-tiles",
            lambda x, w, p=padding: channels_last(
                F.conv2d(channels_first(x), channels_first(w), padding=p)
            ),
            [normal(*image), normal(outputs, 3, 3, image[3])],
            {"geometry": geometry(padding=(padding,) * 4)},
        )


def main():
    torch.set_num_threads(1)
    convolutions()
    transposed_convolutions()
    convolutions_in_tiles()
    operations.write(pathlib.Path(__file__).with_name("images.json"))


if __name__ == "__main__":
    main()
