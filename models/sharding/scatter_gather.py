"""Scatter-gather: a scan that does not wait for ever, and may do without those who are late.

It stands around a router, and takes scans as that does (`gathering`): of all keys, of a range, of keys that
are listed, which is a get of many at once. What is no scan the router answers.

What it teaches is how the slowest of many decides: if each of n shards is late with probability p, one that
waits for all is late with probability 1 - (1 - p)^n. A partial one trades that for what it leaves out, and
says so: `degraded` names the shards that are missing. Once in a renewal interval the directory is read before
a shard is asked that was late, so that it is late a little more often than that where scans come seldom.

Source: Dean and Barroso, "The Tail at Scale" (CACM 2013).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from simulator import Environment

from ..endpoint import Call, Endpoint
from ..failures import CallFailed, ServerError
from ..infrastructure import Host
from ..replication import SCAN
from ..request import Request
from ..validation import require_duration, require_kind
from .gathering import Gathering
from .router import Router


@dataclass(frozen=True, slots=True, kw_only=True)
class ScatterGatherStatistics:
    """Of `scan_count` scans so far `partial_count` had something missing, and `failed_count` failed."""

    scan_count: int
    partial_count: int
    failed_count: int


class ScatterGather(Endpoint):
    """Scans through `router`, on its host, that end within `deadline` seconds (> 0, may be infinite).

    If it `is_partial` it answers with what has come by then; otherwise it fails if anything is missing.

    Example::

        search = ScatterGather(env, store.client(web), deadline=0.1, is_partial=True)
        response = yield from search.call(scan(AllKeys()))
        response.value.items, response.degraded
    """

    def __init__(
        self,
        env: Environment,
        router: Router,
        *,
        deadline: float = inf,
        is_partial: bool = False,
        name: str = "scatter-gather",
    ) -> None:
        require_kind("router", router, Router)
        require_duration("deadline", deadline)
        require_kind("is_partial", is_partial, bool)
        self.host: Host = router.host
        self.name = name
        self._env = env
        self._router = router
        self._deadline = deadline
        self._is_partial = is_partial
        self._scan_count = 0
        self._partial_count = 0
        self._failed_count = 0

    def call(self, request: Request) -> Call:
        """Answer a scan with what came in time, anything else as the router does."""
        if request.operation != SCAN:
            return (yield from self._router.call(request))
        if request.value is not None:
            raise ServerError(f"{self.name}: a scan of many shards has no mark to go on from")
        self._scan_count += 1
        gathering = Gathering(self._env, self._router, request, is_partial=self._is_partial)
        try:
            response = yield from gathering.gather(self._deadline)
        except CallFailed:
            self._failed_count += 1
            raise
        self._partial_count += bool(response.degraded)
        return response

    def statistics(self) -> ScatterGatherStatistics:
        """Return what has become of the scans so far."""
        return ScatterGatherStatistics(
            scan_count=self._scan_count,
            partial_count=self._partial_count,
            failed_count=self._failed_count,
        )
