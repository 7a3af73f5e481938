"""Which replicas differ, where each key has its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.replication import QuorumStore


def replicas_that_differ(store: QuorumStore) -> Mapping[Any, Mapping[str, Any]]:
    """Return, by key, what its replicas hold, where they do not hold the same."""
    contents = store.contents()
    keys = dict.fromkeys(key for held in contents.values() for key in held)
    found = {}
    for key in keys:
        held = {node.name: contents[node.name].get(key) for node in store.replicas_of(key)}
        if len(set(held.values())) > 1:
            found[key] = held
    return found
