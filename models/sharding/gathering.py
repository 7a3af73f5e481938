"""One scan of many shards: asked of all at once, and put together.

Rules:

1. The keys that are asked for lie in some ranges: where they are listed, or are a range of keys under a
   partitioner that keeps their order, in few; otherwise in all. Each shard that has some of them is asked for
   all of its at once, under their epochs, and says so only if they are its own before and after (`server`).
2. A shard that answers `Moved` has told nothing: its stretches are asked for again, of whoever has them by a
   newer table, with the router's patience; and so are those of one that says that nothing was done, if there
   is a newer table. So what is told of a stretch comes from one owner, and once. For one that was silent when
   it was asked last the directory is read before it is asked, as it may be gone; the others do not wait.
3. It is over when the last has answered. When one has failed the others are cancelled, and it fails; or, if
   it is partial, that one is missing. At the deadline whoever has not answered is missing, or it has timed
   out. A partial one of which nobody has answered has failed.
4. What is missing by a shard's own answer is missing from the whole.
5. It has no version: of one key it tells what a read at some instant of the scan would.

Stretches are read at different instants: of two keys in two stretches it may tell a state that never was.

Source: Dean and Barroso, "The Tail at Scale" (CACM 2013): the slowest of many decides, and answers that are
good enough without it; Elasticsearch's documentation of partial results (`timed_out`, `_shards.failed`).
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from contextlib import nullcontext
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import PARKED, Environment, Process

from ..endpoint import Call
from ..failures import CallFailed, ServerError, TimedOut
from ..infrastructure import Host
from ..replication.scans import Scanned
from ..request import Request, Response
from .failures import Moved
from .requests import GATHER, Gather
from .routing_table import RoutingTable, TokenRange
from .stored_keys import Stretch

if TYPE_CHECKING:
    from .router import Router


class Gathering:
    """The scan that `request` asks for, through the tables and ways of `router`; it is made for one."""

    __slots__ = (
        "_answers",
        "_caller",
        "_env",
        "_failures",
        "_host",
        "_is_awaited",
        "_is_partial",
        "_request",
        "_router",
        "_running",
    )

    def __init__(self, env: Environment, router: Router, request: Request, *, is_partial: bool) -> None:
        self._env = env
        self._request = request
        self._router = router
        self._host: Host = router.host
        self._is_partial = is_partial
        self._caller: Process | None = None  # once there is a table
        self._is_awaited = False
        self._answers: list[Response] = []
        self._running: dict[Process, str] = {}  # and the shard that each asks
        self._failures: dict[str, CallFailed] = {}

    def gather(self, deadline: float) -> Call:
        """Answer within `deadline` seconds (may be infinite); the shards that are missing are `degraded`.

        Raises a `CallFailed` if any shard is missing and it is not partial, or if all are.
        """
        try:
            with self._env.move_on_after(deadline) if deadline < inf else nullcontext():
                yield from self._ask_all()
        except GeneratorExit:
            for process in list(self._running):
                process.kill()
                self._host.release(process)  # which one that has not begun does not do
            raise
        except BaseException:
            self._cancel()
            raise
        late = self._cancel()
        for shard in late:
            self._failures[shard] = TimedOut(f"{self._router.name}: no answer of {shard} in {deadline} s")
        if self._failures and not (self._is_partial and self._answers):
            raise next(iter(self._failures.values()))
        if self._caller is None:
            raise TimedOut(f"{self._router.name}: no routing table in {deadline} s")
        return self._joined()

    def _joined(self) -> Response:
        answers = self._answers
        items = tuple(item for answer in answers for item in answer.value)
        missing = dict.fromkeys(shard for answer in answers for shard in answer.degraded) | self._failures
        size_bytes = sum(answer.size_bytes for answer in answers)
        as_of = min((answer.as_of for answer in answers if answer.as_of is not None), default=None)
        return Response(Scanned(items), tuple(missing), size_bytes, None, as_of)

    def _ask_all(self) -> Generator[Any, Any, None]:
        """Ask whoever has some of the keys, and return when no more is to come, or waited for."""
        table, end = yield from self._await_table(None)
        self._caller = self._env.active_process
        self._spread([table.range_at(place) for place in self._places(table)], table, end)
        if self._running:
            self._is_awaited = True
            yield PARKED

    def _await_table(self, end: float | None) -> Generator[Any, Any, tuple[RoutingTable, float | None]]:
        """Return the router's table, when it has one, and when patience ends."""
        router = self._router
        while (table := router.table) is None:
            end = yield from router.await_newer(end, pauses=False)
        return table, end

    def _places(self, table: RoutingTable) -> Iterable[int]:
        """Return the places of the ranges in which there may be some of the keys."""
        try:
            return table.places_of_keys(self._request.key)
        except TypeError as error:
            raise ServerError(f"{self._router.name}: {error}") from None

    def _spread(self, ranges: Sequence[TokenRange], table: RoutingTable, end: float | None) -> None:
        """Ask those who by `table` have `ranges`, each for all of its own; patience ends at `end`."""
        by_shard: dict[str, list[Stretch]] = {}
        for each in ranges:
            for place in table.places_within(each.start, each.end):
                here, owner = table.range_at(place), table.assignments[place]
                start = max(each.start, here.start)
                ends = [bound for bound in (each.end, here.end) if bound is not None]
                stretch = Stretch(start, min(ends, default=None), owner.epoch)
                by_shard.setdefault(owner.shard, []).append(stretch)
        for shard, stretches in by_shard.items():
            asking = self._ask(shard, tuple(stretches), table, end)
            process = self._env.process(asking, f"{self._router.name} gathers")
            # As the caller is: if he goes on when his host crashes, they do too, or he would wait for ever.
            if self._caller in self._host.running:
                self._host.bind(process, self._host.running[self._caller])
            self._running[process] = shard

    def _ask(
        self, shard: str, stretches: tuple[Stretch, ...], table: RoutingTable, end: float | None
    ) -> Generator[Any, Any, None]:
        process: Any = self._env.active_process
        try:
            yield from self._tell(shard, stretches, table, end)
        except CallFailed as failure:
            self._failures[shard] = failure.with_traceback(None)
        finally:
            self._running.pop(process, None)
            self._host.release(process)
        is_over = not self._running or (self._failures and not self._is_partial)
        if is_over and self._is_awaited:
            self._is_awaited = False
            assert self._caller is not None
            self._env.wake(self._caller)

    def _tell(
        self, shard: str, stretches: tuple[Stretch, ...], table: RoutingTable, end: float | None
    ) -> Generator[Any, Any, None]:
        """Ask `shard`; where it has something no more, ask for all of that again, by a newer table."""
        router = self._router
        request = self._request
        asked = Request(
            GATHER,
            None,
            Gather(request, stretches, table.version),
            request.size_bytes,
            request.priority,
            request.deadline,
        )
        try:
            ways = router.ways_to(shard)
            if not (ways.is_suspect and (yield from router.has_newer(table))):
                self._answers.append((yield from ways.call(asked)))
                return
        except Moved as moved:
            end = yield from router.await_newer(end, pauses=router.note(moved, table))
        except CallFailed as failure:
            if not (failure.nothing_done and (yield from router.has_newer(table))):
                raise
        newer, end = yield from self._await_table(end)
        self._spread([TokenRange(each.start, each.end) for each in stretches], newer, end)

    def _cancel(self) -> tuple[str, ...]:
        """Cancel what is under way; return which shards have not answered."""
        self._is_awaited = False
        running, self._running = self._running, {}
        for process in running:
            process.cancel()
        return tuple(dict.fromkeys(running.values()))
