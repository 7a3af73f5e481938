"""The contract of parts: whatever a system has beyond hosts, services, clients, and the ways between them.

A backlog with its workers is a part, a pair of balancers that share an address, a name, a group of instances
with its autoscaler, a deployment. A *kind* of parts is one file in `parts/`, which says

- with which parameters they are drawn, and how one is built (`PartKind`);
- what can be done to it beyond the usual faults (`PartKind.faults`);
- how it runs to its end, and which laws it is held to (`LivePart`).

The rest of the swarm knows no kind by name: it draws, checks, builds, shrinks and judges parts by these two.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from models import Endpoint, Host
from models.balancing import Policy
from models.network import Connection
from models.services import Instance, Service
from simulator import Environment

from ..misuse import Misuse
from .choices import Parameter
from .fault_kind import FaultKind
from .invariants import BrokenInvariant, entity_of
from .plan import PartPlan, ServicePlan, SystemPlan, WayPlan

if TYPE_CHECKING:
    from .live_system import LiveSystem


class Builder(Protocol):
    """Who builds a system, as far as parts need it."""

    plan: SystemPlan
    live: LiveSystem

    def connect(self, source: Host, target: Endpoint, way: WayPlan) -> Connection:
        """Return a connection from `source` to `target`, with the transport of a way."""

    def add_service(self, place: str, service: ServicePlan) -> Service:
        """Return a service of a part's own, of which the plan knows nothing; it may begin without a host."""

    def inner_way(self, host: Host, caller: str, plan: WayPlan, *, policy: Policy | None = None) -> Endpoint:
        """Return the way from `host`, where `caller` is, to a service; what begins on it must be limited.

        With a `policy` its balancer chooses by that, and not by the one that the plan names.
        """


class LivePart(ABC):
    """A part that runs, called `name`: what is known of it, how it ends, and what must hold for it."""

    name: str

    @property
    def counting(self) -> Iterable[object]:
        """Everything in it that has statistics, what has come since it was built included."""
        return ()

    @property
    def endpoints(self) -> Iterable[Endpoint]:
        """The endpoints in it that are there from the beginning."""
        return ()

    def connect(self, builder: Builder, source: Host, way: WayPlan) -> Endpoint:
        """Return an endpoint on `source` that asks this part; for kinds that can be asked."""
        raise NotImplementedError(f"{self.name} cannot be asked")

    def front(self, target: Endpoint, client: str) -> Endpoint:
        """Return what stands outermost on a client's way to this part: `target` itself, or around it."""
        return target

    def complete(self, live: LiveSystem) -> None:  # noqa: B027 - most are complete when they are built
        """See to what needs the rest of the system, now that all of that is there."""

    def check(self, live: LiveSystem) -> None:  # noqa: B027 - some owe nothing before the end
        """Raise `BrokenInvariant` for a law that does not hold at this instant, while there is load."""

    def unsettled(self, live: LiveSystem) -> BrokenInvariant | None:
        """Return what is not yet as it must become by itself, all faults having healed; None if all is."""
        return None

    def wind_down(self, live: LiveSystem) -> None:  # noqa: B027 - most have nothing that goes on for ever
        """End what goes on for ever and nobody needs any more, once it is settled."""

    def stop(self, live: LiveSystem) -> None:  # noqa: B027 - as above
        """End what goes on for ever and may have been needed until now, as the system has run empty."""

    @property
    def background_count(self) -> int:
        """How many processes go on for ever until `stop`."""
        return 0

    def vouches_for(self, instance: Instance) -> bool:
        """Whether an instance is to answer well in the end, for all that this part knows."""
        return True

    def check_end(self, live: LiveSystem) -> None:  # noqa: B027 - some are judged on the way only
        """Raise `BrokenInvariant` for what has not been kept, in a system that has run to its end."""

    def broken(self, live: LiveSystem, entity: object, rule: str, detail: str) -> BrokenInvariant:
        """Return the breach of a `rule` by an `entity` in this part."""
        kind = f"{type(entity).__name__}: {rule}"
        return BrokenInvariant(rule, entity_of(entity), kind, live.env.now, detail)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartKind:
    """One kind: `build(builder, plan, **parameters)` makes the part.

    - `parameters`: what it is made with, and the values that are drawn, the simplest first.
    - `faults`: what can be done to such a part, by kind, for the catalogue.
    - `is_asked`: clients ask it by its name, as they do services.
    - `manages`: it adds and takes away the instances of its `service`, and nobody else may.
    - `probes`: it may ask the instances of its `service` whether they are well.
    - `needs_fleet`: it says little in a small system, and is drawn with a fleet (see `fleet_drawing`).
    """

    parameters: Mapping[str, Parameter]
    build: Callable[..., LivePart]
    faults: Mapping[str, FaultKind] = field(default_factory=dict)
    is_asked: bool = False
    manages: bool = False
    probes: bool = False
    needs_fleet: bool = False

    @property
    def leads_to_service(self) -> bool:
        """Whether who asks it asks a service in the end."""
        return self.is_asked and "service" in self.parameters


def managed_services(parts: Iterable[PartPlan], kinds: Mapping[str, PartKind]) -> list[object]:
    """Return the names of the services whose instances one of `parts` adds and takes away."""
    return [part.parameters.get("service") for part in parts if kinds[part.kind].manages]


def probed_services(parts: Iterable[PartPlan], kinds: Mapping[str, PartKind]) -> set[object]:
    """Return the names of the services whose instances one of `parts` may probe."""
    return {part.parameters.get("service") for part in parts if kinds[part.kind].probes}


def own_hosts(part: PartPlan) -> tuple[str, ...]:
    """Return the names of the hosts that a part has for itself."""
    return tuple(host for value in part.parameters.values() if isinstance(value, tuple) for host in value)


def end_processes(env: Environment, *names: str) -> None:
    """Cancel the processes of these names."""
    for process in list(env.processes):
        if process.name in names:
            process.cancel()


@contextmanager
def at(place: str) -> Iterator[None]:
    """Say where in the plan a part would not be built."""
    try:
        yield
    except Misuse:
        raise
    except (TypeError, ValueError) as error:
        raise Misuse(f"{place}: {error}") from error
