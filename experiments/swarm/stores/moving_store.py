"""A sharded store with a mover, as one store: its processes, its shards that come and go, the mover's goals.

What an operator does is done here: he gives the mover a goal, adds a shard, and takes away one that has no
range any more. He knows the present table, as an observer does; by when the mover acts, it may be another.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models import Endpoint, Host
from models.consistency import divergence
from models.nodes import Node
from models.replication import PrimaryReplicaStore, QuorumStore, Store
from models.sharding import RoutingTable, ShardedStore, StoredKey
from models.sharding.mover import Balanced, Even, Goal, Listed, MergeRanges, Mover, MoveRange, SplitRange
from models.storage import Disk

from .replicas import replicas_that_differ

GOALS = ("move", "split", "merge", "even", "balance", "add", "remove")
"""What an operator may want: see `MovingStore.pursue`."""

SHARDS_MAX = 5
"""How many shards there ever are, those that were removed among them."""

_LOOK_EVERY = 0.1
_MEASURED_FOR = 0.3  # s
_SWEEP_EVERY = 5.0  # s


class MovingStore(Store):
    """`sharded`, whose ranges `mover` moves; `make_shard(number)` makes another shard and adds it.

    `second` is another mover, which is there only while it is turned on. A disk of the directory is the first
    of `directory_disks`. A store that does not tell keys by epochs, which is a flaw, is not held to it
    (`counts_epochs`): that is to be seen by what its clients are told.
    """

    def __init__(
        self,
        sharded: ShardedStore,
        mover: Mover,
        make_shard: Callable[[ShardedStore, int], None],
        *,
        second: Mover,
        directory_disks: Sequence[Disk],
        counts_epochs: bool = True,
    ) -> None:
        self.name = sharded.name
        self.sharded = sharded
        self.mover = mover
        self.second = second
        self.directory_disks = directory_disks
        self._wanted_count = 0
        second.host.hold_process_down(second, self)
        self._make_shard = make_shard
        self._made_count = len(sharded.shards)
        self._leaving: dict[str, None] = {}
        self._is_tidy = False
        self._counts_epochs = counts_epochs

    # -- the contract

    @property
    def is_linearizable(self) -> bool:  # type: ignore[override] # shards come and go
        """What the sharded store claims."""
        return self.sharded.is_linearizable

    @property
    def nodes(self) -> Sequence[Node]:
        """All processes: the shards' nodes and monitors, servers, the directory's nodes, and the movers."""
        sharded = self.sharded
        monitors = [
            store.monitor
            for store in sharded.shards.values()
            if isinstance(store, PrimaryReplicaStore) and store.monitor is not None
        ]
        servers = [server for shard in sharded.shards for server in sharded.servers_of(shard)]
        return (*sharded.nodes, *servers, *sharded.directory.nodes, *monitors, self.mover, self.second)

    def client(self, host: Host) -> Endpoint:
        """Return a new router on `host`."""
        return self.sharded.client(host)

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what the nodes of each range's owner hold of it."""
        return self.sharded.contents()

    # -- what an operator does

    def pursue(self, wanted: str, key: str, number: int) -> None:
        """Give the mover a goal about the range of `key` and the shard of some `number`, or about all shards.

        move      the range goes to the shard
        split     the range is cut at the key, and what begins there goes to the shard
        merge     the range and the one before become one, where that can be
        even      all shards have as many ranges
        balance   no shard has much more load than others
        add       there is one shard more, and then as "even"
        remove    the shard has nothing any more, and then it is taken away

        The second mover wants the same, but of the next shard, if it is of one.
        """
        sharded = self.sharded
        if wanted == "add" and self._made_count < SHARDS_MAX:
            self._made_count += 1
            self._make_shard(sharded, self._made_count)
        staying = [shard for shard in sharded.shards if shard not in self._leaving]
        shard, other = (staying[place % len(staying)] for place in (number - 1, number))
        if wanted == "remove" and len(staying) > 1:
            staying.remove(shard)
            self._leaving[shard] = None
            sharded.env.call_later(_LOOK_EVERY, self._take_away, shard)
        self.mover.pursue(self._goal(wanted, key, shard, staying))
        self.second.pursue(self._goal(wanted, key, other, staying))

    def turn_second_mover(self, *, is_on: bool) -> None:
        """Let there be another mover from now on, or no more, unless somebody else still wants it."""
        was_on = self._wanted_count > 0
        self._wanted_count += 1 if is_on else -1
        if was_on != (self._wanted_count > 0):
            host = self.second.host
            turn = host.hold_process_down if was_on else host.let_process_up
            turn(self.second, self)

    def _goal(self, wanted: str, key: str, shard: str, staying: Sequence[str]) -> Goal:
        table = self.sharded.table
        token = table.partitioner.token(key)
        start = table.starts[table.find_token(token)]
        match wanted:
            case "move":
                return Listed(MoveRange(start, shard))
            case "split":
                return Listed(SplitRange(token), MoveRange(token, shard))
            case "merge":
                return Listed(MergeRanges(start))
            case "balance":
                return Balanced(staying, load_interval=_MEASURED_FOR)
        return Even(staying)

    def _take_away(self, shard: str) -> None:
        """Remove a shard that has no range, or look again later."""
        sharded = self.sharded
        if shard in self.sharded.table.shards:
            sharded.env.call_later(_LOOK_EVERY, self._take_away, shard)
        else:
            sharded.remove_shard(shard)
            del self._leaving[shard]

    def tidy(self) -> None:
        """Start the mover again: then it sweeps, and what no table names must go.

        So it does now and then from now on where something has come still later.
        """
        self._is_tidy = True
        self.mover.crash()
        self.mover.restart()
        self.sharded.env.call_later(_SWEEP_EVERY, self._tidy_again)

    def _tidy_again(self) -> None:
        if self._dead():
            self.tidy()
        else:
            self.sharded.env.call_later(_SWEEP_EVERY, self._tidy_again)

    # -- what is looked at in the end

    def unfinished(self) -> Mapping[Any, Mapping[str, Any]]:
        """Return what is not as it should be when all is quiet, by what it is about.

        The mover has not reached its goal, ranges move, replicas of a shard differ; and when it was tidied,
        what no table names is still there.
        """
        found: dict[Any, dict[str, Any]] = {}
        if not self.mover.is_settled:
            found["the goal"] = {"mover": "is not reached"}
        table = self.sharded.table
        for start, assignment in zip(table.starts, table.assignments, strict=True):
            if assignment.move is not None:
                found[f"range {start!r}"] = {assignment.shard: str(assignment.move)}
        if self._is_tidy:
            found |= self._dead()
        for shard, store in self.sharded.shards.items():
            differing = (
                replicas_that_differ(store)
                if isinstance(store, QuorumStore)
                else divergence(store.contents())
            )
            found |= {f"{shard}, {key}": dict(held) for key, held in differing.items()}
        return found

    def _dead(self) -> dict[Any, dict[str, Any]]:
        """Return what nodes hold that no table names, by what it is."""
        table, found = self.sharded.table, dict[Any, dict[str, Any]]()
        for shard, store in self.sharded.shards.items():
            for node, held in store.contents().items():
                for key, value in held.items():
                    if value is not None and not self._is_named(table, shard, key):
                        found.setdefault(f"dead {key}", {})[node] = value
        return found

    def _is_named(self, table: RoutingTable, shard: str, stored: StoredKey) -> bool:
        """Return whether by `table` a stored key of a shard is one that it has, or is getting."""
        _, assignment = table.find(stored.key)
        return any(
            named.shard == shard and (named.epoch == stored.epoch or not self._counts_epochs)
            for named in (assignment, assignment.move)
            if named is not None
        )
