"""Scans: a sweep over many keys now and then, as of a backup or a crawler, among the usual requests.

What a scan asks for is not asked for again before the next one. A cache that lets everything in and gives up
what was used longest ago (LRU) is emptied of what the users want; policies that put new keys on probation
(S3-FIFO, W-TinyLFU, ARC) resist. Source: Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement
Cache" (FAST 2003), which calls that scan-resistance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simulator import Environment
from simulator.randomness import Uniform

from ...validation import require_positive, require_share
from ..mix import KeySource


class ScanningKeys:
    """A callable that returns the keys of `usual`, and of a scan while there is one.

    A scan is due every `interval` (finite, > 0 s), counted from now, and goes through `scanned`, a sequence
    of keys in order. While it lasts a request belongs to it with probability `share` (0 < share <= 1; at 1
    all wait for it), which draws on the stream `name`. So it lasts len(scanned) / share requests on average,
    whatever time they take. A scan that is due while another lasts is left out. `scans_count` have begun.
    Example::

        ScanningKeys(env, ZipfKeys(env, 100_000), range(100_000), interval=3_600.0, share=0.5)
    """

    __slots__ = (
        "_env",
        "_next",
        "_place",
        "_scanned",
        "_uniform",
        "_usual",
        "interval",
        "scans_count",
        "share",
    )

    def __init__(
        self,
        env: Environment,
        usual: KeySource,
        scanned: Sequence[Any],
        *,
        interval: float,
        share: float,
        name: str = "keys/scans",
    ) -> None:
        """Begin without a scan. Raises `ValueError` or `TypeError` for what is out of range."""
        require_positive("interval", interval, "s")
        require_share("share", share)
        if not len(scanned):
            raise ValueError(f"scanned must hold at least one key, got {scanned!r}")
        self._env = env
        self._usual = usual
        self._scanned = scanned
        self.interval = float(interval)
        self.share = float(share)
        self._next = env.now + self.interval
        self._place: int | None = None  # in a scan
        self.scans_count = 0
        self._uniform = env.sampler(name, Uniform(0.0, 1.0))

    def __call__(self) -> Any:
        """Return the next key."""
        now = self._env.now
        if now >= self._next:
            self._next += self.interval * ((now - self._next) // self.interval + 1.0)
            if self._place is None:
                self._place = 0
                self.scans_count += 1
        place = self._place
        if place is None or self._uniform() >= self.share:
            return self._usual()
        self._place = place + 1 if place + 1 < len(self._scanned) else None
        return self._scanned[place]
