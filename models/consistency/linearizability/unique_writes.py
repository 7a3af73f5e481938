"""The exact fast check, for a register each of whose writes writes another value: O(n log n).

A read then names the write that it has seen. A write and the reads of its value are a cluster, and in any
order that explains the history they stand together, the write first. With f the first end in a cluster and s
the last invocation, the value was in the register

    from f to s        if f < s: a forward zone, somebody was told of it by f, and again from s on
    at some time       if s < f: a backward zone, all of the cluster is concurrent, and any one time between
    in s ... f         s and f will do

The history is linearizable if and only if

1. each value that was read was written, by a write invoked before the read ended,
2. no two forward zones overlap, and
3. no backward zone lies within a forward zone.

What nobody wrote, None, counts as written before all else. A write that is not known to have taken effect
ends after all else: if nobody has read it, its zone is backward, lies within no other, and does no harm.

Source: Gibbons and Korach, "Testing Shared Memories" (SIAM J. Comput. 26, 1997), section on read-mappings;
the proof that the conditions suffice is theirs.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from operator import attrgetter

from ..intervals import Interval
from .verdict import Witness

INITIAL = None


class NotUnique(ValueError):
    """Two writes wrote the same value, or one wrote None: the fast check cannot tell."""


@dataclass(slots=True)
class Conflict:
    """Why there is no order: `intervals`, by invocation, which no order explains, and the reason in words."""

    intervals: list[Interval]
    why: str

    @property
    def manifest_at(self) -> int:
        """The rank of the last end of a known operation in it: from there on the conflict is there."""
        return max(each.end for each in self.intervals if each.is_known)


def conflict_in(intervals: Sequence[Interval]) -> Conflict | None:
    """Return a conflict among the operations on one key, or None if they are linearizable.

    Raises `NotUnique` if a value was written twice.
    """
    clusters = _clusters(intervals)
    if isinstance(clusters, Conflict):
        return clusters
    forward = sorted((each for each in clusters if each.is_forward), key=attrgetter("first_end"))
    for one, other in pairwise(forward):
        if other.first_end < one.last_call:
            return _clash(one, other)
    begins = [each.first_end for each in forward]
    for cluster in clusters:
        if not cluster.is_forward:
            place = bisect_left(begins, cluster.last_call) - 1
            if place >= 0 and cluster.first_end < forward[place].last_call:
                return _clash(forward[place], cluster)
    return None


def witness_in(intervals: Sequence[Interval], key: Hashable) -> Witness | None:
    """Return why the operations on `key` are not linearizable, and since when; None if they are."""
    conflict = conflict_in(intervals)
    if conflict is None:
        return None
    # Whatever is linearizable has only such beginnings, so the earliest one that is not can be searched for
    # by halves. What is at hand often is it already: so first ask for one rank less.
    right, wrong = -1, conflict.manifest_at
    middle = wrong - 1
    while right + 1 < wrong:
        found = conflict_in(beginning(intervals, middle))
        if found is None:
            right = middle
        else:
            conflict, wrong = found, found.manifest_at
        middle = (right + wrong) // 2
    known = [each for each in intervals if each.is_known]
    return Witness(
        key=key,
        operations=tuple(each.operation for each in conflict.intervals),
        why=conflict.why,
        breaking=next(each.operation for each in known if each.end == wrong),
        explained_count=sum(each.end < wrong for each in known),
    )


def beginning(intervals: Sequence[Interval], last: int) -> list[Interval]:
    """Return what was known of the operations up to and with the event of rank `last`."""
    known = []
    for each in intervals:
        if each.call > last:
            continue
        if each.end <= last or not each.is_known:
            known.append(each)
        elif each.operation.kind != "read":
            known.append(Interval(each.operation, each.call, each.end, each.value, None, False))
    return known


# -- clusters


@dataclass(slots=True)
class _Cluster:
    """A write (None: the initial value) and its reads: who ended first, who was invoked last."""

    value: Hashable
    write: Interval | None
    first: Interval | None
    last: Interval | None

    @property
    def first_end(self) -> int:
        return -1 if self.first is None else self.first.end

    @property
    def last_call(self) -> int:
        return -1 if self.last is None else self.last.call

    @property
    def is_forward(self) -> bool:
        return self.first_end < self.last_call

    def clashes_with(self, other: _Cluster) -> bool:
        """Whether some of this one must come before some of the other, and some of the other before this."""
        return self.first_end < other.last_call and other.first_end < self.last_call

    def reads(self) -> list[Interval]:
        """Those of the first to end and the last to be invoked that are not the write."""
        found = {each.call: each for each in (self.first, self.last) if each is not None}
        return [each for each in found.values() if each is not self.write]

    def narrowed(self, reads: Sequence[Interval]) -> _Cluster:
        """Return the cluster of the same write with no other reads than these."""
        members = [each for each in (self.write, *reads) if each is not None]
        first = None if self.write is None else min(members, key=attrgetter("end"))
        return _Cluster(self.value, self.write, first, max(members, key=attrgetter("call"), default=None))


def _clusters(intervals: Sequence[Interval]) -> list[_Cluster] | Conflict:
    """Return the clusters, or a read that none explains."""
    clusters: dict[Hashable, _Cluster] = {INITIAL: _Cluster(INITIAL, None, None, None)}
    twice: list[Hashable] = []
    for each in intervals:
        if each.operation.kind == "write":
            if each.value in clusters:
                twice.append(each.value)
            else:
                clusters[each.value] = _Cluster(each.value, each, each, each)
    if twice:
        raise NotUnique(f"writes must be of values that differ, got {twice[0]!r} twice (None counts as one)")
    for each in intervals:
        if each.operation.kind == "read":
            cluster = clusters.get(each.result)
            if cluster is None:
                return Conflict([each], f"{each.result!r} was read, and nobody has written it")
            if cluster.write is not None and each.end < cluster.write.call:
                return Conflict([each, cluster.write], f"{each.result!r} was read before it was written")
            if cluster.first is not None and each.end < cluster.first.end:
                cluster.first = each
            if cluster.last is None or each.call > cluster.last.call:
                cluster.last = each
    return list(clusters.values())


def _clash(one: _Cluster, other: _Cluster) -> Conflict:
    """Return the conflict of two clusters, with both writes and as few reads as prove it."""
    reads = [(each, True) for each in one.reads()] + [(each, False) for each in other.reads()]
    narrowed = (
        (
            one.narrowed([each for each, is_of_one in chosen if is_of_one]),
            other.narrowed([each for each, is_of_one in chosen if not is_of_one]),
        )
        for count in range(len(reads) + 1)
        for chosen in combinations(reads, count)
    )
    one, other = next(pair for pair in narrowed if pair[0].clashes_with(pair[1]))
    members = {each.call: each for each in (one.write, *one.reads(), other.write, *other.reads()) if each}
    return Conflict([members[call] for call in sorted(members)], _why(one, other))


def _why(one: _Cluster, other: _Cluster) -> str:
    if one.is_forward and other.is_forward:
        return (
            f"{one.value!r} was the value {_until(one)}, and {other.value!r} {_until(other)}: "
            "each before and after the other"
        )
    outer, inner = (one, other) if one.is_forward else (other, one)
    return f"{outer.value!r} was the value {_until(outer)}, and {inner.value!r} has come and gone between"


def _until(cluster: _Cluster) -> str:
    assert cluster.last is not None
    begin = "from the beginning" if cluster.first is None else f"by {cluster.first.operation.ended_at:.9g} s"
    return f"{begin} and after {cluster.last.operation.invoked_at:.9g} s"
