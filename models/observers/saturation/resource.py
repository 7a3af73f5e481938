"""What can saturate, as an observer reads it: the contract of the kinds of resources.

Two families, and the difference decides who is to blame when both are full:

- A *physical* resource does work: cores, a wire, a rate limit (its work is to let calls pass). Each request
  costs it a time, its demand D, and it cannot be busy for more than all of the time: with c servers the
  utilisation law, U = X D / c, bounds the throughput X by c / D (Denning and Buzen 1978).
- A *soft* resource is held while others work: threads, a pool of connections, places in a bulkhead. By
  Little's law a throughput X holds X times the time that a request holds one. It has no demand of its own:
  it fills up when it is too small, and also when what its holders wait for is too slow.

A new kind is a sibling of those here: a subclass that says how it is read, and a line in `finding`.

Source: Gregg, "Thinking Methodically about Performance" (ACM Queue 10(12), 2012): utilisation, saturation and
errors of every resource.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from ...endpoint import Endpoint


class Reading(NamedTuple):
    """What can be read off a resource at one instant.

    `capacity` units exist now (0 while it is down), `used` of them are in use, and `waiting` calls or pieces
    of work wait for one. Since the start, `served_count` got one and `turned_away_count` did not.
    `busy_time` is in unit-seconds up to now, where the resource counts that itself, else `None`.
    """

    capacity: float
    used: float
    waiting: float
    served_count: int
    turned_away_count: int
    busy_time: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Resource(ABC):
    """One resource that an observer watches.

    `subject` is the object that it is read off, and by which it is known: one object is one resource.
    """

    kind: ClassVar[str]
    is_physical: ClassVar[bool]

    @property
    @abstractmethod
    def subject(self) -> object:
        """The object that this is a resource of."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the object is called."""

    @abstractmethod
    def read(self) -> Reading:
        """Return what can be seen of it now, and change nothing."""

    @property
    def ways_on(self) -> tuple[Endpoint, ...]:
        """What is called while this is held, whose waits are those of the holders: nothing, if physical."""
        return ()
