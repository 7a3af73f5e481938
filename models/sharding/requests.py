"""What shard servers are asked: by routers, who carry their clients' requests, and by the mover.

    serve     a client's request, under the epoch that the router believes in
    gather    a scan of stretches of the line: all of them, from one owner
    hear      read the directory until its table is at least of this version; the answer is the version
    loads     how many requests were served of each range
    export    the items of a range, or what has changed of it after a mark
    import    items to be put under a new epoch
    drop      all that is held of a range and that no table names any more
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from ..request import Request
from .stored_keys import Stretch

SERVE = "shard-serve"
GATHER = "shard-gather"
HEAR = "shard-hear"
LOADS = "shard-loads"
EXPORT = "shard-export"
IMPORT = "shard-import"
DROP = "shard-drop"


@dataclass(slots=True)  # not frozen, as `Request` is not: one is made for every request
class Addressed:
    """A client's `request`, addressed by a table of `version` in which its key's range has `epoch`.

    `token` is that of its key: computed once, by the router. Treat it as immutable.
    """

    request: Request
    token: Any
    epoch: int
    version: int


@dataclass(frozen=True, slots=True)
class Gather:
    """A client's scan, `request`, in `stretches`, which by a table of `version` are all one shard's."""

    request: Request
    stretches: tuple[Stretch, ...]
    version: int


@dataclass(frozen=True, slots=True)
class Export:
    """What is held of tokens from `start` on and before `end` under `epoch`.

    With the mark of an earlier answer as `after`, what has changed since.
    """

    start: Any
    end: Any
    epoch: int
    after: Any = None


@dataclass(frozen=True, slots=True)
class Import:
    """Put `items` under `epoch`: pairs of a key, as clients call it, and a value, `None` for none now."""

    epoch: int
    items: tuple[tuple[Any, Any], ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Delete what is held of tokens from `start` on, before `end`, if no table from `version` on names it."""

    start: Any
    end: Any
    version: int


def with_key(request: Request, key: Any) -> Request:
    """Return `request` for another key; all that it says besides, as a level of its own, is as it was."""
    if type(request) is not Request:
        return replace(request, key=key)
    return Request(  # on the hot path `replace` would take four times as long
        request.operation,
        key,
        request.value,
        request.size_bytes,
        request.priority,
        request.deadline,
        request.idempotency_key,
        request.origin,
    )


def hear(version: int) -> Request:
    """Return the request to have heard of the table of `version`."""
    return Request(HEAR, value=version)


def loads() -> Request:
    """Return the request for what was served."""
    return Request(LOADS)


def export_range(export: Export) -> Request:
    """Return the request that carries `export`."""
    return Request(EXPORT, value=export)


def import_items(items: Import, *, size_bytes: int = 0) -> Request:
    """Return the request that carries `items`, which weigh `size_bytes`."""
    return Request(IMPORT, value=items, size_bytes=size_bytes)


def drop_range(drop: Drop) -> Request:
    """Return the request that carries `drop`."""
    return Request(DROP, value=drop)
