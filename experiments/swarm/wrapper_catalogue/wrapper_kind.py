"""What an entry of the catalogue says of a kind of wrapper, and where wrappers are built."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from models import Endpoint, Host, System
from simulator import Environment

from ..choices import Parameter

_Part = TypeVar("_Part")
_Endpoint = TypeVar("_Endpoint", bound=Endpoint)


@dataclass(slots=True)
class Shelf:
    """What wrappers leave for others.

    `shared` is what several wrappers have in common, `endpoints` are what some have inside. So many processes
    as `background_count` at the most go on for ever, until they are ended by calling all of `stops`.
    """

    shared: dict[tuple[str, str], Any] = field(default_factory=dict)
    endpoints: list[Endpoint] = field(default_factory=list)
    background_count: int = 0
    stops: list[Callable[[], object]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a wrapper is built: in a `system`, on `host`, under a `name` of its own.

    `side_by_side` names the wrappers that stand beside this one, as those around the connections of one
    caller do, and never inside each other. `used` is what this chain has shared already.
    """

    system: System
    host: Host
    name: str
    shelf: Shelf
    side_by_side: str
    used: set[str]

    @property
    def env(self) -> Environment:
        """The environment."""
        return self.system.env

    def keep(self, what: str, part: _Part) -> _Part:
        """Let a part that is no endpoint be known, to the invariants and to faults, and return it."""
        return self.system.add_part(f"{self.name}: {what}", part)

    def stand(self, endpoint: _Endpoint) -> _Endpoint:
        """Let an endpoint inside the wrapper be known to the invariants, and return it."""
        self.shelf.endpoints.append(endpoint)
        return endpoint

    def shared(self, what: str, make: Callable[[], _Part]) -> _Part:
        """Return what `make` has made for whoever of those side by side asked first for that.

        The second in one chain gets its own: a call that holds one permit of a pool and waits for another of
        the same pool may wait for ever, for itself.
        """
        if what in self.used:
            return self.keep(what, make())
        self.used.add(what)
        key = (self.side_by_side, what)
        if key not in self.shelf.shared:
            self.shelf.shared[key] = self.keep(what, make())
        part: _Part = self.shelf.shared[key]
        return part

    def goes_on(self, processes_count: int, stop: Callable[[], object]) -> None:
        """Say that so many processes of a wrapper go on for ever, until `stop()` ends them."""
        self.shelf.background_count += processes_count
        self.shelf.stops.append(stop)


def parts_of(system: System, wrapper: str, kind: type[_Part]) -> list[_Part]:
    """Return the parts of a `kind` that the wrappers of that name in the plan have kept."""
    return [
        part
        for name, part in system.parts.items()
        if isinstance(part, kind) and name.partition(" of ")[0] == wrapper
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapperKind:
    """One kind: `build(site, target, **parameters)` makes the endpoint.

    - `parameters`: what it is made with, and the values that are drawn, the simplest first.
    - `bound(inner, **parameters)`: the longest that a call can take, given that of what is inside (s;
      infinity: no limit, or not known). Where a way has one, its callers must be done in that time.
    - `limits`: it ends a call in time whatever happens inside.
    - `detaches`: it may go on with a call of its target although its own caller has gone.
    - `answers_itself`: its full answers are not those of its target.
    - `has_memory`: its full answers may be those to an earlier call, or to a later one.
    - `drops_answers`: an answer of its target may reach nobody, although somebody waits here.
    - `sides`: where it may stand: on the "caller" side (around a balancer or a connection), or as a guard in
      front of an instance on the "server" side.
    """

    build: Callable[..., Endpoint]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    bound: Callable[..., float] = lambda inner, **parameters: inner
    limits: bool = False
    detaches: bool = False
    answers_itself: bool = False
    has_memory: bool = False
    drops_answers: bool = False
    sides: tuple[str, ...] = ("caller", "server")
