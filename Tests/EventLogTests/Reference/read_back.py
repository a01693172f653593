"""Reads a folder of event files with TensorBoard's own reader and prints what it saw as JSON."""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator

keep_all = {key: 0 for key in event_accumulator.DEFAULT_SIZE_GUIDANCE}
log = event_accumulator.EventAccumulator(sys.argv[1], size_guidance=keep_all)
log.Reload()
tags = log.Tags()
print(
    json.dumps(
        {
            "scalars": {t: [[e.step, e.value] for e in log.Scalars(t)] for t in tags["scalars"]},
            "histograms": {
                t: [
                    [
                        e.step,
                        e.histogram_value.num,
                        e.histogram_value.sum_squares,
                        *e.histogram_value.bucket,
                    ]
                    for e in log.Histograms(t)
                ]
                for t in tags["histograms"]
            },
            "images": {
                t: [[e.step, e.width, e.height, len(e.encoded_image_string)] for e in log.Images(t)]
                for t in tags["images"]
            },
            "texts": {
                t: [e.tensor_proto.string_val[0].decode() for e in log.Tensors(t)]
                for t in tags["tensors"]
            },
        }
    )
)
