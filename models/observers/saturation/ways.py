"""Where a call may go from one place of a system, and so what its caller may wait for.

From an instance to the cores of its host, to what is called from that host over the network, to pools and
limiters there that are parts of the system; through whatever stands around something else to that; through
a balancer to all of its targets. Of the instances on one host it is not known which of them calls what: each
is taken to call all that is called from there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...balancing import Balancer
from ...endpoint import Endpoint
from ...infrastructure import Host
from ...network import Connection, Path
from ...resilience.bulkheads import Bulkhead
from ...services import Instance
from ...system import System


class Ways:
    """The ways through `system` as they are now."""

    def __init__(self, system: System) -> None:
        self._network = system.network
        self._links: dict[tuple[Host, Host], Path] = {
            (path.source, path.target): path for path in system.network.links
        }
        self._used_on: dict[Host, list[Endpoint]] = {}
        for part in system.parts.values():
            # What stands in front of an instance is on the way to it, and not used by it.
            if (
                isinstance(part, Endpoint)
                and part.host is not None
                and not isinstance(part.serving, Instance)
            ):
                self._used_on.setdefault(part.host, []).append(part)

    def beyond(self, starts: Iterable[Endpoint]) -> dict[object, None]:
        """Return all that calls to `starts` may come to, themselves too: endpoints, hosts, paths, pools."""
        met: dict[object, None] = {}
        ahead = list(starts)
        while ahead:
            thing = ahead.pop()
            if thing in met:
                continue
            met[thing] = None
            ahead.extend(self._next(thing, met))
        return met

    def _next(self, endpoint: Endpoint, met: dict[object, None]) -> Iterator[Endpoint]:
        if isinstance(endpoint, Bulkhead):
            met[endpoint.pool] = None
        if isinstance(endpoint, Connection):
            assert endpoint.host is not None
            yield from self._over(endpoint.host, endpoint.target, met)
        elif isinstance(endpoint, Balancer):
            yield from endpoint.targets
        elif isinstance(target := getattr(endpoint, "target", None), Endpoint):
            yield target
        elif endpoint.host is not None:  # it works there
            host = endpoint.host
            met[host] = None
            yield from self._used_on.get(host, ())
            for reached in self._network.reached_from(host):
                yield from self._over(host, reached, met)

    def _over(self, source: Host, target: Endpoint, met: dict[object, None]) -> Iterator[Endpoint]:
        host = target.serving.host
        for ends in ((source, host), (host, source)):
            link = self._links.get(ends)  # type: ignore[arg-type] # an endpoint that stands nowhere has none
            if link is not None:
                met[link] = None
        yield target
