"""A fixed limit learns nothing."""

from __future__ import annotations

from models.resilience.shedding import FixedLimit

from .fed import Fed


def test_nothing_moves_it() -> None:
    fed = Fed(FixedLimit(7))
    fed.feed(100.0, drop=True, times=50)
    fed.feed(0.0, times=50)
    assert (fed.limit, fed.changes) == (7, [])
