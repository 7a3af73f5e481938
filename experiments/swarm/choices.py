"""What may stand in the parameters of a wrapper, a fault or a part: how it is drawn, checked and simplified.

A parameter that is left out of a plan has the simplest of its values. Ranges are not checked here: the part
that is built from a parameter knows its own, and says so.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from ..misuse import Misuse, unknown_name
from .plan import REGION, SystemPlan, Value


@dataclass(frozen=True, slots=True)
class Names:
    """The names of a plan's parts, in order; racks, zones and regions without hosts are left out.

    `wrappers` and `parts` are (kind, name).
    """

    regions: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()
    racks: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    wrappers: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, plan: SystemPlan) -> Names:
        """Return the names that a plan gives."""
        inhabited = {host.zone for host in plan.hosts if host.zone is not None}
        filled = {host.rack for host in plan.hosts if host.rack is not None}
        return cls(
            regions=(REGION,) if inhabited else (),
            zones=tuple(zone for zone in plan.zones if zone in inhabited),
            racks=tuple(rack.name for rack in plan.racks if rack.name in filled),
            hosts=tuple(host.name for host in plan.hosts),
            services=tuple(service.name for service in plan.services),
            instances=tuple(
                f"{service.name}-{number}"
                for service in plan.services
                for number in range(1, len(service.hosts) + 1)
            ),
            wrappers=tuple((wrapper.kind, wrapper.name) for _, _, wrapper in plan.wrappers()),
            parts=tuple((part.kind, part.name) for part in plan.parts),
        )


class Parameter(ABC):
    """One parameter of a kind of wrapper, fault or part."""

    __slots__ = ()

    @abstractmethod
    def draw(self, random: Random, names: Names) -> Value:
        """Return a value for it."""

    @abstractmethod
    def require(self, place: str, value: Value, names: Names) -> None:
        """Raise Misuse, naming the `place`, unless `value` is one that can be meant."""

    def default(self, place: str) -> Value:
        """Return the value where none is given; raises Misuse if there must be one."""
        raise Misuse(f"{place} must be given: it has no default")


class Choice(Parameter):
    """One of some values, the simplest first, which is the default.

    Where they are numbers others can be meant too.
    """

    __slots__ = ("values",)

    def __init__(self, *values: Value) -> None:
        self.values = values

    def draw(self, random: Random, names: Names) -> Value:
        """Return one of the values, any of them alike."""
        return random.choice(self.values)

    def default(self, place: str) -> Value:
        """Return the first value."""
        return self.values[0]

    def require(self, place: str, value: Value, names: Names) -> None:
        """Raise Misuse unless it is one of the values, or a number where they are."""
        if any(value == each and type(value) is type(each) for each in self.values):
            return
        numbers = [each for each in self.values if type(each) in (int, float)]
        if not numbers or type(value) not in (int, float):
            allowed = ", ".join(map(_shown, self.values))
            rule = f"a number such as {allowed}" if numbers else f"one of {allowed}"
            raise Misuse(f"{place} must be {rule}, got {_shown(value)}")
        if type(value) is float and all(type(each) is int for each in numbers):
            raise Misuse(f"{place} must be a whole number, got {value!r}")


class Reference(Parameter):
    """The name of something that is in the plan."""

    __slots__ = ()

    @abstractmethod
    def candidates(self, names: Names) -> tuple[str, ...]:
        """Return the names that it may be."""

    def draw(self, random: Random, names: Names) -> Value:
        """Return one of the names, any of them alike."""
        return random.choice(self.candidates(names))

    def require(self, place: str, value: Value, names: Names) -> None:
        """Raise Misuse unless there is something of that name."""
        known = self.candidates(names)
        if value not in known:
            raise unknown_name(place, str(value), known)


@dataclass(frozen=True, slots=True)
class NameOf(Reference):
    """The name of one of some `parts`: "regions", "zones", "racks", "hosts", "services", "instances"."""

    parts: tuple[str, ...]

    def candidates(self, names: Names) -> tuple[str, ...]:
        """Return the names of these parts."""
        return tuple(name for part in self.parts for name in getattr(names, part))


@dataclass(frozen=True, slots=True)
class WrapperOf(Reference):
    """The name of a wrapper of one of some `kinds`."""

    kinds: tuple[str, ...]

    def candidates(self, names: Names) -> tuple[str, ...]:
        """Return the names of all wrappers of these kinds."""
        return tuple(name for kind, name in names.wrappers if kind in self.kinds)


@dataclass(frozen=True, slots=True)
class PartOf(Reference):
    """The name of a part of one of some `kinds`."""

    kinds: tuple[str, ...]

    def candidates(self, names: Names) -> tuple[str, ...]:
        """Return the names of all parts of these kinds."""
        return tuple(name for kind, name in names.parts if kind in self.kinds)


@dataclass(frozen=True, slots=True)
class OwnHosts(Parameter):
    """The names of hosts, from `least` to `most` of them (>= 0): where they are drawn they are a part's own.

    Whoever draws makes the hosts first, and gives their names as all that there are.
    """

    least: int
    most: int

    def draw(self, random: Random, names: Names) -> Value:
        """Return all names."""
        return names.hosts

    def default(self, place: str) -> Value:
        """Return no name where none is needed."""
        return () if not self.least else Parameter.default(self, place)

    def require(self, place: str, value: Value, names: Names) -> None:
        """Raise Misuse unless there are hosts of these names, each once, and enough."""
        if not isinstance(value, tuple):
            raise Misuse(f"{place} must be a list of hosts, got {_shown(value)}")
        for number, name in enumerate(value):
            if name not in names.hosts:
                raise unknown_name(f"{place}.{number}", name, names.hosts)
            if name in value[:number]:
                raise Misuse(f"{place} must be given once, got {name!r} twice")
        if not self.least <= len(value) <= self.most:
            allowed = f"from {self.least} to {self.most}" if self.least < self.most else str(self.least)
            raise Misuse(f"{place} must name {allowed} hosts, got {len(value)}")


def drawn(parameters: Mapping[str, Parameter], random: Random, names: Names) -> dict[str, Value]:
    """Return a value for each parameter; what is as by default is left out."""
    values = {name: parameter.draw(random, names) for name, parameter in parameters.items()}
    return {
        name: value
        for name, value in values.items()
        if not (isinstance(parameters[name], Choice) and value == parameters[name].default(name))
    }


def completed(
    parameters: Mapping[str, Parameter], given: Mapping[str, Value], place: str, names: Names
) -> dict[str, Any]:
    """Return a value for each parameter; raises Misuse for one that is unknown or cannot be meant."""
    for name, value in given.items():
        if name not in parameters:
            raise unknown_name(f"a key of {place}", name, parameters)
        parameters[name].require(f"{place}.{name}", value, names)
    return {
        name: given[name] if name in given else parameter.default(f"{place}.{name}")
        for name, parameter in parameters.items()
    }


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return repr(list(value))
    return str(value).lower() if value is None or isinstance(value, bool) else repr(value)
