"""A counter that several add to and subtract from at once.

Each writer has two sums of its own, of what it has added and of what it has subtracted, and only it changes
them; they only grow. The value is the sum of the one kind less that of the other. To merge is to take, for
each writer, the larger of each: a sum that is smaller is an older one. So whatever was added counts once,
however often the news of it comes.

A writer that may have forgotten what it added (a crash) must take another name: its sums would begin anew,
and be taken for older ones. A bound, such as a stock that may not fall below 0, cannot be kept: each writer
sees only what it has heard of. Source: Shapiro et al. (INRIA RR-7506, 2011), specification 7, PN-Counter.
"""

from __future__ import annotations

from collections.abc import Mapping

Amount = int | float
Sums = tuple[Amount, Amount]
"""What a writer has added, and what it has subtracted; both >= 0."""

_NOTHING: Sums = (0, 0)
_ENTRY_BYTES = 24


class PnCounter:
    """The `sums` of each writer; immutable. An absent writer has added nothing.

    Example::

        >>> PnCounter().added("a", 5).merged(PnCounter().added("b", -2)).value
        3
    """

    __slots__ = ("_sums",)

    def __init__(self, sums: Mapping[str, Sums] | None = None) -> None:
        self._sums = dict(sums or {})
        for writer, (added, subtracted) in self._sums.items():
            if not (added >= 0 and subtracted >= 0):
                raise ValueError(f"sums of {writer!r} must be >= 0, got {(added, subtracted)!r}")

    @property
    def value(self) -> Amount:
        """The number: what was added less what was subtracted."""
        # By writer's name, since sums of floats depend on their order.
        sums = [self._sums[writer] for writer in sorted(self._sums)]
        return sum(added for added, _ in sums) - sum(subtracted for _, subtracted in sums)

    def added(self, writer: str, amount: Amount) -> PnCounter:
        """Return the counter after `writer` has added `amount`, which may be negative."""
        plus, minus = self._sums.get(writer, _NOTHING)
        sums = (plus + amount, minus) if amount >= 0 else (plus, minus - amount)
        return PnCounter({**self._sums, writer: sums})

    def merged(self, other: PnCounter) -> PnCounter:
        """Return what both know; this very counter where the other knows nothing new."""
        sums, is_news = dict(self._sums), False
        for writer, (added, subtracted) in other._sums.items():
            plus, minus = sums.get(writer, _NOTHING)
            if added > plus or subtracted > minus or writer not in sums:
                sums[writer] = (max(added, plus), max(subtracted, minus))
                is_news = True
        return PnCounter(sums) if is_news else self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PnCounter) and self._sums == other._sums

    __hash__ = None  # type: ignore[assignment] # as of any mapping

    def __repr__(self) -> str:
        return f"PnCounter({self._sums!r})"

    def shown(self) -> Amount:
        """Return what a read gives: the number."""
        return self.value

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire: 24 for each writer."""
        return _ENTRY_BYTES * len(self._sums)
