"""A recorded trace as visits to the shop: which of its requests browse, and which buy.

A request buys if its operation writes (POST and the like) or its key names a shop's till (cart, checkout and
the like). Where a trace knows less than `REAL_SHARE_LEAST` of such requests, it was not a shop's; then whole
keys are made things to buy, in the stable order of a hash of their names, until they have a given share of
the requests. Popularity, bursts and the order of requests stay what they were; a key always means the same.
"""

from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.storefront import BROWSE, BUY
from models.workload import RecordedTrace, TraceError, load_trace

from ..misuse import Misuse

REAL_SHARE_LEAST = 0.01
"""From this share of purchases on, a trace is taken for a shop's."""

_WRITES = frozenset({"post", "put", "patch", "delete", BUY})
_TILL = ("cart", "basket", "checkout", "order", "payment", "purchase")


def load_visits(path: Path, buy_share: float) -> RecordedTrace:
    """Return the trace in `path` with the operations browse and buy; raises Misuse if it cannot be read.

    `buy_share` in [0, 1) is used only where the trace itself does not tell. A file is read once per process.
    """
    stamp = path.stat()
    return _visits(path, (stamp.st_size, stamp.st_mtime_ns), buy_share)


def purchases(trace: RecordedTrace, buy_share: float) -> npt.NDArray[np.bool_]:
    """Return which requests buy, shape (requests,)."""
    writes = np.array([operation.lower() in _WRITES for operation in trace.operations])
    names = ["" if key is None else str(key).lower() for key in trace.keys]
    tills = np.array([any(word in name for word in _TILL) for name in names])
    known: npt.NDArray[np.bool_] = writes[trace.operation] | tills[trace.key]
    if known.mean() >= REAL_SHARE_LEAST:
        return known
    chosen: npt.NDArray[np.bool_] = _keys_for_sale(trace, buy_share)[trace.key]
    return chosen


@lru_cache(maxsize=4)
def _visits(path: Path, stamp: tuple[int, int], buy_share: float) -> RecordedTrace:
    try:
        trace = load_trace(path)
    except TraceError as error:
        raise Misuse(f"trace must be an access log or a CSV file, got {error}") from None
    buys = purchases(trace, buy_share).astype(np.uint16)
    buys.flags.writeable = False
    return replace(trace, operation=buys, operations=(BROWSE, BUY))


def _keys_for_sale(trace: RecordedTrace, share: float) -> npt.NDArray[np.bool_]:
    """Return which keys are for sale, shape (keys,): they get `share` of the requests, as near as may be."""
    counts = np.bincount(trace.key, minlength=len(trace.keys))
    wanted = share * len(trace)
    for_sale = np.zeros(len(trace.keys), dtype=np.bool_)
    for key in sorted(range(len(trace.keys)), key=lambda key: _hash(trace.keys[key])):
        if counts[key] <= wanted:  # a key too popular for what is left stays for browsing
            for_sale[key] = True
            wanted -= counts[key]
    return for_sale


def _hash(key: str | int | None) -> bytes:
    text = "" if key is None else str(key)
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()
