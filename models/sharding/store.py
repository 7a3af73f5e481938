"""A store that is spread over shards, each a store of its own, with a directory that says which has what.

Any `Store` can be a shard, and any linearizable one the directory. In front of each shard stand servers
(`server`), on the hosts that are given, by default those of the shard's nodes; clients are routers
(`router`).

**When it is linearizable**: if all shards and the directory are, and stale reads are not allowed.
Linearizability is local (Herlihy and Wing 1990, theorem 1): of objects that are each linearizable the whole
is. A key is served by one shard at a time, by the argument in `server`, and each of its owners is
linearizable and begins with what was acknowledged before. A scan is not one read of all keys: each stretch of
one owner is read at an instant of its own.

It is as available as the parts that a request needs: a server, its shard's store, and once in a lease the
directory. One shard that is down takes its ranges with it, and no others.

Leaves out: transactions over shards, see `models.transactions`; secondary indexes. Source: Corbett et al.,
"Spanner" (OSDI 2012); MongoDB's and Vitess's documentation, for routers, shards and config servers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from simulator import Environment

from ..infrastructure import Host
from ..network import Network
from ..nodes import Node
from ..replication import SingleNodeStore, Store
from ..validation import require_each, require_kind, require_name
from .directory import Directory, table_held
from .router import Router
from .routing_table import RoutingTable
from .server import ShardServer
from .server_transfers import DEFAULT_TRANSFER_SETTINGS, TransferSettings
from .settings import DEFAULT_SETTINGS, NO_FLAWS, ShardingFlaws, ShardingSettings
from .statistics import ShardedStatistics
from .stored_keys import StoredKey
from .tables import even_table


class ShardedStore(Store):
    """A store of `shards`, by name, of which `table` says which has what until `directory` says otherwise.

    `servers` are the hosts on which each shard has servers, by default those of its nodes. `transfers` say
    what moves cost servers, `flaws` which bugs are planted. Nodes of different shards have different names.

    Example::

        shards = {name: SingleNodeStore(env, network, host, name=name) for name, host in hosts.items()}
        directory = RaftStore(env, network, three_hosts, name="directory")
        store = ShardedStore(env, network, shards=shards, directory=directory, table=even_table(shards))
        client = Timeout(env, store.client(web), 0.5)
        yield from client.call(write("customer 17", "Ada"))
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        *,
        shards: Mapping[str, Store],
        directory: Store,
        table: RoutingTable,
        servers: Mapping[str, Iterable[Host]] | None = None,
        settings: ShardingSettings = DEFAULT_SETTINGS,
        transfers: TransferSettings = DEFAULT_TRANSFER_SETTINGS,
        flaws: ShardingFlaws = NO_FLAWS,
        name: str = "sharded",
    ) -> None:
        require_name("name", name)
        require_kind("shards", shards, Mapping)
        require_kind("directory", directory, Store)
        require_kind("table", table, RoutingTable)
        require_kind("settings", settings, ShardingSettings)
        require_kind("transfers", transfers, TransferSettings)
        require_kind("flaws", flaws, ShardingFlaws)
        servers = {} if servers is None else servers
        require_kind("servers", servers, Mapping)
        for named, what in ((table.shards, "table"), (servers, "servers")):
            if strangers := [shard for shard in named if shard not in shards]:
                raise ValueError(f"{what} must name only shards ({', '.join(shards)}), got {strangers[0]!r}")
        self.name = name
        self.settings = settings
        self.env = env
        self.network = network
        self.directory = directory
        self.first_table = table
        self._newest = table
        self._transfers = transfers
        self._flaws = flaws
        self._shards: dict[str, Store] = {}
        self._servers: dict[str, tuple[ShardServer, ...]] = {}
        self._removed: list[ShardServer] = []
        self._routers: list[Router] = []
        for shard, store in shards.items():
            self.add_shard(shard, store, servers.get(shard))

    @classmethod
    def on_hosts(
        cls,
        env: Environment,
        network: Network,
        hosts: Iterable[Host],
        directory_host: Host,
        *,
        table: RoutingTable | None = None,
        range_count: int | None = None,
        contents: Mapping[Any, Any] | None = None,
        node: Mapping[str, Any] | None = None,
        name: str = "sharded",
        **settings: Any,
    ) -> ShardedStore:
        """Return a store with a shard of one node on each of `hosts`, called "shard-1" and so on.

        The directory is one node on `directory_host`. Without a `table` of these names `range_count` ranges
        of hashes are dealt out evenly (`even_table`). `contents` are the values by key that are there at the
        beginning, `node` the settings of each shard's `SingleNodeStore`, `settings` those of the store.

        Example::

            store = ShardedStore.on_hosts(env, network, hosts, directory_host, node={"request_work": 0.02})
        """
        if table is not None and range_count is not None:
            raise ValueError(f"range_count must be left out where a table is given, got {range_count!r}")
        for given, values in (("contents", contents), ("node", node)):
            if values is not None:
                require_kind(given, values, Mapping)
        listed = require_each("hosts", hosts, Host)
        if not listed:
            raise ValueError("hosts must be at least one, got none")
        names = [f"shard-{number}" for number in range(1, len(listed) + 1)]
        table = even_table(names, range_count=range_count) if table is None else table
        held = table.dealt_out(contents or {})
        shards = {
            shard: SingleNodeStore(env, network, host, contents=held.get(shard), name=shard, **(node or {}))
            for shard, host in zip(names, listed, strict=True)
        }
        directory = SingleNodeStore(env, network, directory_host, name="directory")
        return cls(env, network, shards=shards, directory=directory, table=table, name=name, **settings)

    # -- shards ---------------------------------------------------------------------------------------------

    @property
    def shards(self) -> Mapping[str, Store]:
        """The stores of the shards, by name."""
        return self._shards

    def add_shard(self, shard: str, store: Store, hosts: Iterable[Host] | None = None) -> None:
        """Let there be another shard, with servers on `hosts`; it serves nothing until a table names it."""
        require_name("shard", shard)
        require_kind("store", store, Store)
        if shard in self._shards:
            raise ValueError(f"names of shards must differ, got {shard!r} twice")
        taken = {node.name for node in self.nodes}
        if twice := [node.name for node in store.nodes if node.name in taken]:
            raise ValueError(
                f"names of nodes must differ from shard to shard, got {twice[0]!r} again: give stores names"
            )
        of_nodes = dict.fromkeys(node.host for node in store.nodes)
        listed = require_each("hosts", of_nodes if hosts is None else hosts, Host)
        if not listed or len(set(listed)) < len(listed):
            raise ValueError(
                f"servers of {shard!r} must be on one host or more, each once, got {list(listed)!r}"
            )
        self._shards[shard] = store
        self._servers[shard] = tuple(self._new_server(shard, store, host) for host in listed)

    def _new_server(self, shard: str, store: Store, host: Host) -> ShardServer:
        return ShardServer(
            self.env,
            host,
            self.network,
            shard=shard,
            store=store,
            make_directory=self.directory_from,
            partitioner=self.first_table.partitioner,
            settings=self.settings,
            transfers=self._transfers,
            flaws=self._flaws,
            name=f"{self.name} server of {shard} on {host.name}",
        )

    def remove_shard(self, shard: str) -> None:
        """Forget a shard that has no range, and stop its servers. Raises `ValueError` while it has one."""
        require_name("shard", shard)
        if shard not in self._shards:
            raise ValueError(f"shard must be one of {', '.join(self._shards)}, got {shard!r}")
        if shard in self.table.shards:
            raise ValueError(f"shard must have no range to be removed, got {shard!r}")
        del self._shards[shard]
        for server in self._servers.pop(shard):
            self._removed.append(server)
            if not server.is_stopping:  # it may have gone with its host
                server.stop()

    def servers_of(self, shard: str) -> Sequence[ShardServer]:
        """Return the servers of `shard`, none for one that there is not: the address book of the set-up."""
        return self._servers.get(shard, ())

    # -- the contract ---------------------------------------------------------------------------------------

    @property
    def is_linearizable(self) -> bool:  # type: ignore[override] # shards come and go
        """What it claims: see above."""
        parts = [self.directory, *self._shards.values()]
        sound = not (self.settings.stale_reads_while_moving or self._flaws)
        return sound and all(part.is_linearizable for part in parts)

    @property
    def nodes(self) -> Sequence[Node]:
        """The nodes of all shards, in their order; neither servers nor the directory's."""
        return tuple(node for store in self._shards.values() for node in store.nodes)

    def client(self, host: Host) -> Router:
        """Return a new router on `host`."""
        require_kind("host", host, Host)
        number = len(self._routers)
        router = Router(
            self.env,
            host,
            self.network,
            self.servers_of,
            self.directory_from,
            self.settings,
            number=number,
            name=f"{self.name} client {number + 1} on {host.name}",
        )
        self._routers.append(router)
        return router

    def directory_from(self, host: Host) -> Directory:
        """Return the directory as it is reached from `host`."""
        return Directory(self.directory.client(host), self.first_table, note=self._note)

    # -- for observers --------------------------------------------------------------------------------------

    @property
    def table(self) -> RoutingTable:
        """The present table: the newest that a node of the directory holds, or that anybody was told of.

        The second, since nodes may have to read their disks, and each other, before they know it again.
        """
        self._note(table_held(self.directory.contents(), self.first_table))
        return self._newest

    def _note(self, table: RoutingTable) -> None:
        if table.version > self._newest.version:
            self._newest = table

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what each node of each shard holds now of the ranges that the shard has, by its name.

        What it holds of others (copies under way, what is to be dropped) no reader is ever shown.
        """
        table = self.table
        return {
            node: {key.key: value for key, value in values.items() if self._is_named(table, shard, key)}
            for shard, store in self._shards.items()
            for node, values in store.contents().items()
        }

    def _is_named(self, table: RoutingTable, shard: str, key: object) -> bool:
        if not isinstance(key, StoredKey):  # somebody uses the shard's store by itself as well
            return False
        _, assignment = table.find(key.key)
        return assignment.shard == shard and (
            key.epoch == assignment.epoch or bool(self._flaws.forgets_epochs)
        )

    def statistics(self) -> ShardedStatistics:
        """Return what has been done so far."""
        table = self.table
        version = table.version
        servers = [server for each in self._servers.values() for server in each]
        ever = [*servers, *self._removed]
        by_shard = dict.fromkeys((*self._shards, *(server.shard for server in self._removed)), 0)
        by_range: dict[Any, int] = dict.fromkeys(table.starts, 0)
        for server in ever:
            for start, count in server.served().items():
                by_range[start] = by_range.get(start, 0) + count
                by_shard[server.shard] += count
        routers = [router.statistics() for router in self._routers]
        return ShardedStatistics(
            served_by_shard=by_shard,
            served_by_range=by_range,
            moved_count=sum(server.moved_count for server in ever),
            unleased_count=sum(server.unleased_count for server in ever),
            unknown_count=sum(server.unknown_count for server in ever),
            unavailable_count=sum(router.unavailable_count for router in routers),
            directory_read_count=sum(server.read_count for server in ever)
            + sum(router.read_count for router in routers),
            router_count=len(routers),
            stale_router_count=sum(_is_stale(router.table, version) for router in self._routers),
            server_count=len(servers),
            stale_server_count=sum(_is_stale(server.table, version) for server in servers),
        )


def _is_stale(table: RoutingTable | None, version: int) -> bool:
    return table is None or table.version < version
