"""The mover: one process that brings the routing table to where its goal wants it, a step at a time.

It remembers nothing that matters: what is to be done follows from its *goal*, which is its configuration and
survives it, as a file on its host would, and from the table in the directory. States of its life:

    down       whatever was copied stays copied, and whatever was frozen stays frozen
    starting   it takes over: gives up what was under way, then sweeps
    working    a step that the goal asks for, several moves at a time; then the next
    settled    the goal asks for nothing; it looks again every `review_interval`, or when it has a new goal

Rules:

1. *Take-over.* When its process starts, it replaces the table by one of the next version in which no range
   moves. That gives up what an earlier life, or another mover, has begun, and is a fence: no change of the
   table that was sent before, and is late, can be made any more. A version is made even where none moves.
2. *Sweep.* What no table names any more is deleted (`drop` in `server_transfers`): after a move, at the
   shard that has lost the range; when the goal is reached, at all shards that a move has concerned, as what
   was under way then may have come later; after a take-over at all shards there are. What comes later still
   is left, for the next sweep.
3. *Steps.* A step that the table does not allow is left out. One range is in one move at a time. Moves run
   side by side, up to `parallel_moves`; their changes of the table are made one after the other.
4. Moves that have failed come after those that have not, so that a shard that is down holds up none but its
   own, and splits and mergers that are listed behind them. After a move that was given up it pauses, gives up
   what moves and is not its own (a table may have been changed by a late hand, or by another mover), and asks
   the goal again.
5. *Loads* are measured only while nothing moves.

What a mover that is dead has frozen nobody serves until there is a mover again, which ends it first of all,
by two questions to the directory: the same one, or a standby on another host with the same goal, which was
stopped and is restarted when the first is down (who sees to that is not modelled: there is no election). If
the first is not down, or comes back, that does no harm, because of the fence; and no good either, as two
movers at a time undo, or give up, what the other has begun.

Other systems: MongoDB's migrations are driven by the donor's primary, and the next one ends what it has
written down. In CockroachDB a range moves by changes of its own Raft group. Cassandra sends writes to old and
new replicas meanwhile. Redis Cluster serves a slot that is half migrated, by redirection, and leaves it so
until somebody calls `redis-cli --cluster fix`.

Leaves out: priorities among moves, limits for each shard, an election. Source: Kubernetes' controllers for
goals instead of plans; Ghemawat, Gobioff and Leung, "The Google File System" (SOSP 2003), for a version that
is increased so that whoever has missed it is shut out.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simpy import Event

from simulator import Environment

from ...failures import CallFailed, ServerError
from ...infrastructure import Host
from ...nodes import Node
from ...request import Request, Response
from ...validation import require_kind, require_name
from ..requests import Drop, drop_range, loads
from ..routing_table import RoutingTable
from ..server_transfers import ServedLoad
from ..store import ShardedStore
from .goals import Goal
from .range_loads import RangeLoad, Server, range_loads
from .range_move import RangeMove, is_handed_over
from .records import Ending, MoveRecord, MoverStatistics
from .settings import DEFAULT_MOVER_SETTINGS, NO_MOVER_FLAWS, MoverFlaws, MoverSettings
from .shard_ways import ShardUnreachable, ShardWays
from .steps import MoveRange, SplitRange, Step
from .table_editor import TableEditor


class Mover(Node):
    """The mover of `store` on `host`, with a `goal` (by default none) and `settings`.

    `records` are the moves so far; `is_settled` says whether its goal asks for nothing, by what it knows.

    Example::

        mover = Mover(env, host, store, goal=Even(store.shards))
        env.run(until=100.0)
        store.add_shard("shard-4", SingleNodeStore(env, network, another, name="shard-4"))
        mover.pursue(Even(store.shards))
    """

    __slots__ = (
        "_active",
        "_bell",
        "_dropped_count",
        "_failed_at",
        "_has_failed",
        "_is_sweeping",
        "_merge_count",
        "_nonces",
        "_split_count",
        "_store",
        "_unswept",
        "editor",
        "flaws",
        "goal",
        "is_settled",
        "records",
        "settings",
        "ways",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        store: ShardedStore,
        *,
        goal: Goal | None = None,
        settings: MoverSettings = DEFAULT_MOVER_SETTINGS,
        flaws: MoverFlaws = NO_MOVER_FLAWS,
        name: str = "mover",
        start_time: float = 0.0,
    ) -> None:
        require_name("name", name)
        require_kind("store", store, ShardedStore)
        require_kind("settings", settings, MoverSettings)
        require_kind("flaws", flaws, MoverFlaws)
        self.settings = settings
        self.flaws = flaws
        self._store = store
        self.goal = self._checked(goal)
        self._nonces = env.stream(f"mover/{name}/nonces")
        self.records: list[MoveRecord] = []
        self._dropped_count = 0
        self._split_count = 0
        self._merge_count = 0
        super().__init__(env, host, store.network, name=name, start_time=start_time)

    def pursue(self, goal: Goal | None) -> None:
        """Have another goal from now on, or none; moves that are under way are finished.

        Raises `ValueError` for a goal with a shard that there is not.
        """
        self.goal = self._checked(goal)
        self.is_settled = False
        if self.is_awake:
            self.ring()

    def _checked(self, goal: Goal | None) -> Goal | None:
        if goal is not None:
            require_kind("goal", goal, Goal)
            goal.require_fit(self._store.first_table, self._store.shards)
        return goal

    @property
    def ttl(self) -> float:
        """For how long, by this host's clock, a server may act by a table that has been replaced."""
        return self._store.settings.ttl

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Know of no table, and of nothing that was begun."""
        directory = self._store.directory_from(self.host)
        self.editor = TableEditor(self.env, self.host, directory, self.settings, self._next_nonce)
        self.ways = ShardWays(self, self._store.servers_of)
        self.is_settled = False
        self._active: dict[Any, MoveRange] = {}
        self._unswept: dict[str, None] = {}
        self._is_sweeping = False
        self._has_failed = False
        self._failed_at: dict[Any, float] = {}
        self._bell: Event = self.env.event()

    def forget(self) -> None:
        """Do nothing more; what was frozen stays so."""
        self.is_settled = False

    def wake_up(self) -> None:
        """Take over, and work."""
        self.run(self._work(), "work")

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Raise `ServerError`: its goal is not asked for over the network."""
        yield from ()
        raise ServerError(f"{self.name} takes no requests, got {request.operation!r}")

    def _next_nonce(self) -> object:
        """Return a number that no attempt has had: by chance, as no memory survives a crash."""
        return self.name, int(self._nonces.integers(1 << 62))

    # -- working --------------------------------------------------------------------------------------------

    def _work(self) -> Generator[Any, Any, None]:
        yield from self._take_over()
        while True:
            if self._has_failed:
                self._has_failed = False
                yield self.settings.retry_pause / self.host.clock_rate
                yield from self._give_up_strangers()
            steps = yield from self._next_steps()
            self._begin(steps)
            if steps:
                self.is_settled = False
            if self._active:
                yield from self._await_bell(None)
                continue
            if steps:
                yield from self._change_bounds(steps[0])
                continue
            if self._unswept and not self._is_sweeping:
                self._is_sweeping = True
                self.run(self._sweep(), "sweep")
            self.is_settled = not self._bell.triggered
            yield from self._await_bell(self.settings.review_interval)
            yield from self.editor.look()
            yield from self._give_up_strangers()

    def _take_over(self) -> Generator[Any, Any, None]:
        yield from self.editor.look()
        yield from self.editor.change(_fenced)
        for record in self.records:
            if record.ending is Ending.UNDER_WAY and is_handed_over(self.editor.table, record):
                self.note_end(record, Ending.MOVED)  # by the last thing that its mover has sent
            elif record.ending is Ending.UNDER_WAY:
                record.reason = "the mover has crashed"
                self.note_end(record, Ending.GIVEN_UP)
        self._unswept = dict.fromkeys(self._store.shards)

    def _give_up_strangers(self) -> Generator[Any, Any, None]:
        """Give up the moves that are not this life's own, if there are any."""

        def edit(table: RoutingTable, nonce: Any) -> RoutingTable | None:
            strangers = [
                place
                for place, each in enumerate(table.assignments)
                if each.move is not None and table.starts[place] not in self._active
            ]
            for place in strangers:
                move = table.assignments[place].move
                assert move is not None
                self.sweep_later(move.shard)
            return _without_moves(table, strangers, nonce) if strangers else None

        yield from self.editor.change(edit)

    def _next_steps(self) -> Generator[Any, Any, list[Step]]:
        """Return what may be begun now by the present goal."""
        goal = self.goal
        measured: tuple[RangeLoad, ...] = ()
        if goal is None:
            return []
        if goal.load_interval is not None:
            if self._active:
                return []
            found = yield from self._measure(goal.load_interval)
            if found is None or goal is not self.goal:
                return []
            measured = found
        table = self.editor.table
        steps = [step for step in goal.steps(table, measured) if step.is_possible(table)]
        moves: list[MoveRange] = []
        for step in steps:
            if not isinstance(step, MoveRange):
                break
            moves.append(step)
        waiting = [move for move in moves if move.start not in self._active]
        return [*sorted(waiting, key=lambda move: self._failed_at.get(move.start, 0.0)), *steps[len(moves) :]]

    def _begin(self, steps: list[Step]) -> None:
        """Begin those moves that come first, as many as may be under way; not past a step of another kind.

        Of two moves of one range, as a list may ask for, the second waits until the first is over.
        """
        for step in steps:
            if not isinstance(step, MoveRange) or len(self._active) >= self.settings.parallel_moves:
                return
            if step.start not in self._active:
                self._active[step.start] = step
                self.run(self._move(step), "move")

    def _move(self, step: MoveRange) -> Generator[Any, Any, None]:
        is_moved = yield from RangeMove(self, step).run()
        del self._active[step.start]
        if not is_moved:
            self._has_failed = True
            self._failed_at[step.start] = self.host.monotonic_clock()
        self.ring()

    def _change_bounds(self, step: Step) -> Generator[Any, Any, None]:
        """Split a range, or merge two."""

        def edit(table: RoutingTable, nonce: Any) -> RoutingTable | None:
            if not step.is_possible(table):
                return None
            if isinstance(step, SplitRange):
                return table.split(table.find_token(step.bound), step.bound, nonce=nonce)
            assert not isinstance(step, MoveRange)
            return table.merged(table.find_token(step.bound) - 1, nonce=nonce)

        changed = yield from self.editor.change(edit)
        if changed is None:
            self._has_failed = True
        elif isinstance(step, SplitRange):
            self._split_count += 1
        else:
            self._merge_count += 1

    def ring(self) -> None:
        """Let the work go on: something has changed."""
        if not self._bell.triggered:
            self._bell.succeed()

    def _await_bell(self, patience: float | None) -> Generator[Any, Any, None]:
        """Wait until the bell rings, for up to `patience` seconds."""
        if patience is None:
            yield self._bell
        else:
            with self.env.move_on_after(patience / self.host.clock_rate):
                yield self._bell
        if self._bell.triggered:
            self._bell = self.env.event()

    # -- what is left behind --------------------------------------------------------------------------------

    def drop(self, shard: str, start: Any, end: Any) -> Generator[Any, Any, bool]:
        """Let `shard` delete what it has of those tokens and no table names; return whether it says so.

        It is asked to delete all such things once more when this mover is settled.
        """
        self.sweep_later(shard)
        return (yield from self._drop(shard, start, end))

    def sweep_later(self, shard: str) -> None:
        """Ask `shard` to delete all that no table names when this mover is settled."""
        self._unswept[shard] = None

    def _drop(self, shard: str, start: Any, end: Any) -> Generator[Any, Any, bool]:
        try:
            response = yield from self.ask_to_drop(shard, Drop(start, end, self.editor.table.version))
        except (ShardUnreachable, ServerError):
            return False
        self._dropped_count += response.value
        return True

    def ask_to_drop(self, shard: str, drop: Drop) -> Generator[Any, Any, Response]:
        """Let `shard` do that. Raises `ShardUnreachable`, `ServerError`.

        With stale reads a server may still read by an older table, and would take what was deleted for what
        was never there: so all of the shard hear of the new one first, or its leases are over.
        """
        if self._store.settings.stale_reads_while_moving:
            until = self.host.monotonic_clock() + self.ttl
            yield from self.ways.hear(shard, drop.version, until, self.settings.patience)
        return (yield from self.ways.ask(shard, drop_range(drop), self.settings.copy_patience))

    def _sweep(self) -> Generator[Any, Any, None]:
        """Let all shards concerned delete what no table names; one that is down, when it is there again."""
        lowest = self.editor.table.starts[0]
        while self._unswept:
            unswept, self._unswept = self._unswept, {}
            for shard in unswept:
                if not (yield from self._drop(shard, lowest, None)) and shard in self._store.shards:
                    self._unswept[shard] = None
            if self._unswept:
                yield self.settings.review_interval / self.host.clock_rate
        self._is_sweeping = False

    # -- loads ----------------------------------------------------------------------------------------------

    def _measure(self, interval: float) -> Generator[Any, Any, tuple[RangeLoad, ...] | None]:
        """Return the loads of all ranges over `interval` seconds, from now; `None` when the bell has rung."""
        before = yield from self._ask_loads()
        asked_at = self.host.monotonic_clock()
        with self.env.move_on_after(interval / self.host.clock_rate):
            yield self._bell
        if self._bell.triggered:
            return None
        after = yield from self._ask_loads()
        return range_loads(self.editor.table, before, after, self.host.monotonic_clock() - asked_at)

    def _ask_loads(self) -> Generator[Any, Any, dict[Server, ServedLoad]]:
        told: dict[Server, ServedLoad] = {}
        for shard in self.editor.table.shards:
            for number, way in enumerate(self.ways.to(shard)):
                try:
                    with self.env.fail_after(self.settings.patience / self.host.clock_rate):
                        response = yield from way.call(loads())
                except CallFailed:
                    continue
                told[shard, number] = response.value
        return told

    # -- for observers --------------------------------------------------------------------------------------

    def note_begin(self, record: MoveRecord) -> None:
        """Note that a move has begun."""
        self.records.append(record)

    def note_end(self, record: MoveRecord, ending: Ending) -> None:
        """Note that a move has ended."""
        record.ending = ending
        record.ended_at = self.env.now

    def move_statistics(self) -> MoverStatistics:
        """Return what has been done so far, in all lives."""
        records = self.records
        endings = [record.ending for record in records]
        freezes = [record.freeze_time for record in records if record.ending is not Ending.UNDER_WAY]
        return MoverStatistics(
            begun_count=len(records),
            moved_count=endings.count(Ending.MOVED),
            given_up_count=endings.count(Ending.GIVEN_UP),
            first_count=sum(record.first_count for record in records),
            again_count=sum(record.again_count for record in records),
            frozen_count=sum(record.frozen_count for record in records),
            size_bytes=sum(record.size_bytes for record in records),
            dropped_count=self._dropped_count,
            freeze_time=sum(freezes),
            freeze_time_max=max(freezes, default=0.0),
            split_count=self._split_count,
            merge_count=self._merge_count,
        )


def _fenced(table: RoutingTable, nonce: Any) -> RoutingTable:
    return _without_moves(table, range(len(table.starts)), nonce)


def _without_moves(table: RoutingTable, places: Any, nonce: Any) -> RoutingTable:
    """Return the next table, in which the ranges at `places` are settled where they are."""
    assignments = list(table.assignments)
    for place in places:
        assignments[place] = assignments[place].given_up()
    return RoutingTable(table.partitioner, table.starts, tuple(assignments), table.version + 1, nonce)
