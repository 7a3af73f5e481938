"""The shards and the directory of a sharded store, on the hosts that a plan has: more parts than hosts.

Each part is built with the settings of its own design that promise the most. Shards stand on hosts one after
the other, so that with many hosts each has its own, and with few a crash takes parts of several. What a shard
of a kind needs, and which laws it keeps, is told by `promised_by`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models import Host
from models.consensus import RaftClientSettings, RaftSettings, RaftStore
from models.replication import PrimaryReplicaStore, QuorumStore, SingleNodeStore, Store
from models.replication.quorums import AntiEntropy, QuorumSettings, Versioning
from models.sharding import LOWEST, Assignment, RangePartitioner, RoutingTable, ShardedStore, even_table
from models.storage import Disk

from ..choices import Names, completed
from .design import DURABILITY, Site
from .designs.primary_replica import PrimaryReplicaDesign, replication_settings

BOUNDS = ("b", "list", "mortal-2")
"""Where ranges of keys begin at first, besides the lowest: among the keys that clients use."""

HASH_RANGES = 4
ELECTION_TIMEOUT = 0.5
_REPLICAS = 3
_ATTEMPT = 0.25  # s: several writes at once take two rounds, or more


def first_table(given: Mapping[str, Any]) -> RoutingTable:
    """Return a table with a few ranges, dealt out to the shards in turn."""
    names = [name_of(number) for number in range(1, given["shard_count"] + 1)]
    if given["partitioner"] == "hash":
        return even_table(names, range_count=max(HASH_RANGES, len(names)))
    starts = (LOWEST, *BOUNDS)
    owners = tuple(Assignment(names[place % len(names)]) for place in range(len(starts)))
    return RoutingTable(RangePartitioner(), starts, owners)


def name_of(number: int) -> str:
    """Return the name of the shard of a number, from 1 on."""
    return f"shard-{number}"


def kind_of(given: Mapping[str, Any], number: int) -> str:
    """Return of what kind the shard of a number is."""
    kind: str = given["shards"]
    return ("raft", "single", "primary_replica")[number % 3] if kind == "mixed" else kind


class Ground:
    """Where the parts of a sharded store stand: hosts of `site`, as the parameters `given` say."""

    def __init__(self, site: Site, given: Mapping[str, Any]) -> None:
        self.site = site
        self.given = given
        self.placed_count = 0

    def next_hosts(self, count: int) -> list[Host]:
        """Return the next hosts, as many as asked for if there are so many, and go on behind them."""
        hosts = self.site.hosts
        count = min(count, len(hosts))
        first, self.placed_count = self.placed_count, self.placed_count + count
        return [hosts[(first + place) % len(hosts)] for place in range(count)]

    def shard(self, number: int) -> tuple[Store, list[Host]]:
        """Return the store of a shard, and the hosts of its servers."""
        kind = kind_of(self.given, number)
        hosts = self.next_hosts(1 if kind == "single" else _REPLICAS)
        store = self._store(kind, name_of(number), hosts)
        listed = self.site.hosts
        beside = listed[(listed.index(hosts[0]) + 1) % len(listed)]
        servers = [hosts[0], beside] if self.given["servers"] > 1 else [hosts[0]]
        return store, list(dict.fromkeys(servers))

    def add_shard(self, sharded: ShardedStore, number: int) -> None:
        """Let there be another shard."""
        store, hosts = self.shard(number)
        sharded.add_shard(name_of(number), store, hosts)

    def directory(self) -> tuple[Store, Sequence[Disk]]:
        """Return the directory, on the last host or on several, and its disks, which are its own."""
        site, name = self.site, "directory"
        disks: dict[Host, Disk] = {}

        def own_disk(host: Host) -> Disk:
            return disks.setdefault(host, Disk(host))

        if self.given["directory"] == "raft":
            return self._raft(name, site.hosts[-_REPLICAS:], own_disk), tuple(disks.values())
        disk = own_disk(site.hosts[-1])
        return SingleNodeStore(site.env, site.network, disk.host, disk=disk, name=name), (disk,)

    def _store(self, kind: str, name: str, hosts: list[Host]) -> Store:
        site, given = self.site, self.given
        if kind == "raft":
            return self._raft(name, hosts, self.site.disk)
        if kind == "primary_replica":
            return self._primary_replica(name, hosts)
        if kind == "quorums":
            settings = QuorumSettings(
                replicas=min(_REPLICAS, len(hosts)),
                versioning=Versioning.COORDINATOR_CLOCK,
                write_timeout=0.3,
                read_timeout=0.3,
                anti_entropy=AntiEntropy(interval=0.5, depth=1),
                durability=DURABILITY[given["durability"]],
                sync_time=site.sync_time,
                read_time=site.read_time,
            )
            return QuorumStore(site.env, site.network, hosts, settings=settings, name=name)
        return SingleNodeStore(
            site.env,
            site.network,
            hosts[0],
            disk=site.disk(hosts[0]),
            policy=DURABILITY[given["durability"]],
            name=name,
        )

    def _raft(self, name: str, hosts: list[Host], make_disk: Callable[[Host], Disk]) -> RaftStore:
        site = self.site
        return RaftStore(
            site.env,
            site.network,
            hosts,
            settings=RaftSettings(
                election_timeout_min=ELECTION_TIMEOUT,
                election_timeout_max=2.0 * ELECTION_TIMEOUT,
                heartbeat_interval=ELECTION_TIMEOUT / 3.0,
            ),
            client_settings=RaftClientSettings(patience=0.5, attempt_timeout=_ATTEMPT),
            make_disk=make_disk,
            name=name,
        )

    def _primary_replica(self, name: str, hosts: list[Host]) -> PrimaryReplicaStore:
        site, given = self.site, self.given
        chosen = {
            "rule": "any 1" if len(hosts) > 1 else "asynchronous",
            "failover": "lease" if len(hosts) > 1 else "none",
            "ttl": 1.0,
            "drift_bound": given["drift_bound"],
            "durability": given["durability"],
        }
        settings = completed(PrimaryReplicaDesign.parameters, chosen, "parameters", Names())
        return PrimaryReplicaStore(
            site.env,
            site.network,
            hosts,
            settings=replication_settings(settings),
            disks=[site.disk(host) for host in hosts],
            monitor_host=site.monitor() if len(hosts) > 1 else None,
            discovery_timeout=0.1,
            name=name,
        )
