"""Moving: ranges of keys go from shard to shard while they are served, and nothing is lost.

    mover           Mover: a process that brings the routing table to where its goal wants it
    goals           Goal; Even, Placed, Listed: how the table should be
    load_balance    Balanced: a goal that follows the load
    steps           MoveRange, SplitRange, MergeRanges: what is done, one at a time
    range_move      the move of one range: why no acknowledged write is lost
    range_copy      the copy of a range, and what has changed since
    range_loads     RangeLoad: how much each range is asked for
    table_editor    changes of the table, each made for certain, or not
    shard_ways      ways to the servers of shards, and what may be asked twice
    records         MoveRecord, MoverStatistics: for observers
    settings        MoverSettings; MoverFlaws: bugs to be found

What servers do for a mover is in `sharding.server_transfers`, and DeadKeys: what a shard holds and no table
names any more.
"""

from ..server_transfers import DeadKeys
from .goals import Even, Goal, Listed, Placed
from .load_balance import Balanced
from .mover import Mover
from .range_loads import RangeLoad
from .records import Ending, MoveRecord, MoverStatistics
from .settings import MoverFlaws, MoverSettings
from .steps import MergeRanges, MoveRange, SplitRange

__all__ = [
    "Balanced",
    "DeadKeys",
    "Ending",
    "Even",
    "Goal",
    "Listed",
    "MergeRanges",
    "MoveRange",
    "MoveRecord",
    "Mover",
    "MoverFlaws",
    "MoverSettings",
    "MoverStatistics",
    "Placed",
    "RangeLoad",
    "SplitRange",
]
