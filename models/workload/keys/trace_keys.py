"""The keys of a recorded trace in their order, without its times: real popularity and real reuse at any load.

With its times, `TraceReplay` replays it; then the load is what was recorded.
"""

from __future__ import annotations

import numpy as np

from ..recorded_trace import RecordedTrace


class TraceKeys:
    """A callable that returns the keys of `trace`, one request after the other; it draws nothing.

    After the last it begins again with the first; `laps` counts how often it has. Requests without a key are
    passed over. Raises `ValueError` for a trace that has no other. Example::

        keys = TraceKeys(load_cache_trace("trace.csv.gz"))
        OpenLoop(env, cache, rate=100.0, keys=keys)  # an origin answers with keys.size_bytes(request.key)
    """

    __slots__ = ("_key", "_keys", "_next", "_size", "_size_bytes", "laps")

    def __init__(self, trace: RecordedTrace) -> None:
        """Begin with the first request."""
        has_key = np.array([key is not None for key in trace.keys])[trace.key]
        if not has_key.any():
            raise ValueError(f"trace must have a request with a key, got none in {trace.file}")
        self._keys = trace.keys
        self._key: list[int] = trace.key[has_key].tolist()
        self._size: list[int] = trace.size_bytes[has_key].tolist()
        self._next = 0
        self._size_bytes: dict[str | int | None, int] = {}
        self.laps = 0

    def __call__(self) -> str | int | None:
        """Return the next key."""
        place = self._next
        if place == len(self._key):
            place = 0
            self.laps += 1
        self._next = place + 1
        key = self._keys[self._key[place]]
        self._size_bytes[key] = self._size[place]
        return key

    def size_bytes(self, key: str | int) -> int:
        """Return the size that the latest request for `key` has in the trace.

        Raises `KeyError` for a key that has not been returned yet.
        """
        return self._size_bytes[key]
