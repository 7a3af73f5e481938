"""Resharding: what it costs to add a shard, or to remove one, while users read and write.

Four databases are at half of what they can do, and a fifth is to help them; or it is to go again. A mover
brings range after range to where it belongs (`models.sharding.mover`): it copies while the range is served,
copies again what has changed since, freezes the range, waits until nobody serves it any more, copies the
rest, and hands it over. What is copied is load, on who gives and on who takes.

How much has to move is the placement's doing. From n shards to n + 1 a ring, jump hash, or a table in which
the fewest ranges change hands move 1/(n + 1) of the keys; a number modulo the number of shards moves n/(n +
1): all but those that stay by chance. (A ring and jump hash place each range for itself, so that of 240
ranges some more or fewer move than by theory.)

How fast, is a choice: a mover in a hurry takes the databases from their users, one that pauses after a few
items takes its time. What changes meanwhile is copied twice, so that slower is more, too.

A range that is frozen nobody may use; so that is kept short by the rounds before. It takes longer where the
mover dies in it: the range stays frozen until a mover is there again. And where a server of the source cannot
ask the directory, the mover has to wait until it can, or its lease is over; it serves meanwhile, by its
lease, and what it acknowledges is copied after that. Reads of a frozen range may be allowed where it was, at
the price of stale reads after it has been handed over; but servers hear of that quickly, as a request by a
newer table tells them that there is one.

What must not happen is judged by the history of all users: no acknowledged write is lost, and every history
is linearizable, unless reads may be stale. As a contrast two movers with a planted flaw: one hands the range
over without the last copy, one makes it at once, whoever has not heard yet that the range is frozen.

What to see (the default sweep): to add a fifth shard to four, with the fewest moves, a ring, jump hash and
modulo, 19, 23, 17 and 78 % of the keys move (theory: 20, 20, 20 and 80 %), in 28, 36, 24 and 121 s. Meanwhile
the p99 of users is 128, 132, 119 and 139 ms, before it is 87. To remove it takes 25 s with the fewest moves.
In a hurry, four ranges at a time, it is done in 8 s, with a p99 of 702 ms; one at a time, with pauses of 0,
0.1 and 0.4 s after five items, in 19, 28 and 64 s, with 162, 136 and 111 ms. A range is frozen for 62 ms on
average, without rounds before for 384. Where the mover dies meanwhile, 18 requests are not answered in the 4
s until it is back, and 11 where reads may be stale; none was. The source's host that dies costs 97 requests,
the target's 0, and both one attempt; a source without directory makes a freeze of 4.5 s. In none of these
runs an acknowledged write is lost, and all histories are linearizable. A mover that leaves out the last copy
loses 12, one that waits for nobody 2.

Leaves out: shards that are replicated, which move alike; balance by load, see `hot_keys`. Source: Karger et
al., "Consistent Hashing and Random Trees" (STOC 1997); Lamping and Veach, "A Fast, Minimal Memory, Consistent
Hash Algorithm" (2014); Clark et al., "Live Migration of Virtual Machines" (NSDI 2005), for rounds before a
stop; Adya et al., "Slicer" (OSDI 2016), for leases of an assignment; MongoDB documentation, on the migration
of chunks.
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
from .resharding_run import SHARDS, START, STEP, Change, Flaw, Resharding, Throttle, Trouble, Way

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

WAYS: tuple[Way, ...] = ("fewest moves", "ring", "jump", "modulo")
PAUSES = (0.0, 0.1, 0.4)
MANY, FEW = 240, 20
"""Ranges where shares are to be as by theory, and where much is asked of each."""

HOT = 100
"""Keys where a key is to be read soon after it was written."""

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
            {"ranges": FEW, "keys": HOT, "trouble": trouble, "stale_reads": stale}
            for trouble in ("mover, frozen", "mover, done")
            for stale in (False, True)
        ),
        *({"ranges": FEW, "trouble": trouble} for trouble in ("source", "target", "cut")),
        {"ranges": FEW, "flaw": "no last copy", "rounds": 0},
        {"ranges": FEW, "flaw": "waits for nobody", "trouble": "cut"},
    ]


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
    keys: Annotated[int, Field(ge=10, le=100_000, description="keys, all asked for alike")] = 1_200,
    ranges: Annotated[
        int, Field(ge=10, le=1_000, description="ranges in which keys are moved, one at a time")
    ] = 60,
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
    trouble: Annotated[
        Trouble,
        Field(
            description="for 4 s: the mover is down, since a range was frozen, or just handed over; a host of"
            " the move under way is down; its source is cut off from the directory when it is to freeze"
        ),
    ] = "none",
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
    before, during, after = run.before(), run.during(), run.after()
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
