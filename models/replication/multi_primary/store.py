"""A store in which every node takes updates, and tells the others afterwards: multi-primary, active-active.

It is what stands behind two balanced instances of a service that each have a database of their own, which
replicate to each other. Every node answers alone, from what it has (`node`), and so as fast and as long as
its clients reach it, whatever has become of the others. In the words of CAP it gives up consistency, with a
partition and without one: an update is at the other nodes later, and meanwhile two may change the same. What
becomes of that is said by the `resolution`:

    LastWriterWins    one of the two is gone, and whoever wrote it was told that it is done
    KeepSiblings      both are there, and the application merges them
    Crdts             they merge by themselves, as what they are: counters, sets, registers

What is promised: *eventual delivery*, each update that was acknowledged and is on a disk that is not
destroyed comes to every node that can be reached for long enough, directly or through others (`shipping`);
*strong convergence*, nodes that have the same updates show the same, in whatever order these came. Not
promised: that a read shows the last update, or that a client that is moved to another node finds its own; nor
any order between updates of different origins. Those of one node come in their order.

**When it is linearizable**: never with two nodes. Each answers an update and a read without hearing of the
other, so a read at one can miss what was acknowledged at the other before it began. With one node there is
one order, that of its log, in which updates are committed, shown and acknowledged (see `replication.single`),
if no version can lose to one that it was made on (`Resolution.is_sequential_alone`), and what is acknowledged
is durable.

Source: DeCandia et al., "Dynamo" (SOSP 2007); Terry et al., "Managing Update Conflicts in Bayou" (SOSP 1995);
Shapiro et al. (2011), see `crdt`; Gilbert and Lynch, "Brewer's Conjecture" (2002); Newman, "Building
Microservices", chapter "Microservices at Scale". Leaves out: keys that only some nodes keep; sessions;
contents at the beginning: what a node has follows from updates, each of an origin by which peers can ask for
it, and values without one nobody could get back who has lost his disk.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from simulator import Environment

from ...infrastructure import Host
from ...network import Locality, Network, locality
from ...storage import PeriodicSync
from ...validation import require_each, require_kind, require_name
from ..store import Store
from .client import MultiPrimaryClient
from .flaws import MultiPrimaryFlaws
from .keep_siblings import KeepSiblings
from .ledger import Ledger
from .node import PrimaryNode
from .settings import MultiPrimarySettings
from .statistics import Backlog, MultiPrimaryStatistics

_SETTINGS = MultiPrimarySettings()
_NO_FLAWS = MultiPrimaryFlaws()
_DISTANCE = {where: distance for distance, where in enumerate(Locality)}


class MultiPrimaryStore(Store):
    """A store with a node on each of `hosts` (at least one, each once), called after the store and the host.

    `settings` say how it works, `flaws` which bugs are planted.

    Example::

        store = MultiPrimaryStore(env, network, hosts, settings=MultiPrimarySettings(resolution=Crdts()))
        client = Timeout(env, store.client(web), 0.5)
        yield from client.call(set_add("cart 17", "book"))
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Sequence[Host],
        *,
        settings: MultiPrimarySettings = _SETTINGS,
        flaws: MultiPrimaryFlaws = _NO_FLAWS,
        name: str = "multi-primary",
    ) -> None:
        require_name("name", name)
        require_kind("settings", settings, MultiPrimarySettings)
        require_kind("flaws", flaws, MultiPrimaryFlaws)
        hosts = require_each("hosts", hosts, Host)
        if not hosts or len(set(hosts)) < len(hosts):
            raise ValueError(f"hosts must be one or more, each once, got {hosts!r}")
        self.name = name
        self.settings = settings
        self.is_linearizable = (
            len(hosts) == 1
            and settings.resolution.is_sequential_alone
            and not isinstance(settings.durability, PeriodicSync)
            and not flaws
        )
        self._env = env
        self._network = network
        self._ledger = Ledger()
        self._nodes = tuple(
            PrimaryNode(
                env,
                host,
                network,
                index,
                settings,
                flaws,
                self._ledger,
                name=f"{name} on {host.name}",
            )
            for index, host in enumerate(hosts)
        )
        for node in self._nodes:
            node.meet([peer for peer in self._nodes if peer is not node])
        self._client_count = 0

    @property
    def nodes(self) -> Sequence[PrimaryNode]:
        """The nodes, in the order of their hosts."""
        return self._nodes

    def client(self, host: Host, *, node: PrimaryNode | None = None) -> MultiPrimaryClient:
        """Return a client on `host`, whose own node is the nearest, or else `node`, one of this store."""
        if node is not None and node not in self._nodes:
            raise ValueError(f"node must be one of {self.name!r}, got {node!r}")
        self._client_count += 1
        nearest = sorted(
            self._nodes, key=lambda each: (each is not node, _DISTANCE[locality(host, each.host)])
        )
        return MultiPrimaryClient(
            host,
            [self._network.connect(host, each) for each in nearest],
            self.settings.failover,
            says_what_it_has_seen=isinstance(self.settings.resolution, KeepSiblings),
            name=f"{self.name} client {self._client_count} on {host.name}",
        )

    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what each node shows now, by its name; of a node that is down, what is on its disk."""
        return {node.name: node.contents() for node in self._nodes}

    def backlog(self, source: PrimaryNode, target: PrimaryNode) -> Backlog:
        """Return what `source` has committed and `target` has not."""
        ours, theirs = source.held(), target.held().committed
        missing = [
            ours.by_origin[origin][number]
            for origin, committed in ours.committed.items()
            for number in range(theirs.get(origin, 0) + 1, committed + 1)
            if number in ours.by_origin[origin]
        ]
        oldest = min((update.made_at for update in missing), default=self._env.now)
        return Backlog(update_count=len(missing), age=self._env.now - oldest)

    def statistics(self) -> MultiPrimaryStatistics:
        """Return what has become of the updates so far; it looks at all of them."""
        ledger, held = self._ledger, [node.held() for node in self._nodes]
        gone = ledger.gone(holdings.appended for holdings in held)
        winner = self.settings.resolution.winner
        winners = [winner(entry.version) for holdings in held for entry in holdings.latest.values()]
        return MultiPrimaryStatistics(
            taken_count=ledger.taken_count,
            acknowledged_count=ledger.acknowledged_count,
            overwritten_count=len(ledger.overwritten(winners, gone)),
            gone_count=len(gone),
            conflict_count=ledger.conflict_count,
            shipped_count=ledger.shipped_count,
            repeated_count=ledger.repeated_count,
            duplicate_count=ledger.duplicate_count,
            message_count=sum(node.sent_count for node in self._nodes),
            recovery_time=sum(node.recovery_time for node in self._nodes),
        )
