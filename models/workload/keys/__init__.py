"""Which key a request is about: callables without arguments that return the next key, for any workload.

    popularity      UniformKeys, ZipfKeys: requests independent of each other
    drift           DriftingKeys: in turn each key becomes the most popular, and falls from there
    churn           ChurningKeys: keys live for a while, and new ones take their place
    scans           ScanningKeys: a sweep over many keys now and then, among other requests
    loop            LoopingKeys: all keys in turn, again and again
    trace_keys      TraceKeys: the keys of a recorded trace, one after the other
    sizes           KeySizes: how large the object of a key is

They nest: `ScanningKeys(env, DriftingKeys(env, ZipfKeys(env, 1_000), interval=60.0), ...)`.
"""

from .churn import ChurningKeys
from .drift import DriftingKeys
from .loop import LoopingKeys
from .popularity import Ranks, UniformKeys, ZipfKeys
from .scans import ScanningKeys
from .sizes import KeySizes
from .trace_keys import TraceKeys

__all__ = [
    "ChurningKeys",
    "DriftingKeys",
    "KeySizes",
    "LoopingKeys",
    "Ranks",
    "ScanningKeys",
    "TraceKeys",
    "UniformKeys",
    "ZipfKeys",
]
