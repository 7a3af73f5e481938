"""A cluster of cache servers: which of them keeps a key, and what clients do about one that does not answer.

Nobody is in charge: the servers do not know of each other, and each client finds by itself who keeps a key,
from the same list of servers. Rules:

1. A key belongs to the first of `replicas` servers, its *owners*: those at the places that `make_placement`
   gives, or follow (on a ring, the next servers met; else the next in the list).
2. Without `ejection` a server that is down is asked all the same, each time: all its keys are misses, and
   each costs the client's timeout (or, refused, a round trip).
3. With `ejection` a client lets it be for a while (`way`). Its keys belong to the other servers then, by a
   placement of these alone: on a ring the others keep theirs, by modulo nearly all keys move.
4. With a `gutter` its keys do not move: they are kept by servers that stand by for this, for a short time.

The trap in rule 3: an owner that was out has what it had. Deletes meanwhile went to others, or were lost;
when it comes back (after a partition; a crash has emptied it) so do its old values, and so does, when it is
out the next time, what its substitutes had kept of its keys. Only the time to live ends that, or deletes that
are repeated until they arrive (`delete_backoff`) for what the owners have.

Clients that differ about who is there fall into it at once: what one deletes, acknowledged, at the owner
another goes on reading, or sets, at a substitute, and the other way round. Leases are no help there, since
each server gives its own.

Rule 4 bounds it: what is in the gutter nobody deletes, and `ttl` of the gutter is how stale that can be. And
where rehashing gives the load of a hot key to the next server, and when that fails to the next, the gutter is
there to take it. (In the paper each get that is not answered is asked again there; here from the one on that
puts the server out.)

Leaves out: slots that are moved (Redis Cluster); pools by kind of key; a proxy that is asked (put the client
on its host). Sources: Nishtala et al., "Scaling Memcache at Facebook" (NSDI 2013), section 3.3, for the
gutter; twemproxy's `auto_eject_hosts` and `distribution` (ketama, modula) for rules 1 to 3; mcrouter's
replicated pools and its log of deletes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

from simulator import Environment

from ...hashing import HashRing, Placement
from ...infrastructure import Host
from ...network import Network
from ...resilience import Backoff
from ...validation import require_count, require_duration, require_each, require_kind, require_name
from .client import CacheClient
from .server import CacheServer
from .way import Ejection

GUTTER_TTL = 10.0
"""How long the gutter keeps what it is told to, by default (s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gutter:
    """Servers that stand by: they keep the keys of a server that is out, each for `ttl` s (> 0) at most."""

    servers: Sequence[CacheServer]
    ttl: float = GUTTER_TTL

    def __post_init__(self) -> None:
        """Check the servers and the time."""
        if not require_each("servers", self.servers, CacheServer):
            raise ValueError("servers of a gutter must be at least one, got none")
        require_duration("ttl", self.ttl)


class CacheCluster:
    """Cache `servers` of different names, each key on `replicas` (>= 1) of them.

    A client waits `timeout` s (> 0) for a server. `ejection` says when it lets one be, `gutter` (which needs
    that) who takes over then. With `delete_backoff` a delete that has failed is repeated after such times
    until it arrives. `make_placement(names)` is a `Placement` such as `HashRing` or `ModuloBuckets`.

    Example::

        cluster = CacheCluster(env, network, servers, replicas=2, timeout=0.05, ejection=Ejection())
        client = cluster.client(web)
        response = yield from client.get("/home")
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        servers: Iterable[CacheServer],
        *,
        make_placement: Callable[[Sequence[str]], Placement] = HashRing,
        replicas: int = 1,
        timeout: float = 0.1,
        ejection: Ejection | None = None,
        gutter: Gutter | None = None,
        delete_backoff: Backoff | None = None,
        name: str = "cache",
    ) -> None:
        require_kind("network", network, Network)
        self.servers: tuple[CacheServer, ...] = require_each("servers", servers, CacheServer)
        if not self.servers:
            raise ValueError("servers must be at least one CacheServer, got none")
        if not callable(make_placement):
            raise TypeError(f"make_placement must be a function of names, got {make_placement!r}")
        require_count("replicas", replicas)
        if replicas > len(self.servers):
            raise ValueError(f"replicas must be at most the {len(self.servers)} servers, got {replicas}")
        require_duration("timeout", timeout)
        require_name("name", name)
        for what, value, kind in (
            ("ejection", ejection, Ejection),
            ("gutter", gutter, Gutter),
            ("delete_backoff", delete_backoff, Backoff),
        ):
            if value is not None:
                require_kind(what, value, kind)
        if gutter is not None and ejection is None:
            raise ValueError("gutter needs ejection, which says when it takes over, got none")
        for server in gutter.servers if gutter is not None else ():
            if server in self.servers:
                raise ValueError(f"servers of a gutter must not be those of its cluster, got {server!r}")
        self.env = env
        self.network = network
        self.replicas = replicas
        self.timeout = timeout
        self.ejection = ejection
        self.gutter = gutter
        self.delete_backoff = delete_backoff
        self.name = name
        self._make_placement = make_placement
        self._placements: dict[tuple[int, ...], Placement] = {}
        self._client_count = 0
        self._everyone = tuple(range(len(self.servers)))
        self._placement_of_all = self._placement(self._everyone)
        self._gutter_placement = None
        if gutter is not None:
            self._gutter_placement = make_placement([server.name for server in gutter.servers])

    def client(self, host: Host) -> CacheClient:
        """Return a new client on `host`, which thinks well of all servers."""
        require_kind("host", host, Host)
        self._client_count += 1
        return CacheClient(self, host, name=f"{self.name} client {self._client_count} on {host.name}")

    # -- for clients ----------------------------------------------------------------------------------------

    def owners(self, hashed: int) -> list[int]:
        """Return whose a key of that hash is while all are there, as places in `servers`, the first first."""
        if self.replicas == 1:
            return [self._placement_of_all.index_of(hashed)]
        return self._places(self._everyone, hashed)

    def owners_among(self, there: tuple[int, ...], hashed: int) -> list[int]:
        """Return whose it is while only those at the places `there` are."""
        return self._places(there, hashed) if there else []

    def stand_in(self, hashed: int) -> int:
        """Return which of the gutter's servers keeps it, as a place among them; there must be a gutter."""
        assert self._gutter_placement is not None
        return self._gutter_placement.index_of(hashed)

    def _places(self, there: tuple[int, ...], hashed: int) -> list[int]:
        placement = self._placement(there)
        count = min(self.replicas, len(there))
        if count == 1:
            return [there[placement.index_of(hashed)]]
        if isinstance(placement, HashRing):
            return [there[place] for place in islice(placement.walk(hashed), count)]
        first = placement.index_of(hashed)
        return [there[(first + step) % len(there)] for step in range(count)]

    def _placement(self, there: tuple[int, ...]) -> Placement:
        placement = self._placements.get(there)
        if placement is None:
            names = [self.servers[place].name for place in there]
            placement = self._placements[there] = self._make_placement(names)
        return placement
