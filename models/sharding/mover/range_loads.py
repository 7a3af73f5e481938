"""Loads: how much each range is asked for, out of what servers say twice.

A server says how many requests it has served since it started, and for which tokens the last ones were. Of
what it has served between two questions these last ones are a sample: each stands for as many requests as
the rest of them. What was asked of a range is the sum over all servers of the shard that has it; what a
server has served of a range that has moved on since is not counted.

A server that started afresh in between counts from there. One that has not answered both times is left out:
nobody knows how much of what it has served was before the first question.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from ..routing_table import RoutingTable
from ..server_transfers import ServedLoad

Server = tuple[str, int]
"""A shard's name, and which of its servers."""


@dataclass(slots=True)
class RangeLoad:
    """How often a range is asked for: `rate` requests per second, `by_token` those of each token."""

    rate: float = 0.0
    by_token: dict[Any, float] = field(default_factory=dict)


def range_loads(
    table: RoutingTable,
    before: Mapping[Server, ServedLoad],
    after: Mapping[Server, ServedLoad],
    interval: float,
) -> tuple[RangeLoad, ...]:
    """Return the load of each range of `table`, from what servers said `interval` seconds (> 0) apart."""
    found = tuple(RangeLoad() for _ in table.starts)
    for server, report in after.items():
        earlier = before.get(server)
        if earlier is None:
            continue
        count = report.count - earlier.count if report.life == earlier.life else report.count
        sample = report.recent[-count:] if count else ()
        for token in sample:
            place = table.find_token(token)
            if table.assignments[place].shard == server[0]:
                rate = count / len(sample) / interval
                found[place].rate += rate
                found[place].by_token[token] = found[place].by_token.get(token, 0.0) + rate
    return found


def bounds_inside(load: RangeLoad) -> Iterator[tuple[Any, float]]:
    """Yield each token at which a load can be cut in two, so not the first, and how much is before it."""
    below = 0.0
    for token, following in pairwise(sorted(load.by_token)):
        below += load.by_token[token]
        yield following, below
