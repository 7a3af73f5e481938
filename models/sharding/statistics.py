"""What a sharded store has done so far, over all its servers and routers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardedStatistics:
    """What has become of requests, and how well the table is known.

    `served_by_shard` and `served_by_range` (by its start) count what servers have answered: of all that there
    are, idle ones too, and of those that were. `moved_count` requests were turned away by servers,
    `unleased_count` found one without a lease that got none, and `unknown_count` writes were done when the
    range was perhaps another's. `directory_read_count` questions were put to the directory, by servers and
    routers. `unavailable_count` calls were given up by routers.
    `stale_router_count` of `router_count` routers, and `stale_server_count` of `server_count` servers, have
    now a table that is not the present one, or none.
    """

    served_by_shard: Mapping[str, int]
    served_by_range: Mapping[Any, int]
    moved_count: int
    unleased_count: int
    unknown_count: int
    unavailable_count: int
    directory_read_count: int
    router_count: int
    stale_router_count: int
    server_count: int
    stale_server_count: int
