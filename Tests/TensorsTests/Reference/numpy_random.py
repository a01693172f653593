"""Writes numpy_random.json: what NumPy's legacy RandomState hands out.  Run: python numpy_random.py

Doubles are stored as the sixteen hexadecimal digits of their bits.
"""

import json
import pathlib
import struct

import numpy as np


def bits(values):
    return [struct.pack(">d", value).hex() for value in values]


def case(seed):
    random = np.random.RandomState(seed)
    result = {"seed": seed}
    # An odd count: the cached normal number must survive the calls in between.
    result["randn"] = bits(random.randn(1301))
    result["rand"] = bits(random.rand(17))
    result["randn_after_rand"] = bits(random.randn(4))
    result["random_sample"] = bits([random.random_sample() for _ in range(3)])
    result["randint"] = [
        {"high": high, "values": random.randint(high, size=40).tolist()}
        for high in (1, 2, 10, 1000, 50000, 2**31, 2**32 - 1, 2**32, 2**32 + 1, 2**40 + 3)
    ]
    result["choice"] = random.choice(500, 30).tolist()
    result["permutation"] = random.permutation(1000).tolist()
    shuffled = list(range(100, 137))
    random.shuffle(shuffled)
    result["shuffle"] = shuffled
    result["uniform"] = bits(random.uniform(-0.3, 2.7, 25))
    result["normal"] = bits(random.normal(1.5, 0.02, 25))
    result["permutation_of_none_and_one"] = [
        random.permutation(0).tolist(),
        random.permutation(1).tolist(),
    ]
    result["last"] = bits(random.randn(2))
    return result


document = {
    "numpy": np.__version__,
    "cases": [case(seed) for seed in (0, 1, 42, 231, 2**31, 2**32 - 1)],
}
path = pathlib.Path(__file__).with_name("numpy_random.json")
path.write_text(json.dumps(document, indent=None, separators=(",", ":")) + "\n")
