"""Writes that reads cannot tell apart: what a history that is linearizable does not prove.

A read tells a value, and not who wrote it. Where each write writes another value it names its write, and one
of what was replaced is found out. Where all write the same, any store is linearizable: a read of a lost or a
replaced write tells what one of the present would. In between a read still rules out the writes of other
values. Gibbons and Korach (see `unique_writes`) part the two cases by their cost; for whoever tests a store
they differ in what they prove.

Looked at are keys that are read, with reads and writes alone: a compare-and-set tells what it has found, and
is meant to be of few values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..intervals import READ, Interval
from .specifications import Register


@dataclass(frozen=True, slots=True, kw_only=True)
class EqualWrites:
    """Keys of which more than half of the acknowledged writes write what another write does, too.

    There are `keys_count` of them, with `writes_count` acknowledged writes, of which `equal_count` are such.
    """

    keys_count: int
    writes_count: int
    equal_count: int


def equal_writes_in(keys: Iterable[Sequence[Interval]]) -> EqualWrites | None:
    """Return how many writes reads cannot tell apart, None if there is no key on which these are most."""
    counts = [each for each in map(_counts, keys) if 2 * each[1] > each[0]]
    if not counts:
        return None
    return EqualWrites(
        keys_count=len(counts),
        writes_count=sum(writes for writes, _ in counts),
        equal_count=sum(equal for _, equal in counts),
    )


def _counts(intervals: Sequence[Interval]) -> tuple[int, int]:
    """The acknowledged writes of a key, and those whose value another write has, acknowledged or not."""
    kinds = {each.operation.kind for each in intervals}
    if READ not in kinds or not kinds <= set(Register.kinds):
        return 0, 0
    writes = [each for each in intervals if each.operation.kind != READ]
    times = Counter(each.value for each in writes)
    known = [each for each in writes if each.is_known]
    return len(known), sum(times[each.value] > 1 for each in known)
