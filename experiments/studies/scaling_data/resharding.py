"""Resharding: what it costs to add a shard, or to remove one, while users read and write.

Four databases are at half of what they can do, and a fifth is to help them; or it is to go again. A mover
brings range after range to where it belongs (`models.sharding.mover`): it copies while the range is served,
copies again what has changed since, freezes the range, waits until nobody serves it any more, copies the
rest, and hands it over. What is copied is load, on who gives and on who takes.

How much has to move is the placement's doing. From n shards to n + 1 a ring, jump hash, or a table in which
the fewest ranges change hands move 1/(n + 1) of the keys; a number modulo the number of shards moves n/(n +
1): all but those that stay by chance. (A ring and jump hash place each range for itself, so that of 240
ranges some more or fewer move than by theory: 20 % with a standard deviation of 2.6 %. Rings differ from run
to run, as names of shards do; jump hash goes by numbers, and is always the same.)

How fast, is a choice: a mover in a hurry takes the databases from their users, one that pauses after a few
items takes its time. What changes meanwhile is copied twice, so that slower is more, too.

A range that is frozen nobody may use; so that is kept short by the rounds before. It takes longer where the
mover dies in it: the range stays frozen until a mover is there again. And where a server of the source cannot
ask the directory, the mover has to wait until it can, or its lease is over; it serves meanwhile, by its
lease, and what it acknowledges is copied after that. Reads of a frozen range may be allowed where it was, at
the price of stale reads after it has been handed over, until its server hears of that. It does so quickly, as
a request by a newer table tells it that there is one; but not where it is cut off from the directory. Then
whoever only reads there, and thus does not hear of a newer table either, is told what has been replaced, for
up to a lease.

A shard may have copies; then it moves alike, and a host of the source that dies is a failover and not the
end of the attempt. How short the freeze is, is a matter of what its store can tell. One process and Raft tell
what has changed since the last copy. The pairs here keep a log of 20 records, which may not go back as far;
quorums have no log at all. What they move is copied once more as a whole, while it is frozen: such a range is
to be split before.

What must not happen is judged by the history of all users: no acknowledged write is lost, and every history
is linearizable, unless reads may be stale. As a contrast two movers with a planted flaw: one hands the range
over without the last copy, one makes it at once, whoever has not heard yet that the range is frozen.

What to see (the default sweep): to add a fifth shard to four, with the fewest moves, a ring, jump hash and
modulo, 19, 19, 17 and 78 % of the keys move (theory: 20, 20, 20 and 80 %), in 28, 29, 25 and 122 s. Meanwhile
the p99 of users is 130, 138, 135 and 136 ms, before it is 88. To remove it takes 26 s with the fewest moves.
In a hurry, four ranges at a time, it is done in 8 s, with a p99 of 777 ms; one at a time, with pauses of 0,
0.1 and 0.4 s after five items, in 20, 28 and 64 s, with 173, 137 and 116 ms. A range is frozen for 37 ms on
average, without rounds before for 523. Where the mover dies meanwhile, 29 requests are not answered in the 4
s until it is back, 16 of them reads; where reads may be stale these are answered. If instead the source does
not hear of the hand-over, for 4 s without directory, 10 reads are stale, by up to 3.1 s. The source's host
that dies costs 110 requests, the target's 1, and both one attempt; a source that is to freeze without
directory makes a freeze of 4.3 s. In shards of one process, of a primary and its replica, of Raft and of
quorums a range is frozen for 41, 549, 49 and 886 ms, and a host of the source that dies costs 114, 77, 24 and
30 requests. In none of these runs an acknowledged write is lost, and all histories are linearizable, but for
those with stale reads. A mover that leaves out the last copy loses 16, one that waits for nobody 6.

Leaves out: balance by load, see `hot_keys`. Source: Karger et al., "Consistent Hashing and Random Trees"
(STOC 1997); Lamping and Veach, "A Fast, Minimal Memory, Consistent Hash Algorithm" (2014); Clark et al.,
"Live Migration of Virtual Machines" (NSDI 2005), for rounds before a stop; Adya et al., "Slicer" (OSDI 2016),
for leases of an assignment; MongoDB documentation, on the migration of chunks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from models.consistency import Verdict, check_linearizability, lost_writes, staleness_of_reads
from models.sharding.mover import MoveRecord
from simulator import Environment
from simulator.measurement import RequestSample

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study
from ..troubled_run import TroubledRun
from .databases import HOSTS, ShardKind
from .resharding_run import SETTLED, SHARDS, START, STEP, Change, Flaw, Resharding, Throttle, Trouble, Way

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

WAYS: tuple[Way, ...] = ("fewest moves", "ring", "jump", "modulo")
PAUSES = (0.0, 0.1, 0.4)
MANY, FEW = 240, 20
"""Ranges where shares are to be as by theory, and where much is asked of each."""

FEWER = 600
"""Keys where shards have copies."""

HOT: Mapping[str, int] = {"ranges": 10, "keys": 100}
"""Where a key is to be read soon after it was written."""

MEASURES = {
    "moved": Measure(description="share of the keys that have another shard afterwards"),
    "moved_theory": Measure(description="the same by theory"),
    "copied": Measure(description="items copied, some more than once, for each key that has moved"),
    "duration": Measure(description="from the beginning of the first move to the end of the last", unit="s"),
    "p50_before": Measure(description="median time to an answer, before the moves", unit="s"),
    "p99_before": Measure(description="99th percentile of the same", unit="s"),
    "p50_during": Measure(description="median time to an answer, during the moves", unit="s"),
    "p99_during": Measure(description="99th percentile of the same", unit="s"),
    "p99_after": Measure(description="99th percentile of the time to an answer, after the moves", unit="s"),
    "unanswered": Measure(description="requests sent during the moves that were not answered"),
    "unanswered_reads": Measure(description="reads among them"),
    "freeze_mean": Measure(description="how long a range that moved was frozen, on average", unit="s"),
    "freeze_max": Measure(description="how long a range was frozen at most", unit="s"),
    "given_up": Measure(description="moves that were given up, and made again"),
    "stale_count": Measure(description="reads that told what had been replaced"),
    "stale_max": Measure(description="for how long the oldest of these had been replaced", unit="s"),
    "lost_count": Measure(description="acknowledged writes that are gone in the end"),
    "linearizable": Measure(description="whether the history of all users is linearizable: 1 or 0"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardingRun(TroubledRun):
    """A run that is over; its trouble are the moves.

    `served` are the requests that each shard had served, by its name, at the end of each step since time 0;
    `moves` what was moved.
    """

    served: Sequence[Mapping[str, int]]
    moves: Sequence[MoveRecord]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.scaling_data.resharding import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.scaling_data.resharding import figures_of_run

    return figures_of_run(run)


def _points() -> list[dict[str, Any]]:
    return [
        *({"placement": way, "ranges": MANY} for way in WAYS),
        *({"placement": way, "ranges": MANY, "change": "remove"} for way in ("fewest moves", "jump")),
        *({"pause": pause} for pause in PAUSES),
        {"pause": 0.0, "batch": 100, "parallel": 4},
        {"ranges": FEW},
        {"ranges": FEW, "rounds": 0},
        *(
            {**HOT, "trouble": trouble, "stale_reads": stale}
            for trouble in ("mover, frozen", "cut, frozen")
            for stale in (False, True)
        ),
        {**HOT, "trouble": "mover, done"},
        *({"ranges": FEW, "trouble": trouble} for trouble in ("source", "target", "cut")),
        *(
            {"shard": kind, "ranges": FEW, "keys": FEWER, "trouble": trouble}
            for trouble in ("none", "source")
            for kind in HOSTS
        ),
        {"ranges": FEW, "flaw": "no last copy", "rounds": 0},
        {"ranges": HOT["ranges"], "flaw": "waits for nobody", "trouble": "cut"},
    ]


_RANGES_ARE = (
    "ranges in which keys are moved, one at a time; of few of them a ring and jump hash move much more or"
    " less than by theory"
)
_TROUBLE_IS = (
    "for 4 s: the mover is down, since a range was frozen, or just handed over; a host of the move under way"
    " is down; its source is cut off from the directory, when it is to freeze, or has frozen"
)


@study(
    name="resharding",
    question="What does it cost to add a shard, or to remove one, while users read and write?",
    measures=MEASURES,
    sweep=Points(_points()),
    replications=3,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def resharding(
    *,
    seed: int,
    change: Annotated[
        Change, Field(description="whether the fifth shard is added to four, or removed")
    ] = "add",
    placement: Annotated[Way, Field(description="which ranges belong to which shard")] = "fewest moves",
    shard: Annotated[ShardKind, Field(description="what a database is made of")] = "one process",
    keys: Annotated[int, Field(ge=10, le=100_000, description="keys, all asked for alike")] = 1_200,
    ranges: Annotated[int, Field(ge=10, le=1_000, description=_RANGES_ARE)] = 60,
    batch: Annotated[int, Field(ge=1, le=10_000, description="items that are copied at a time")] = 5,
    pause: Annotated[
        float,
        Field(ge=0, le=60, allow_inf_nan=False, description="how long nothing is copied between batches"),
        Unit("s"),
    ] = 0.1,
    parallel: Annotated[int, Field(ge=1, le=100, description="ranges that are moved side by side")] = 1,
    rounds: Annotated[
        int, Field(ge=0, le=100, description="how often at most changes are copied before the freeze")
    ] = 3,
    stale_reads: Annotated[
        bool, Field(description="whether a frozen range may be read where it was")
    ] = False,
    trouble: Annotated[Trouble, Field(description=_TROUBLE_IS)] = "none",
    flaw: Annotated[Flaw, Field(description="what is wrong with the mover: planted, to be found")] = "none",
    rate: Annotated[
        float,
        Field(gt=0, le=500, allow_inf_nan=False, description="reads and writes, as many of each"),
        Unit("1/s"),
    ] = 100.0,
) -> Run:
    """Let users read and write, change the number of shards meanwhile, and look for what was lost."""
    env = Environment(seed=seed)
    moving = Resharding(
        env,
        change=change,
        way=placement,
        shard=shard,
        keys=keys,
        ranges=ranges,
        throttle=Throttle(batch=batch, pause=pause, rounds=rounds, parallel=parallel),
        stale_reads=stale_reads,
        flaw=flaw,
        rate=rate,
    )
    ended = moving.run(trouble)
    run = _seen(moving, ended)
    return Run(
        measures={**_measures(run, ended), **_measures_of_moves(moving, placement, trouble)}, detail=run
    )


def _seen(moving: Resharding, ended: float) -> ReshardingRun:
    """Return what there is to be drawn of a run that is over; the moves have ended, or never (nan)."""
    return ReshardingRun(
        requests=moving.users,
        log=moving.env.event_log,
        start=START,
        end=moving.env.now if np.isnan(ended) else ended,
        duration=len(moving.served) * STEP,
        served=tuple(moving.served),
        moves=tuple(moving.mover.records),
    )


def _measures(run: ReshardingRun, ended: float) -> dict[str, float]:
    before = run.requests.sample(SETTLED, run.start, by="start")
    during, after = run.during(), run.after()
    reads = run.during("read")
    return {
        "duration": ended - run.start,
        "p50_before": _percentile(before, 50.0),
        "p99_before": _percentile(before, 99.0),
        "p50_during": _percentile(during, 50.0),
        "p99_during": _percentile(during, 99.0),
        "p99_after": _percentile(after, 99.0),
        "unanswered": float(np.count_nonzero(~during.succeeded)),
        "unanswered_reads": float(np.count_nonzero(~reads.succeeded)),
    }


def _measures_of_moves(moving: Resharding, placement: Way, trouble: Trouble) -> dict[str, float]:
    moves, moved = moving.mover.move_statistics(), moving.moved_share()
    died = trouble.startswith("mover")
    copied = moves.first_count + moves.again_count + moves.frozen_count
    history = moving.recorder.history()
    stale = [each.seconds for each in staleness_of_reads(history) if each.seconds > 0.0]
    return {
        "moved": moved,
        "moved_theory": moved_by_theory(placement),
        "copied": copied / (moved * moving.keys) if moved else nan,
        # A mover that has died does not know how long its last range was frozen.
        "freeze_mean": nan if died else moves.freeze_time / max(moves.moved_count, 1),
        "freeze_max": nan if died else moves.freeze_time_max,
        "given_up": float(moves.given_up_count),
        "stale_count": float(len(stale)),
        "stale_max": max(stale, default=0.0),
        "lost_count": float(len(lost_writes(history, moving.held()))),
        "linearizable": float(check_linearizability(history).verdict is Verdict.LINEARIZABLE),
    }


def _percentile(sample: RequestSample, q: float) -> float:
    latencies = sample.latency[sample.succeeded]
    return float(np.percentile(latencies, q)) if latencies.size else nan


def moved_by_theory(placement: Way) -> float:
    """Return the share of keys that another shard has, with one more of `SHARDS`, or one fewer."""
    return (SHARDS if placement == "modulo" else 1) / (SHARDS + 1)
