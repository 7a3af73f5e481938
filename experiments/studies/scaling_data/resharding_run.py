"""What the study `resharding` does: four shards, or five, and a mover that makes five of them, or four.

Each shard is one process on a host of one core, or several that hold copies (`databases`), and holds its part
of the keys from the beginning. A request works `WORK` there; an item that is told to the mover, taken or
deleted `ITEM_WORK`, and what is taken or deleted is a write besides. The directory, the mover and each group
of users have hosts of their own: two groups write and read, and one only reads.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import Any, Literal

from models import Host, Network
from models.consistency import HistoryRecorder
from models.faults import Fault, HostCrash, NetworkPartition, ProcessCrash
from models.replication import READ, SingleNodeStore, Store, UniqueWrites
from models.resilience import Timeout
from models.sharding import (
    RoutingTable,
    ShardedStore,
    ShardingSettings,
    StoredKey,
    TransferSettings,
    even_table,
)
from models.sharding.mover import Even, Goal, Mover, MoverFlaws, MoverSettings, Placed
from models.workload import OpenLoop, Operation, OperationMix, UniformKeys, request_table
from simulator import Environment

from ...misuse import Misuse
from ..stores.reads_and_writes import mix_of
from .databases import HOSTS, ShardKind, front_host, new_shard
from .placements import first_table, placement_of

Change = Literal["add", "remove"]
Way = Literal["fewest moves", "ring", "jump", "modulo"]
Trouble = Literal["none", "mover, frozen", "mover, done", "source", "target", "cut", "cut, frozen"]
Flaw = Literal["none", "no last copy", "waits for nobody"]

FLAWS: Mapping[str, MoverFlaws] = {
    "none": MoverFlaws(),
    "no last copy": MoverFlaws(leaves_out_last_copy=True),
    "waits for nobody": MoverFlaws(waits_for_nobody=True),
}

SHARDS = 4
"""Shards before one is added; there is one more before one is removed."""

ITEM_WORK = 0.004
"""Seconds that an item costs a server, beside the write that it is."""

PATIENCE = 2.0
"""Seconds that a user waits for an answer."""

TTL = 10.0
"""Seconds for which a server may act by its routing table."""

SETTLED, START = 2.0, 8.0
"""When leaders are elected, and when the moves begin, in seconds."""

AFTER = 6.0
"""How long users come when the moves are over, in seconds."""

STRUCK, LASTS = 1.5, 4.0
"""How long after the moves have begun there is trouble, and how long it lasts, in seconds."""

LATEST = 300.0
STEP = 0.5
"""How often is looked at what shards have served, in seconds."""

_WRITE_SHARES = (0.75, 0.75, 0.0)  # of each group of users; half of all are writes
_COPY_PATIENCE = 5.0
_MOMENT = 0.0001  # s between looks for the instant at which a mover is struck
_QUIET = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Throttle:
    """How fast is moved: the mover's settings of these names."""

    batch: int
    pause: float
    rounds: int
    parallel: int


class Resharding:
    """A sharded `store`, `users` who read and write, and a `mover` that has not begun.

    `served` are the requests that each shard had served, by its name, at the end of each step since time 0.
    """

    def __init__(
        self,
        env: Environment,
        *,
        change: Change,
        way: Way,
        shard: ShardKind,
        keys: int,
        ranges: int,
        throttle: Throttle,
        stale_reads: bool,
        flaw: Flaw,
        rate: float,
    ) -> None:
        self.env = env
        self.network = Network(env)
        # Names are drawn, so that each seed sees another ring.
        drawn = int(env.stream("resharding/names").integers(1_000_000))
        all_shards = [f"shard-{number} ({drawn})" for number in range(1, SHARDS + 2)]
        self.first, self.then = all_shards[:-1], all_shards
        if change == "remove":
            self.first, self.then = self.then, self.first
        self.changed = all_shards[-1]
        self.kind = shard
        self.hosts = {
            name: [Host(env, f"{name} host {number}") for number in range(1, HOSTS[shard] + 1)]
            for name in all_shards
        }
        self.directory = Host(env, "directory")
        self.way = way
        self.keys = keys
        self.table = _table(way, self.first, ranges)
        self.store = self._new_store(throttle, stale_reads=stale_reads)
        self.mover = Mover(
            env,
            Host(env, "mover"),
            self.store,
            settings=MoverSettings(
                batch_size=throttle.batch,
                pause=throttle.pause,
                rounds_max=throttle.rounds,
                parallel_moves=throttle.parallel,
                copy_patience=_COPY_PATIENCE,
            ),
            flaws=FLAWS[flaw],
        )
        self.recorder = HistoryRecorder(env, contents=dict.fromkeys(range(keys), 0))
        self.users = request_table()
        self._loops = self._admit_users(rate)
        self.served: list[Mapping[str, int]] = []

    def _new_store(self, throttle: Throttle, *, stale_reads: bool) -> ShardedStore:
        env, network = self.env, self.network
        return ShardedStore(
            env,
            network,
            shards={name: self._new_shard(name) for name in self.first},
            directory=SingleNodeStore(env, network, self.directory, name="directory"),
            table=self.table,
            settings=ShardingSettings(
                ttl=TTL,
                renewal_interval=TTL / 3.0,
                store_timeout=PATIENCE,
                stale_reads_while_moving=stale_reads,
            ),
            transfers=TransferSettings(item_work=ITEM_WORK, batch_size=throttle.batch, pause=throttle.pause),
        )

    def _new_shard(self, name: str) -> Store:
        """Return a shard that holds what the first table gives it."""
        held = [key for key in range(self.keys) if self.table.find(key)[1].shard == name]
        contents = {StoredKey(0, key): 0 for key in held}
        return new_shard(self.env, self.network, self.kind, self.hosts[name], name, contents=contents)

    def _admit_users(self, rate: float) -> list[OpenLoop]:
        values = count(1)
        loops = []
        for number, write_share in enumerate(_WRITE_SHARES, 1):
            name = f"users-{number}"
            client = Timeout(self.env, self.store.client(Host(self.env, name)), PATIENCE)
            loops.append(
                OpenLoop(
                    self.env,
                    UniqueWrites(self.recorder.around(client, site=name), values),
                    rate=rate / len(_WRITE_SHARES),
                    mix=mix_of(write_share) if write_share else OperationMix(Operation(name=READ)),
                    keys=UniformKeys(self.env, self.keys, name=f"{name}/keys"),
                    until=LATEST,
                    table=self.users,
                    name=name,
                )
            )
        return loops

    def run(self, trouble: Trouble) -> float:
        """Let users come, move, and let users come for a while; return when the last move was over.

        That is nan where it is never over.
        """
        env, mover = self.env, self.mover
        self._watch(START)
        if self.changed not in self.store.shards:
            self.store.add_shard(self.changed, self._new_shard(self.changed))
        mover.pursue(self._goal())
        self._watch(START + STRUCK)
        if trouble != "none":
            self._require_moves()
            self._await_moment(trouble)
            fault = self._fault(trouble)
            fault.inject()
            env.call_later(LASTS, fault.heal)
            self._watch(env.now + LASTS + STEP)
        while env.now < LATEST and not mover.is_settled:
            self._watch(env.now + STEP)
        ended = max(record.ended_at for record in mover.records)
        for loop in self._loops:
            loop.until = env.now + AFTER
        self._watch(env.now + AFTER)
        env.run(until=env.now + _QUIET)
        return ended if mover.is_settled else nan

    def _goal(self) -> Goal:
        return Even(self.then) if self.way == "fewest moves" else Placed(placement_of(self.way, self.then))

    def _watch(self, until: float) -> None:
        """Go on until a time, and note what has been served at each step on the way."""
        while self.env.now < until:
            following = STEP * (len(self.served) + 1)
            self.env.run(until=min(until, following))
            if self.env.now == following:
                self.served.append(dict(self.store.statistics().served_by_shard))

    def _await_moment(self, trouble: Trouble) -> None:
        """Go on until the worst moment for that trouble.

        The source is cut off when a range is frozen and it has not heard of it, or when it has. The mover
        dies when it has, or when the range is handed over and nobody but the directory knows.
        """
        if trouble.startswith(("cut", "mover")):
            self._go_on_until(lambda: self._is_frozen(self.store.table))
        if trouble.startswith("mover") or trouble == "cut, frozen":
            servers = self.store.servers_of(self.mover.records[-1].source)
            self._go_on_until(lambda: all(self._is_frozen(server.table) for server in servers))
        if trouble == "mover, done":
            self._go_on_until(lambda: not self._is_frozen(self.store.table))

    @staticmethod
    def _is_frozen(table: RoutingTable | None) -> bool:
        return table is not None and any(each.is_frozen for each in table.assignments)

    def _go_on_until(self, is_there: Callable[[], bool]) -> None:
        while not is_there():
            self._require_moves()
            self._watch(self.env.now + _MOMENT)

    def _require_moves(self) -> None:
        if self.mover.is_settled or self.env.now >= LATEST:
            raise Misuse(
                f"keys, pause and ranges must let moves take longer than {STRUCK} s where there is trouble,"
                f" got moves of {self.keys} keys that were over by then"
            )

    def _fault(self, trouble: Trouble) -> Fault:
        record = self.mover.records[-1]
        if trouble == "source":
            return HostCrash(front_host(self.store.shards[record.source]))
        if trouble == "target":
            return HostCrash(front_host(self.store.shards[record.target]))
        if trouble.startswith("cut"):
            return NetworkPartition(self.network, self.hosts[record.source], [self.directory])
        return ProcessCrash(self.mover)

    # -- what was seen --------------------------------------------------------------------------------------

    def held(self) -> dict[Any, Any]:
        """Return the latest value of each key that any node has of the shard whose it is in the end."""
        held: dict[Any, Any] = {}
        for node in self.store.contents().values():
            for key, value in node.items():
                held[key] = max(value, held.get(key, 0))
        return held

    def moved_share(self) -> float:
        """Return the share of the keys that another shard has now than at the beginning."""
        now = self.store.table
        moved = sum(self.table.find(key)[1].shard != now.find(key)[1].shard for key in range(self.keys))
        return moved / self.keys


def _table(way: Way, shards: Sequence[str], ranges: int) -> RoutingTable:
    if way == "fewest moves":
        return even_table(shards, range_count=ranges)
    return first_table(way, shards, 100, 1, range_count=ranges)
