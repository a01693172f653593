"""Makes the values of ReferenceEvents.swift with TensorBoard's own messages and record writer.

Run: python events.py > ../ReferenceEvents.swift   (made with tensorboard 2.21.0, protobuf 7.36.2)
"""

import io

from tensorboard.compat.proto import event_pb2, summary_pb2, tensor_pb2, tensor_shape_pb2
from tensorboard.compat.proto import types_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

WALL_TIME = 1700000000.25
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000200000001080000000000"
)


def event(step, **content):
    return event_pb2.Event(wall_time=WALL_TIME, step=step, **content)


def summary(step, **value):
    return event(step, summary=summary_pb2.Summary(value=[summary_pb2.Summary.Value(**value)]))


def tensor(text):
    shape = tensor_shape_pb2.TensorShapeProto(dim=[tensor_shape_pb2.TensorShapeProto.Dim(size=1)])
    return tensor_pb2.TensorProto(
        dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[text.encode()]
    )


metadata = summary_pb2.SummaryMetadata(
    plugin_data=summary_pb2.SummaryMetadata.PluginData(plugin_name="text")
)
# The values 1, 2, 4 and 5 in two buckets.
histogram = summary_pb2.HistogramProto(
    min=1, max=5, num=4, sum=12, sum_squares=46, bucket_limit=[3, 5], bucket=[2, 2]
)
image = summary_pb2.Summary.Image(height=1, width=2, colorspace=1, encoded_image_string=PNG)
start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)

events = {
    "fileVersion": event(0, file_version="brain.Event:2"),
    "sessionStart": event(300, session_log=start),
    "scalar": summary(7, tag="train/loss", simple_value=0.5),
    "zeroScalar": summary(0, tag="train/loss", simple_value=0.0),
    "negativeStep": summary(-1, tag="\u00e9", simple_value=float("inf")),
    "histogram": summary(123456789, tag="gradients/fc1", histo=histogram),
    "image": summary(3, tag="weights", image=image),
    "text": summary(1, tag="configuration", tensor=tensor("**seed** 7"), metadata=metadata),
}

print("// Made by Reference/events.py; do not edit.")
print("enum ReferenceEvents {")
print("  static let wallTime = 1_700_000_000.25")
print()
print("  /// Whole records: frame and event.")
print("  static let records: [String: String] = [")
for name, message in events.items():
    stream = io.BytesIO()
    RecordWriter(stream).write(message.SerializeToString())
    digits = stream.getvalue().hex()
    lines = [digits[i : i + 80] for i in range(0, len(digits), 80)]
    print(f'    "{name}":')
    print("\n".join(f'      {"+ " if i else ""}"{line}"' for i, line in enumerate(lines)) + ",")
print("  ]")
print("}")
