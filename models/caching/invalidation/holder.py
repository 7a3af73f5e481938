"""What can be told of writes: whatever holds copies, and can let go of them.

A `Cache` does, in a client or a proxy, and a `CacheServer`, for which an invalidation is a deletion: leases
that are out become void. A message costs neither of them a core.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Protocol, runtime_checkable

from ...infrastructure import Host


@runtime_checkable
class Holder(Protocol):
    """Holds copies in the memory of a process on `host`."""

    # In a `Cache`, that of its target; in a server, its own, and never none. Neither is set any more.
    host: Any

    @property
    def is_up(self) -> bool:
        """Whether that process is there."""

    def invalidate(self, key: Hashable) -> None:
        """Let go of a key."""

    def invalidate_all(self) -> None:
        """Let go of everything."""

    def on_restart(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever the process has started again, with nothing in its memory."""


def require_holder(value: object) -> Host:
    """Raise `TypeError` unless `value` is a holder with a host, and return that."""
    if not isinstance(value, Holder):
        raise TypeError(f"cache must be a Cache or a CacheServer, got {value!r}")
    if not isinstance(value.host, Host):
        raise TypeError(f"host of the cache must be a Host, got {value.host!r}")
    return value.host
