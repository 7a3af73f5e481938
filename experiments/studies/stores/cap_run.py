"""What a run under a cut shows: what each side was answered, how fast and how stale; what is lost and proven.

- *Available* is the share of operations that were answered, of those sent while the cut had at least
  `PATIENCE` seconds to go: what is sent later may be answered when it is over, which is nobody's merit.
- *Latency* is that of answers alone.
- *Stale* are reads of what had been replaced by an acknowledged write, on whichever side (`consistency`).
- *Lost* is an acknowledged write sent during the cut if no node holds, in the end, anything that its side
  wrote to its key meanwhile, nor what anybody wrote who was not told that it is done: that may take effect at
  any later time. Of an order, which is written once, this says that it is gone. Of a change it says that the
  other side's have replaced it, and all that came after it here, unseen. Writing ends before the cut does, so
  that nobody has replaced anything knowingly; while messages pass one way somebody may have.
- *Converged* is the store when all copies of each key are equal, from the heal on, as sampled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Any

import numpy as np

from models.consistency import (
    Ending,
    Linearizability,
    Operation,
    ReadStaleness,
    check_linearizability,
    divergence,
    staleness_of_reads,
)
from models.replication import READ, QuorumStore, Store
from simulator import Environment, EventLog, RequestTable
from simulator.measurement import RequestSample

from .places import Side
from .users import PATIENCE

Contents = Mapping[str, Mapping[Any, Any]]
"""Values by key, by node."""

SETTLES_MAX = 30.0
"""So many seconds after the heal the copies are still looked at."""

_OFTEN = 5.0


@dataclass(frozen=True, kw_only=True)
class CapRun:
    """A run that is over: users came at `begin`, the network was cut from `start` to `end`, all in seconds.

    `tables` has the requests of each side, `history` those of both; `held` is what the nodes held in the end,
    and `converged_time` how long after the heal all copies were equal (inf: not within `SETTLES_MAX`).
    """

    store: Store
    tables: Mapping[Side, RequestTable]
    history: tuple[Operation, ...]
    log: EventLog
    begin: float
    start: float
    end: float
    held: Contents
    converged_time: float

    @cached_property
    def verdict(self) -> Linearizability:
        """Whether the history is linearizable, and where it is not, why."""
        return check_linearizability(self.history, "register")

    @cached_property
    def staleness(self) -> tuple[ReadStaleness, ...]:
        """How stale each read of the run was."""
        return staleness_of_reads(self.history)

    def answered(self, side: Side, operations: tuple[str, ...], since: float, until: float) -> RequestSample:
        """Return the answered ones of the `operations` that a side sent in [since, until)."""
        sent = self.sent(side, operations, since, until)
        return sent.where(sent.succeeded)

    def sent(self, side: Side, operations: tuple[str, ...], since: float, until: float) -> RequestSample:
        """Return the `operations` that a side sent in [since, until)."""
        sample = self.tables[side].sample(since, until, by="start")
        codes = [sample.operations.index(each) for each in operations if each in sample.operations]
        return sample.where(np.isin(sample.operation, codes))

    def lost(self) -> tuple[Operation, ...]:
        """Return the acknowledged writes that are lost."""
        held = {(key, value) for contents in self.held.values() for key, value in contents.items()}
        writes = [each for each in self.history if each.kind != READ]
        during = [each for each in writes if self.start <= each.invoked_at < self.end]
        there = [each for each in during if (each.key, each.value) in held]
        kept = {(each.site, each.key) for each in there}
        replaced = {
            each.key for each in writes if each.ending is Ending.UNKNOWN and (each.key, each.value) in held
        }
        return tuple(
            each
            for each in during
            if each.ending is Ending.OK and (each.site, each.key) not in kept and each.key not in replaced
        )

    def unknown_count(self) -> int:
        """Return of how many writes that were sent during the cut nobody knows what became of them."""
        return sum(
            each.ending is Ending.UNKNOWN and each.kind != READ and self.start <= each.invoked_at < self.end
            for each in self.history
        )


def watch_it_settle(env: Environment, store: Store, healed_at: float) -> float:
    """Let time go by until all copies are equal, and return how long after the heal that was; inf: never.

    They have to stay so for as long as a user may wait for a write of before.
    """
    equal_since = inf
    for late in (*np.arange(0.0, _OFTEN, 0.1).tolist(), *np.arange(_OFTEN, SETTLES_MAX, 0.5).tolist()):
        if late > 0.0:
            env.run(until=healed_at + late)
        equal_since = inf if divergence(copies(store)) else min(equal_since, late)
        if late >= equal_since + PATIENCE:
            break
    return equal_since


def copies(store: Store) -> Contents:
    """Return what the nodes hold; where a key is on some of them only, its first copy, second and so on."""
    contents = store.contents()
    if not isinstance(store, QuorumStore):
        return contents
    keys = list(dict.fromkeys(key for held in contents.values() for key in held))
    names = {key: [node.name for node in store.replicas_of(key)] for key in keys}
    return {
        f"copy {number}": {key: contents[names[key][number]].get(key) for key in keys}
        for number in range(store.settings.replica_count)
    }
