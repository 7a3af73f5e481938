"""A set that several add to and remove from at once: observed-remove, or add-wins.

Each add is a *dot*: its writer's name and next number. The set has the dots of each element, and a context
that knows every dot that was ever in it. Rules:

1. To add an element gives it a new dot, in the place of those that it has here.
2. To remove an element takes away the dots that it has here: those adds that the remover has observed. An add
   at the same time elsewhere has a dot that the remover does not know, and stays.
3. An element is in the set while it has a dot.
4. Merging two sets keeps a dot that is in both, and one that is in one of them if the other's context does
   not know it: it was never there. One that is known there and gone was removed.

A dot that is known and not there is as good as a tombstone, and takes no room. A remove takes the next number
too, for no element, so that what is in a set follows from its context: who knows as much holds the same.

That a set came by other ways than another may not leave gaps in its context: a writer applies its own dots to
its own set and passes that set on, and one that may have forgotten some (a crash) must take another name.
Elements must have a hash. Source: Bieniusa et al., "An Optimized Conflict-Free Replicated Set" (INRIA
RR-8083, 2012); Shapiro et al. (INRIA RR-7506, 2011), specification 15, OR-Set, with tags in the place of
dots.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping

from ...versions import VersionVector

Dots = frozenset[tuple[str, int]]
"""Adds, each by its writer's name and number."""

_DOT_BYTES = 16
_NONE: Dots = frozenset()


class OrSet:
    """The dots of each element in the set, and the `context` that knows all that ever were; immutable.

    Example::

        >>> mine = OrSet().with_added("a", "book")
        >>> theirs = mine.with_removed("b", "book")
        >>> mine.with_added("a", "book").merged(theirs).elements
        frozenset({'book'})
    """

    __slots__ = ("_dots", "context")

    def __init__(
        self, dots: Mapping[Hashable, Dots] | None = None, context: VersionVector | None = None
    ) -> None:
        self._dots = dict(dots or {})
        self.context = context or VersionVector()

    @property
    def elements(self) -> frozenset[Hashable]:
        """What is in the set."""
        return frozenset(self._dots)

    def with_added(self, writer: str, element: Hashable) -> OrSet:
        """Return the set after `writer` has added `element`."""
        context = self.context.advanced(writer)
        return OrSet({**self._dots, element: frozenset(((writer, context[writer]),))}, context)

    def with_removed(self, writer: str, element: Hashable) -> OrSet:
        """Return the set after `writer` has removed `element`, which need not be there."""
        dots = {each: kept for each, kept in self._dots.items() if each != element}
        return OrSet(dots, self.context.advanced(writer))

    def merged(self, other: OrSet) -> OrSet:
        """Return what both know; this very set where the other knows nothing new."""
        if self.context.covers(other.context):
            return self
        dots = {}
        for element in dict.fromkeys((*self._dots, *other._dots)):
            mine, theirs = self._dots.get(element, _NONE), other._dots.get(element, _NONE)
            kept = (mine & theirs) | _unknown(mine, other.context) | _unknown(theirs, self.context)
            if kept:
                dots[element] = kept
        return OrSet(dots, self.context.merged(other.context))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OrSet) and self.context == other.context and self._dots == other._dots

    __hash__ = None  # type: ignore[assignment] # as of any mapping

    def __repr__(self) -> str:
        return f"OrSet({self._dots!r}, {self.context!r})"

    def shown(self) -> frozenset[Hashable]:
        """Return what a read gives: the elements."""
        return self.elements

    def weight(self) -> int:
        """Return the bytes that it weighs on the wire: 16 for each dot and each entry of the context."""
        return _DOT_BYTES * (len(self.context) + sum(len(dots) for dots in self._dots.values()))


def _unknown(dots: Dots, context: VersionVector) -> Dots:
    return frozenset(dot for dot in dots if context[dot[0]] < dot[1])
