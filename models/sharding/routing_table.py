"""The routing table: which shard has which range of keys, as a value.

A *range* is a stretch of the partitioner's line, from its start on and before the start of the next one. To
each an *assignment* says which shard has it, and under which *epoch*: a number that no other assignment ever
has, for which the version of the table in which it was made serves. It is the namespace of the data: in its
shard's store key k of that range is `(epoch, k)` (`stored_keys`). What a late write, or a copy that was given
up, still does under another epoch nobody can ever see.

A range is *settled*, or it moves: it is being copied to another shard, under the epoch that it will have
there, and then frozen, while nobody may read or write it (`mover`). States of a range:

    settled -> copying -> frozen -> settled, there, under the new epoch
                  |          |
                  +----------+----> settled, here, under the old one (the move is given up)

A range that is split keeps its epoch in both halves, since the data stays where it is; two neighbours of one
shard and one epoch can be merged into one.

Tables do not change: each of these makes another one, whose version is the next. Whoever makes it says who he
is by a `nonce`, so that two tables of the same version by two hands are two, and a compare-and-set of whole
tables costs no more than that of two numbers.

Source: Corbett et al., "Spanner" (OSDI 2012), section 2.2, for ranges that move and what moves them; Adya et
al., "Slicer" (OSDI 2016), for assignments of ranges of a hash with generation numbers.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

import numpy.typing as npt

from ..replication.scans import KeyRange, KeySet
from ..validation import require_count, require_each, require_kind, require_name
from .partitioner import LOWEST, Indices, Partitioner, RangePartitioner
from .stored_keys import StoredKey


class Phase(Enum):
    """How far the move of a range is."""

    COPYING = "copying"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Move:
    """A range goes to `shard`, where its epoch will be `epoch`."""

    shard: str
    epoch: int
    phase: Phase


@dataclass(frozen=True, slots=True)
class Assignment:
    """A range belongs to `shard`, under `epoch` (>= 0), and perhaps is on its way to another: `move`."""

    shard: str
    epoch: int = 0
    move: Move | None = None

    @property
    def is_frozen(self) -> bool:
        """Whether nobody may read or write the range now."""
        return self.move is not None and self.move.phase is Phase.FROZEN

    def copying_to(self, shard: str, epoch: int) -> Assignment:
        """Return what it is when a copy to `shard` begins. Raises `ValueError` if it moves already."""
        if self.move is not None or shard == self.shard:
            raise ValueError(f"a range must be settled, and elsewhere than {shard!r}, to move, got {self!r}")
        return replace(self, move=Move(shard, epoch, Phase.COPYING))

    def frozen(self) -> Assignment:
        """Return what it is when nobody may write any more. Raises `ValueError` unless it is copied."""
        if self.move is None or self.move.phase is not Phase.COPYING:
            raise ValueError(f"a range must be copied before it is frozen, got {self!r}")
        return replace(self, move=replace(self.move, phase=Phase.FROZEN))

    def handed_over(self) -> Assignment:
        """Return what it is when the other shard has it. Raises `ValueError` unless it is frozen."""
        if self.move is None or not self.is_frozen:
            raise ValueError(f"a range must be frozen before it is handed over, got {self!r}")
        return Assignment(self.move.shard, self.move.epoch)

    def given_up(self) -> Assignment:
        """Return what it is when its move is given up: settled, here, as before."""
        return Assignment(self.shard, self.epoch)


@dataclass(frozen=True, slots=True)
class TokenRange:
    """The tokens from `start` on and before `end`, which is `None` for the last range."""

    start: Any
    end: Any

    def __contains__(self, token: Any) -> bool:
        """Return whether `token` lies in it. Raises `TypeError` if it cannot be compared with the bounds."""
        return bool(self.start <= token and (self.end is None or token < self.end))


@dataclass(frozen=True, slots=True, eq=False)
class RoutingTable:
    """A `version` (>= 0) of the table: ranges begin at `starts`, and `assignments` says whose each is.

    The first start is `partitioner.lowest`; each is higher than the one before. `nonce` says who made it.

    Example::

        table = RoutingTable(RangePartitioner(), (LOWEST, "m"), (Assignment("one"), Assignment("two")))
        place, assignment = table.find("customer 17")
    """

    partitioner: Partitioner
    starts: tuple[Any, ...]
    assignments: tuple[Assignment, ...]
    version: int = 0
    nonce: Hashable = None
    _bounds: tuple[Any, ...] = field(init=False, repr=False)  # all starts but the first, which needs no look

    def __post_init__(self) -> None:
        """Check all of it."""
        require_kind("partitioner", self.partitioner, Partitioner)
        require_count("version", self.version, 0)
        require_kind("starts", self.starts, tuple)
        require_each("assignments", self.assignments, Assignment)
        if not self.starts or len(self.starts) != len(self.assignments):
            raise ValueError(
                f"starts must be one for each of the assignments ({len(self.assignments)}), at least one,"
                f" got {len(self.starts)}"
            )
        if self.starts[0] != self.partitioner.lowest:
            raise ValueError(f"starts must begin with {self.partitioner.lowest!r}, got {self.starts[0]!r}")
        for start in self.starts:
            self.partitioner.check_bound(start)
        for one, following in zip(self.starts, self.starts[1:], strict=False):
            if not one < following:
                raise ValueError(f"starts must grow, got {following!r} after {one!r}")
        for assignment in self.assignments:
            require_name("shard", assignment.shard)
            require_count("epoch", assignment.epoch, 0)
        object.__setattr__(self, "_bounds", self.starts[1:])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, RoutingTable):
            return NotImplemented
        return self is other or (self.version, self.nonce) == (other.version, other.nonce)

    def __hash__(self) -> int:
        return hash((self.version, self.nonce))

    def __repr__(self) -> str:
        return f"RoutingTable(version {self.version}, {len(self.starts)} ranges)"

    # -- looking up -----------------------------------------------------------------------------------------

    def find(self, key: Any) -> tuple[int, Assignment]:
        """Return the place of the range of `key`, and whose it is. Raises `TypeError` if it has none."""
        place = bisect_right(self._bounds, self.partitioner.token(key))
        return place, self.assignments[place]

    def find_all(self, keys: npt.ArrayLike | Iterable[Any]) -> Indices:
        """Return the places of the ranges of many keys; where they are hashed, ten million in seconds.

        Shape: that of `keys` if these are hashed and an array of whole numbers, else `(number of keys,)`.
        """
        return self.partitioner.places_among(self._bounds, keys)

    def find_token(self, token: Any) -> int:
        """Return the place of the range in which `token`, or a bound, lies."""
        return bisect_right(self._bounds, token)

    def places_within(self, start: Any, end: Any) -> range:
        """Return the places of the ranges with tokens from `start` on and before `end` (`None`: no end)."""
        last = len(self.starts) if end is None else bisect_left(self._bounds, end) + 1
        return range(self.find_token(start), last)

    def places_of_keys(self, keys: KeySet) -> Sequence[int]:
        """Return the places of the ranges in which there may be some of `keys`.

        Few where they are listed, or a range of keys whose order the partitioner keeps; else all. Raises
        `TypeError` for keys that have no place.
        """
        if keys.listed is not None:
            return sorted({self.find(key)[0] for key in keys.listed})
        if isinstance(keys, KeyRange) and isinstance(self.partitioner, RangePartitioner):
            return self.places_within(LOWEST if keys.start is None else keys.start, keys.end)
        return range(len(self.starts))

    def range_at(self, place: int) -> TokenRange:
        """Return the range at `place`."""
        end = self.starts[place + 1] if place + 1 < len(self.starts) else None
        return TokenRange(self.starts[place], end)

    def ranges(self) -> Iterator[tuple[TokenRange, Assignment]]:
        """Yield all ranges in their order, and whose they are."""
        return ((self.range_at(place), each) for place, each in enumerate(self.assignments))

    @property
    def shards(self) -> tuple[str, ...]:
        """The shards that have a range, or are getting one: each once, in the order of the ranges."""
        named = ((each.shard, each.move.shard if each.move else each.shard) for each in self.assignments)
        return tuple(dict.fromkeys(name for pair in named for name in pair))

    def places_of(self, shard: str) -> tuple[int, ...]:
        """Return the places of the ranges that `shard` has."""
        return tuple(place for place, each in enumerate(self.assignments) if each.shard == shard)

    def dealt_out(self, contents: Mapping[Any, Any]) -> dict[str, dict[StoredKey, Any]]:
        """Return what each shard that has a range holds of `contents`: to be its store's at the beginning.

        Raises `TypeError` for a key that has no place.
        """
        dealt: dict[str, dict[StoredKey, Any]] = {shard: {} for shard in self.shards}
        for key, value in contents.items():
            _, assignment = self.find(key)
            dealt[assignment.shard][StoredKey(assignment.epoch, key)] = value
        return dealt

    # -- the next table -------------------------------------------------------------------------------------

    @property
    def next_epoch(self) -> int:
        """An epoch that no assignment has had: the version of the next table."""
        return self.version + 1

    def changed(self, place: int, assignment: Assignment, *, nonce: Hashable = None) -> RoutingTable:
        """Return the next table, in which the range at `place` has another `assignment`."""
        assignments = (*self.assignments[:place], assignment, *self.assignments[place + 1 :])
        return self._next(self.starts, assignments, nonce)

    def split(self, place: int, bound: Any, *, nonce: Hashable = None) -> RoutingTable:
        """Return the next table, in which the range at `place` ends at `bound` and another begins there.

        Raises `ValueError` unless it lies inside, or if the range moves.
        """
        self.partitioner.check_bound(bound)
        stretch, assignment = self.range_at(place), self.assignments[place]
        if not (stretch.start < bound and bound in stretch):
            raise ValueError(f"bound must lie inside {stretch}, got {bound!r}")
        if assignment.move is not None:
            raise ValueError(f"a range must be settled to be split, got {assignment!r}")
        return self._next(
            (*self.starts[: place + 1], bound, *self.starts[place + 1 :]),
            (*self.assignments[: place + 1], *self.assignments[place:]),
            nonce,
        )

    def merged(self, place: int, *, nonce: Hashable = None) -> RoutingTable:
        """Return the next table, in which the range at `place` and the next one are one.

        Raises `ValueError` unless both are settled at one shard under one epoch.
        """
        pair = self.assignments[place : place + 2]
        if len(pair) < 2 or pair[0] != pair[1] or pair[0].move is not None:
            raise ValueError(f"two settled neighbours of one shard and epoch can be merged, got {pair!r}")
        return self._next(
            (*self.starts[: place + 1], *self.starts[place + 2 :]),
            (*self.assignments[: place + 1], *self.assignments[place + 2 :]),
            nonce,
        )

    def _next(
        self, starts: Sequence[Any], assignments: Sequence[Assignment], nonce: Hashable
    ) -> RoutingTable:
        return RoutingTable(self.partitioner, tuple(starts), tuple(assignments), self.version + 1, nonce)
