"""Goals: how the table should be, and which steps lead there from how it is.

A goal looks at the present table, and at loads where it needs them, and says what may be done now. It has no
memory, and neither has the plan: a mover that has lost its own, or found that somebody else has changed the
table, asks again. That is how a plan survives whoever carries it out. When no step is left it is reached.

    Even      so many ranges at each shard, with as few moves as that takes: to add and to remove shards
    Placed    each range where a placement has it (ring, jump, modulo)
    Listed    just these steps: move that, split here, merge there
    Balanced  no shard with much more load than others (`load_balance`)

Source: the reconciliation of wanted and present state in Kubernetes' controllers; `redis-cli --cluster
rebalance` for even shares with few moves.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence

from ...hashing import Placement
from ...validation import require_each, require_kind
from ..partitioner import HashPartitioner
from ..routing_table import RoutingTable
from ..tables import owners_by
from .range_loads import RangeLoad
from .steps import MergeRanges, MoveRange, SplitRange, Step


class Goal(ABC):
    """What a mover is to bring about.

    `load_interval`, if it is not `None`, is for how many seconds loads are measured before it is asked; steps
    are then taken one at a time, so that it always sees what the last one has done.
    """

    load_interval: float | None = None
    shards: Sequence[str] = ()
    """The shards that ranges may be moved to."""

    def require_fit(self, table: RoutingTable, shards: Collection[str]) -> None:
        """Raise `ValueError` or `TypeError` where this can be no goal for such a table, with these shards."""
        for shard in self.shards:
            if shard not in shards:
                raise ValueError(f"shards of a goal must be among {', '.join(shards)}, got {shard!r}")

    @abstractmethod
    def steps(self, table: RoutingTable, loads: Sequence[RangeLoad]) -> Sequence[Step]:
        """Return what may be done now, in that order; nothing when `table` is as it should be.

        `loads` are those of the ranges of `table`, none where they are not measured.
        """


class Even(Goal):
    """All of `shards` have as many ranges, or one more, and no other shard has any.

    A shard that has too many gives from its last ranges on; the first that has too few gets them. To add a
    shard, or to remove one, is another list.

    Example::

        store.add_shard("shard-4", SingleNodeStore(env, network, host, name="shard-4"))
        mover.pursue(Even(store.shards))
    """

    def __init__(self, shards: Iterable[str]) -> None:
        self.shards: tuple[str, ...] = require_each("shards", shards, str)
        if not self.shards or len(set(self.shards)) < len(self.shards):
            raise ValueError(f"shards must be one or more, each once, got {list(self.shards)!r}")

    def steps(self, table: RoutingTable, loads: Sequence[RangeLoad]) -> Sequence[Step]:
        """Return the moves that are left, those away from shards that are to have nothing first."""
        held: dict[str, list[int]] = {shard: [] for shard in self.shards}
        for place, each in enumerate(table.assignments):  # one that moves counts where it goes
            held.setdefault(each.shard if each.move is None else each.move.shard, []).append(place)
        wanted = self._wanted(len(table.starts), held)
        takers = [shard for shard in self.shards for _ in range(wanted[shard] - len(held[shard]))]
        strangers = [shard for shard in held if shard not in wanted]
        given = [
            place for shard in (*strangers, *self.shards) for place in held[shard][wanted.get(shard, 0) :]
        ]
        return [MoveRange(table.starts[place], taker) for place, taker in zip(given, takers, strict=True)]

    def _wanted(self, range_count: int, held: dict[str, list[int]]) -> dict[str, int]:
        """Return how many ranges each shard is to have; one more, if any, those that have more anyway."""
        share, rest = divmod(range_count, len(self.shards))
        richer = sorted(self.shards, key=lambda shard: len(held[shard]) <= share)
        return {shard: share + (richer.index(shard) < rest) for shard in self.shards}


class Placed(Goal):
    """Each range is at the node of `placement` that `tables.owners_by` says; for tables of hashes.

    Example: `mover.pursue(Placed(HashRing(["shard-1", "shard-2", "shard-3"])))`.
    """

    def __init__(self, placement: Placement) -> None:
        require_kind("placement", placement, Placement)
        self.placement = placement
        self.shards = placement.nodes

    def require_fit(self, table: RoutingTable, shards: Collection[str]) -> None:
        """Raise `TypeError` for a table of ranges of keys too, which no placement places."""
        super().require_fit(table, shards)
        require_kind("partitioner", table.partitioner, HashPartitioner)

    def steps(self, table: RoutingTable, loads: Sequence[RangeLoad]) -> Sequence[Step]:
        """Return the moves that are left, in the order of the ranges."""
        owners = owners_by(self.placement, table.starts)
        return [
            MoveRange(start, owner)
            for start, owner, assignment in zip(table.starts, owners, table.assignments, strict=True)
            if assignment.shard != owner
        ]


class Listed(Goal):
    """Each of `listed` is done, in that order, where the table does not say that it is.

    Steps that contradict each other are done for ever, in turn.
    """

    def __init__(self, *listed: Step) -> None:
        for step in listed:
            if not isinstance(step, MoveRange | SplitRange | MergeRanges):
                raise TypeError(f"each must be a MoveRange, SplitRange or MergeRanges, got {step!r}")
        self.listed = listed
        self.shards = tuple(step.shard for step in listed if isinstance(step, MoveRange))

    def require_fit(self, table: RoutingTable, shards: Collection[str]) -> None:
        """Raise for bounds that no range can have, too."""
        super().require_fit(table, shards)
        for step in self.listed:
            table.partitioner.check_bound(step.start if isinstance(step, MoveRange) else step.bound)

    def steps(self, table: RoutingTable, loads: Sequence[RangeLoad]) -> Sequence[Step]:
        """Return those that are possible, and so not done."""
        return [step for step in self.listed if step.is_possible(table)]
