"""Elections of the Raft nodes, through their real messages and timers, against AvailSim's set-up.

The expected numbers are those of `election_rounds`, another program; it knows them up to its own error, which
the claims allow for. Where latencies are all the same, the probability of a split vote is exact.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from models.consensus.raft import time_to_leader
from simulator.randomness import Uniform

from ..experiment import Claim, TheoryCheck
from .election_rounds import Range, election_odds, split_probability

TRIALS, REPLICATIONS = 60, 40
"""Elections in each replication, and how many of these."""

_ERRORS = 4.0
_NOTE = "four standard errors of the 40,000 trials without events"
_LAN = (0.002, 0.005)


def elections(
    seed: int,
    effort: float = 1.0,
    *,
    node_count: int,
    failed_count: int,
    latency: Range,
    timeout: Range,
    trials_count: int,
    splits: bool = True,
) -> tuple[float, ...]:
    """Return the mean time to a leader (s) of `effort` times `trials_count`; with `splits` also their share.

    Latencies are uniform in a range, or the same where it has no width.
    """
    count = max(1, round(effort * trials_count))
    law = Uniform(*latency) if latency[0] < latency[1] else latency[0]
    trials = [
        time_to_leader(
            1_000 * seed + number,
            node_count=node_count,
            failed_count=failed_count,
            latency=law,
            election_timeout_min=timeout[0],
            election_timeout_max=timeout[1],
        )
        for number in range(count)
    ]
    times = sum(trial.time for trial in trials) / count
    return (times, sum(trial.term > 1 for trial in trials) / count) if splits else (times,)


def _check(
    node_count: int, failed_count: int, timeout: Range, latency: Range = _LAN, *, splits: bool = True
) -> TheoryCheck:
    """Return a check; one of which votes are split too seldom to be counted says nothing of that."""
    setup: dict[str, Any] = {"node_count": node_count, "failed_count": failed_count, "timeout": timeout}
    odds = election_odds(**setup, latency=latency)
    time = Claim(
        "mean time to a leader", odds.time_mean, bias=_ERRORS * odds.time_error, note=_NOTE, precision=0.05
    )
    split = Claim("P(split vote)", odds.split, bias=_ERRORS * odds.split_error, note=_NOTE, precision=0.4)
    if latency[0] == latency[1]:
        split = Claim(split.name, split_probability(**setup, latency=latency[0]), precision=0.4)
    down = f", {failed_count} down" if failed_count else ""
    return TheoryCheck(
        name=f"elections, {node_count} nodes{down}, timeouts {_span(timeout)}, latency {_span(latency)}",
        group="replication",
        source="AvailSim (Ongaro 2014, chapter 9), written anew without events",
        claims=(time, split) if splits else (time,),
        simulate=partial(elections, **setup, latency=latency, trials_count=TRIALS, splits=splits),
        replications=REPLICATIONS,
    )


def _span(times: Range) -> str:
    low, high = (f"{1_000 * time:g}" for time in times)
    return f"{low} ms" if low == high else f"{low} to {high} ms"


CHECKS = (
    _check(5, 0, (0.15, 0.3), splits=False),
    _check(5, 2, (0.15, 0.3)),
    _check(5, 0, (0.15, 0.16)),
    _check(9, 4, (0.15, 0.17)),
    _check(5, 0, (0.15, 0.165), latency=(0.005, 0.005)),
    _check(3, 1, (0.15, 0.2), latency=(0.003, 0.003)),
)
"""AvailSim's defaults, with two nodes down, with little spread; and two with an exact probability."""
