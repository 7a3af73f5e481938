"""Divergence and convergence: whether the nodes of a store hold the same, from samples of their contents.

A sample is a time and what each node held then, as `Store.contents` tells it; a key that a node does not hold
counts as None there. Contents that differ are normal while writes are on their way; a store that converges
holds the same on all nodes some time after the network is healed and the last write was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .intervals import frozen

Contents = Mapping[str, Mapping[Any, Any]]
"""Values by key, by node."""


def divergence(contents: Contents) -> dict[Any, dict[str, Any]]:
    """Return, for each key on which the nodes differ, what each of them holds; keys as they first occur."""
    keys = dict.fromkeys(key for held in contents.values() for key in held)
    by_key = {key: {node: held.get(key) for node, held in contents.items()} for key in keys}
    return {key: held for key, held in by_key.items() if len(set(map(frozen, held.values()))) > 1}


def convergence_time(samples: Iterable[tuple[float, Contents]], healed_at: float) -> float | None:
    """Return the seconds from `healed_at` to the first sample since which all nodes hold the same.

    `None` if they differ in the last sample, or if there is none since. Precise to the time between samples.
    """
    since = None
    for time, contents in samples:
        if time >= healed_at:
            if divergence(contents):
                since = None
            elif since is None:
                since = time
    return None if since is None else since - healed_at
