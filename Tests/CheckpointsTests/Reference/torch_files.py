"""Writes small weight files with PyTorch 2.15, and their numbers as hexadecimal floats, into this folder.

    python torch_files.py

The files differ from run to run only in the keys that the older format takes from addresses.
"""

import json
import pathlib
import zipfile
from collections import OrderedDict

import torch

folder = pathlib.Path(__file__).parent


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.convolution = torch.nn.Conv2d(2, 2, 2)
        self.normalization = torch.nn.BatchNorm2d(2)
        self.tied = torch.nn.Parameter(torch.arange(12.0).reshape(3, 4) / 8)
        self.tied_again = self.tied


torch.manual_seed(0)
model = Small()
model.normalization.num_batches_tracked.fill_(391)
state = model.state_dict()
whole = state["tied"]
state |= {
    "transposed": whole.T,
    "part": whole[1:, 1:3],
    "every_other": whole.reshape(-1)[1::2],
    "permuted": torch.arange(24, dtype=torch.int16).reshape(2, 3, 4).permute(2, 0, 1),
    "float64": torch.tensor([0.1, -0.0, float("inf")], dtype=torch.float64),
    "float16": torch.tensor([2.0**-24, 65504.0, -1.5], dtype=torch.float16),
    "bfloat16": torch.tensor([3.0e38, 1.0e-40, -0.125], dtype=torch.bfloat16),
    "int64": torch.tensor([-(2**53), 2**53]),
    "int32": torch.tensor([-(2**31), 2**31 - 1], dtype=torch.int32),
    "int8": torch.tensor([[-128], [127]], dtype=torch.int8),
    "uint8": torch.tensor([0, 255], dtype=torch.uint8),
    "bool": torch.tensor([True, False]),
    "empty": torch.zeros(0, 3),
    "scalar": torch.tensor(0.75),
    "größe": torch.ones(1),
}
older = {"_use_new_zipfile_serialization": False}

torch.save(state, folder / "zip.pth")
torch.save(state, folder / "stream.pth", **older)
torch.save(state, folder / "zip_protocol_4.pth", pickle_protocol=4)
torch.save(state, folder / "stream_protocol_4.pth", pickle_protocol=4, **older)
with zipfile.ZipFile(folder / "zip.pth") as stored:
    with zipfile.ZipFile(folder / "deflated.pth", "w", zipfile.ZIP_DEFLATED) as deflated:
        for name in stored.namelist():
            deflated.writestr(zipfile.ZipInfo(name), stored.read(name), zipfile.ZIP_DEFLATED)

line = torch.nn.DataParallel(torch.nn.Linear(2, 1))
optimizer = torch.optim.SGD(line.parameters(), lr=0.1, momentum=0.9)
line(torch.ones(1, 2)).sum().backward()
optimizer.step()
for key in "state_dict", "model":
    checkpoint = {
        "epoch": 3, "best": 0.5, "best_tensor": torch.tensor(0.5), "architecture": "line",
        key: line.state_dict(), "optimizer": optimizer.state_dict(),
    }
    torch.save(checkpoint, folder / f"checkpoint_{key}.pth", **(older if key == "model" else {}))
torch.save(OrderedDict(line.named_parameters()), folder / "parameters.pth")


def shown(tensors):
    return {
        name: {
            "shape": list(tensor.shape),
            "dtype": str(tensor.dtype).removeprefix("torch."),
            "values": [value.hex() for value in tensor.detach().double().reshape(-1).tolist()],
        }
        for name, tensor in tensors.items()
    }


values = {"small": shown(state), "line": shown(line.module.state_dict())}
(folder / "torch_files.json").write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")
