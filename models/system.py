"""A system: its parts by name, and the usual way to put them together.

A fault plan or a game-day file speaks of "web in zone-a" and "recommendations"; here is what they mean. Parts
are added in the order in which one would build: regions, zones, hosts, services. Each kind has its own name
space, and a name is given once. Whatever else deserves a name (a pool of connections, a switch, an endpoint
inside) is added with `add_part`.

One of thousands of hosts is faster on Linux when `simulator.use_huge_pages()` is called once it
runs: see there.

A system is a directory and a builder: it holds no state of the run, and nothing on the way of a request goes
through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Protocol, TypeVar

from simulator import Environment

from .balancing import Balancer, Connect, Policy, PowerOfTwoChoices, follow
from .endpoint import Endpoint
from .infrastructure import Host, Rack, Region, Zone
from .network import Connection, Network, Place
from .services import Instance, MakeHandler, Service

_Part = TypeVar("_Part")
_TWO_CHOICES = PowerOfTwoChoices()

Around = Callable[[Connection], Endpoint]
"""What stands around one connection, inside a balancer: `lambda way: Timeout(env, way, 0.5)`."""

Front = Callable[[Instance], Endpoint]
"""What stands in front of an instance, in its process: `lambda instance: HonourDeadline(env, instance)`."""


class Discovery(Protocol):
    """How a balancer hears of a service's instances; `connect` makes the way to each. `follow` is one."""

    def __call__(
        self, env: Environment, balancer: Balancer, service: Service, connect: Connect, *, delay: float
    ) -> None: ...


class System:
    """The named parts of one system in `env`, on `network` (by default one of usual latencies).

    `regions`, `zones`, `hosts`, `services` and `parts` are read-only mappings from names; `connections` are
    all that `balanced` has made, in order.

    Example::

        system = System(env)
        zones = [system.add_zone(name, system.add_region("eu")) for name in ("eu-a", "eu-b")]
        hosts = [system.add_host(f"catalogue in {zone.name}", zone, cores=4) for zone in zones]
        catalogue = system.add_service("catalogue", hosts, lambda host: Work(0.01))
        web = system.add_host("web", zones[0])
        way = Timeout(env, system.balanced(web, catalogue), 0.5)
        HostCrash(system.host("catalogue in eu-a")).inject()
    """

    def __init__(self, env: Environment, *, network: Network | None = None) -> None:
        self.env = env
        self.network = Network(env) if network is None else network
        self._regions: dict[str, Region] = {}
        self._zones: dict[str, Zone] = {}
        self._racks: dict[str, Rack] = {}
        self._hosts: dict[str, Host] = {}
        self._services: dict[str, Service] = {}
        self._parts: dict[str, Any] = {}
        self._fronts: dict[Instance, Endpoint] = {}
        self.connections: list[Connection] = []

    @property
    def regions(self) -> Mapping[str, Region]:
        """The regions by name."""
        return MappingProxyType(self._regions)

    @property
    def zones(self) -> Mapping[str, Zone]:
        """The zones by name."""
        return MappingProxyType(self._zones)

    @property
    def racks(self) -> Mapping[str, Rack]:
        """The racks by name."""
        return MappingProxyType(self._racks)

    @property
    def hosts(self) -> Mapping[str, Host]:
        """The hosts by name."""
        return MappingProxyType(self._hosts)

    @property
    def services(self) -> Mapping[str, Service]:
        """The services by name."""
        return MappingProxyType(self._services)

    @property
    def parts(self) -> Mapping[str, Any]:
        """Whatever else was given a name."""
        return MappingProxyType(self._parts)

    # -- building

    def add_region(self, name: str) -> Region:
        """Add a region. Raises `ValueError` for a name that another has."""
        return _added(self._regions, "region", name, lambda: Region(name))

    def add_zone(self, name: str, region: Region | None = None) -> Zone:
        """Add a zone. Raises `ValueError` for a name that another has."""
        return _added(self._zones, "zone", name, lambda: Zone(name, region))

    def add_rack(self, name: str, zone: Zone) -> Rack:
        """Add a rack in a zone. Raises `ValueError` for a name that another has."""
        return _added(self._racks, "rack", name, lambda: Rack(name, zone))

    def add_host(self, name: str, zone: Zone | None = None, **settings: Any) -> Host:
        """Add a host; `settings` are those of `Host`. Raises `ValueError` for a name that another has."""
        return _added(self._hosts, "host", name, lambda: Host(self.env, name, zone=zone, **settings))

    def add_service(
        self,
        name: str,
        hosts: Iterable[Host],
        make_handler: MakeHandler,
        *,
        front: Front | None = None,
        **settings: Any,
    ) -> Service:
        """Add a service with an instance on each of `hosts`; `settings` are those of `Service`.

        `front` makes what stands in front of each instance, on the server's side. Raises `ValueError` for a
        name that another has.
        """
        service = _added(
            self._services, "service", name, lambda: Service(self.env, name, hosts, make_handler, **settings)
        )
        if front is not None:
            make_front = front
            for instance in service.instances:
                self._fronts[instance] = make_front(instance)
            service.on_added(lambda instance: self._fronts.__setitem__(instance, make_front(instance)))
        return service

    def front_of(self, instance: Instance) -> Endpoint:
        """Return what callers of `instance` reach over the network: what stands in front of it, or itself."""
        return self._fronts.get(instance, instance)

    def add_part(self, name: str, part: _Part, *, is_numbered: bool = False) -> _Part:
        """Give `part` a name and return it.

        Where it `is_numbered` and another has the name, it is called "<name> #2" and so on: what belongs to
        one of several instances that a host has, or had. Otherwise raises `ValueError` for such a name.
        """
        given, number = name, 1
        while is_numbered and given in self._parts:
            number += 1
            given = f"{name} #{number}"
        _added(self._parts, "part", given, lambda: part)
        return part

    def balanced(
        self,
        source: Host,
        service: Service,
        *,
        policy: Policy = _TWO_CHOICES,
        around: Around | None = None,
        discovery: Discovery = follow,
        discovery_delay: float = 0.0,
        balancer: Mapping[str, Any] = MappingProxyType({}),
        **connecting: Any,
    ) -> Balancer:
        """Return a balancer on `source` over connections from there to all instances of `service`.

        `around` puts something around each connection; `balancer` are further settings of `Balancer`,
        `connecting` those of `Network.connect`. Instances that come and go later are targets once they are
        ready, and none once they are removed, `discovery_delay` seconds after that: all alike by default (see
        `follow`), or by their version with `Routes.follow` of `models.deployment`.
        """
        made = Balancer(
            self.env, [], policy=policy, host=source, name=f"{source.name} to {service.name}", **balancer
        )

        def connect(instance: Instance) -> Endpoint:
            connection = self.network.connect(source, self.front_of(instance), **connecting)
            self.connections.append(connection)
            return connection if around is None else around(connection)

        discovery(self.env, made, service, connect, delay=discovery_delay)
        return made

    # -- finding

    def region(self, name: str) -> Region:
        """Return the region of a name. Raises `ValueError`, with near misses, where there is none."""
        return _found(self._regions, "region", name)

    def zone(self, name: str) -> Zone:
        """Return the zone of a name. Raises `ValueError`, with near misses, where there is none."""
        return _found(self._zones, "zone", name)

    def rack(self, name: str) -> Rack:
        """Return the rack of a name. Raises `ValueError`, with near misses, where there is none."""
        return _found(self._racks, "rack", name)

    def host(self, name: str) -> Host:
        """Return the host of a name. Raises `ValueError`, with near misses, where there is none."""
        return _found(self._hosts, "host", name)

    def place(self, name: str) -> Place:
        """Return the host, rack, zone or region of a name; the smallest wins where several kinds have it.

        Raises `ValueError`, with near misses, where there is none.
        """
        places: dict[str, Place] = {**self._regions, **self._zones, **self._racks, **self._hosts}
        return _found(places, "place", name)

    def service(self, name: str) -> Service:
        """Return the service of a name. Raises `ValueError`, with near misses, where there is none."""
        return _found(self._services, "service", name)

    def instance(self, name: str) -> Instance:
        """Return the instance of a name. Raises `ValueError`, with near misses, where there is none."""
        instances = {
            instance.name: instance for service in self._services.values() for instance in service.instances
        }
        return _found(instances, "instance", name)

    def part(self, name: str, kind: type[_Part]) -> _Part:
        """Return the part of a name, which must be of a `kind`.

        Raises `ValueError`, with near misses, where there is none.
        """
        known = {each: part for each, part in self._parts.items() if isinstance(part, kind)}
        return _found(known, kind.__name__, name)

    def connections_between(self, source: Host, service: Service) -> list[Connection]:
        """Return the connections from a host to the instances of a service, in the order of their making."""
        instances = set(service.instances)
        return [each for each in self.connections if each.host is source and each.target.serving in instances]


def _added(known: dict[str, _Part], kind: str, name: str, make: Callable[[], _Part]) -> _Part:
    if not name:
        raise ValueError(f"name of a {kind} must not be empty, got {name!r}")
    if name in known:
        raise ValueError(f"name of a {kind} must be given once, got {name!r} twice")
    known[name] = part = make()
    return part


def _found(known: Mapping[str, _Part], kind: str, name: str) -> _Part:
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=3)
    hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
    all_names = "" if near else f" (there are: {', '.join(map(repr, known)) or 'none'})"
    raise ValueError(f"{kind} must be one of the system's, got {name!r}{hint}{all_names}")
