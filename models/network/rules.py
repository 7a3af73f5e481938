"""Mischief on the network: rules that are asked about every message and give a verdict.

A rule is installed with `Network.install` and taken away with `Network.heal`. While any is installed, each
message is shown to all of them, in the order in which they were installed: the first that drops it decides,
delays add up. A rule sees a message when it is sent; one that is on its way already is past the place where
the mischief happens.

    Partition       cuts the messages between two sets of hosts, in both directions or in one
    Isolation       cuts a set of hosts off from everything outside of it
    PacketLoss      drops packets at random; what that does depends on the transport (see `path`)
    AddedDelay      delays messages by a random time
    InBursts        lets another rule judge in bursts only, with gaps between them (see `bursts`)

Source: rules with verdicts after the network simulators of turmoil and FoundationDB; names after Toxiproxy's
toxics and Linux `tc netem`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from itertools import repeat

from simulator import Environment
from simulator.randomness import Constant, Distribution, Uniform

from ..infrastructure import Area, Host

Place = Host | Area
"""Something that hosts can be named by."""


class Fate(Enum):
    """What a rule may do to a message: let it pass, lose this packet of it, or cut it off for good."""

    PASS = "pass"
    LOSE = "lose"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one message: its `fate`, and for one that passes an added `delay` in seconds."""

    fate: Fate
    delay: float = 0.0


PASS = Verdict(Fate.PASS)
LOSE = Verdict(Fate.LOSE)
CUT = Verdict(Fate.CUT)


class Rule(ABC):
    """Gives a verdict on messages; derive from it to make your own mischief."""

    @abstractmethod
    def judge(self, source: Host, target: Host) -> Verdict:
        """Return what becomes of a packet that is sent now from `source` to `target`."""


class _Places:
    """Hosts, and all that stand in racks, zones and regions, also those that come there later.

    Raises `TypeError` for what is not a place, `ValueError` where there is no host at all.
    """

    __slots__ = ("_areas", "_hosts")

    def __init__(self, places: Iterable[Place] | Place) -> None:
        given = (places,) if isinstance(places, Place) else tuple(places)
        for place in given:
            if not isinstance(place, Place):
                raise TypeError(f"a place must be a Host, Rack, Zone or Region, got {place!r}")
        self._hosts = frozenset(place for place in given if isinstance(place, Host))
        self._areas = frozenset(place for place in given if isinstance(place, Area))
        if not self._hosts and not any(area.hosts for area in self._areas):
            raise ValueError("a set of places must hold at least one host, got none")

    def __contains__(self, host: Host) -> bool:
        if host in self._hosts:
            return True
        area: Area | None = host.rack or host.zone
        while area is not None and area not in self._areas:
            area = area.within
        return area is not None


class Between:
    """The messages between two sets of places: from `sources` to `targets`, and back unless `one_way`."""

    __slots__ = ("one_way", "sources", "targets")

    def __init__(
        self, sources: Iterable[Place] | Place, targets: Iterable[Place] | Place, *, one_way: bool
    ) -> None:
        self.sources = _Places(sources)
        self.targets = _Places(targets)
        self.one_way = one_way

    def covers(self, source: Host, target: Host) -> bool:
        """Say whether a message from `source` to `target` is one of them."""
        if source in self.sources and target in self.targets:
            return True
        return not self.one_way and source in self.targets and target in self.sources


class Partition(Rule):
    """No message passes between two sets of places; with `one_way`, none from the first to the second.

    A cut message is gone for good: it is not delivered late when the partition heals, and its sender hears
    nothing, whatever the transport. (Real TCP would go on sending it again for about a quarter of an hour.)
    """

    def __init__(
        self, sources: Iterable[Place] | Place, targets: Iterable[Place] | Place, *, one_way: bool = False
    ) -> None:
        self.between = Between(sources, targets, one_way=one_way)

    def judge(self, source: Host, target: Host) -> Verdict:
        """Cut what goes between the two sets."""
        return CUT if self.between.covers(source, target) else PASS


class Isolation(Rule):
    """No message passes between `places` and whatever stands outside of them; inside, all goes on.

    A zone whose network is lost, say: its hosts run and reach each other. What is cut is gone for good, as
    with `Partition`. Raises as `Partition` does for what is not a place, and where there is no host.
    """

    def __init__(self, places: Iterable[Place] | Place) -> None:
        self.places = _Places(places)

    def judge(self, source: Host, target: Host) -> Verdict:
        """Cut what has exactly one end inside."""
        return CUT if (source in self.places) != (target in self.places) else PASS


class PacketLoss(Rule):
    """Each packet between two sets of places is lost with a `probability`, independently.

    Nothing is drawn, and no seed needed, where it is 0 or 1.
    """

    def __init__(
        self,
        env: Environment,
        sources: Iterable[Place] | Place,
        targets: Iterable[Place] | Place,
        probability: float,
        *,
        name: str,
        one_way: bool = False,
    ) -> None:
        self.between = Between(sources, targets, one_way=one_way)
        self.probability = checked_probability("probability", probability)
        self._draw: Callable[[], float] = (
            env.sampler(f"network/loss/{name}", Uniform(0.0, 1.0))
            if 0.0 < probability < 1.0
            else repeat(0.0).__next__
        )

    def judge(self, source: Host, target: Host) -> Verdict:
        """Lose a packet at random."""
        return LOSE if self.between.covers(source, target) and self._draw() < self.probability else PASS


class AddedDelay(Rule):
    """Each message between two sets of places takes longer, by a random time, or always the same one.

    `delay` is a distribution or a number of seconds (>= 0; nothing is drawn, and no seed needed).
    """

    def __init__(
        self,
        env: Environment,
        sources: Iterable[Place] | Place,
        targets: Iterable[Place] | Place,
        delay: Distribution | float,
        *,
        name: str,
        one_way: bool = False,
    ) -> None:
        self.between = Between(sources, targets, one_way=one_way)
        if not isinstance(delay, Distribution):
            delay = Constant(delay)
        if not delay.support[0] >= 0.0:
            raise ValueError(f"delay must be >= 0 s, got {delay!r}")
        self._draw: Callable[[], float] = (
            repeat(delay.value).__next__
            if isinstance(delay, Constant)
            else env.sampler(f"network/delay/{name}", delay)
        )

    def judge(self, source: Host, target: Host) -> Verdict:
        """Delay a message."""
        return Verdict(Fate.PASS, self._draw()) if self.between.covers(source, target) else PASS


def checked_probability(name: str, value: float) -> float:
    """Return a probability. Raises `ValueError` unless it lies in [0, 1]."""
    if not 0.0 <= value <= 1.0:
        raise ValueError(f"{name} must be in [0, 1], got {value!r}")
    return value
