"""A version vector: for each writer, how many of its writes are known.

One vector covers another if it knows at least as much of each writer; where neither covers the other, the two
are concurrent: each has seen something that the other has not. A writer is a name, and numbers its writes 1,
2, 3 and so on; knowing the third is knowing the first two.

Source: Parker et al., "Detection of Mutual Inconsistency in Distributed Systems" (IEEE TSE 1983); Mattern,
"Virtual Time and Global States" (1989), for vector clocks, which are the same of events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping


class VersionVector(Mapping[str, int]):
    """How many writes of each writer are known, from `counts` (>= 1 each); immutable. An absent writer has 0.

    Example::

        >>> VersionVector({"a": 2}).covers(VersionVector({"a": 1, "b": 1}))
        False
    """

    __slots__ = ("_counts",)

    def __init__(self, counts: Mapping[str, int] | None = None) -> None:
        self._counts = dict(counts or {})
        for writer, count in self._counts.items():
            if count < 1:
                raise ValueError(f"count of {writer!r} must be >= 1, got {count!r}")

    def __getitem__(self, writer: str) -> int:
        return self._counts.get(writer, 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __contains__(self, writer: object) -> bool:
        return writer in self._counts

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VersionVector) and self._counts == other._counts

    __hash__ = None  # type: ignore[assignment] # as of any mapping

    def __repr__(self) -> str:
        return f"VersionVector({self._counts!r})"

    def covers(self, other: VersionVector) -> bool:
        """Return whether all that `other` knows is known."""
        mine = self._counts
        return all(mine.get(writer, 0) >= count for writer, count in other._counts.items())

    def is_concurrent_with(self, other: VersionVector) -> bool:
        """Return whether each knows something that the other does not."""
        return not self.covers(other) and not other.covers(self)

    def merged(self, other: VersionVector) -> VersionVector:
        """Return what either knows; this very vector where the other knows nothing new."""
        if self.covers(other):
            return self
        if other.covers(self):
            return other
        counts = dict(self._counts)
        for writer, count in other._counts.items():
            counts[writer] = max(count, counts.get(writer, 0))
        return VersionVector(counts)

    def advanced(self, writer: str) -> VersionVector:
        """Return the vector that knows one more write of `writer`."""
        return VersionVector({**self._counts, writer: self[writer] + 1})
