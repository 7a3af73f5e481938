"""Three members 10 ms from each other and from their clients, each with a disk that takes 1 ms a sync."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Request
from models.consistency import HistoryRecorder
from models.replication import read
from models.replication.primary_replica import (
    CommitRule,
    FailoverSettings,
    Member,
    PrimaryReplicaStore,
    ReadPolicy,
    ReplicationFlaws,
    ReplicationSettings,
)
from simulator import Environment

HOP = 0.010
SYNC = 0.001
FAILOVER = FailoverSettings(ttl=3.0, renewal_interval=1.0, report_wait=0.5)


class Cluster:
    """A store of `member_count` members, named a, b, c, and what is asked of it."""

    def __init__(
        self,
        settings: ReplicationSettings | None = None,
        *,
        member_count: int = 3,
        seed: int = 1,
        latencies: Any = HOP,
        reads: ReadPolicy | None = None,
        **others: Any,
    ) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=latencies)
        self.hosts = [Host(self.env, name) for name in "abcdefg"[:member_count]]
        settings = settings or ReplicationSettings()
        self.monitor_host = Host(self.env, "monitor")
        if settings.failover is not None:
            others["monitor_host"] = self.monitor_host
        if reads is not None:
            others["reads"] = reads
        self.store = PrimaryReplicaStore(self.env, self.network, self.hosts, settings=settings, **others)
        self.client_host = Host(self.env, "client")
        self.client: Endpoint = self.store.client(self.client_host)
        self.recorder = HistoryRecorder(self.env)

    def __getattr__(self, name: str) -> Member:
        index = "abcdefg".find(name)
        if len(name) != 1 or index < 0:
            raise AttributeError(name)
        return self.store.nodes[index]

    def at(self, time: float, function: Callable[..., object], *arguments: Any) -> None:
        self.env.call_later(time - self.env.now, function, *arguments)

    def ask(
        self, request: Request, at: float = 0.0, *, client: Endpoint | None = None, patience: float = 1.0
    ) -> list[Any]:
        """Return a list that will hold when the call ended, and how: its value, failure, or "silence"."""
        ends: list[Any] = []
        asked = client or self.client

        def call() -> Generator[Any, Any, None]:
            end: Any = "silence"
            try:
                with self.env.move_on_after(patience):
                    end = (yield from asked.call(request)).value
            except CallFailed as failure:
                end = type(failure)
            ends.extend([round(self.env.now, 9), end])

        self.at(at, lambda: self.env.process(call()))
        return ends

    def cut(self, source: Host, target: Host, at: float = 0.0, until: float | None = None) -> None:
        """Cut one direction."""

        def begin() -> None:
            rule = self.network.partition(source, target, one_way=True)
            if until is not None:
                self.at(until, self.network.heal, rule)

        if at > self.env.now:
            self.at(at, begin)
        else:
            begin()

    def isolate(self, hosts: list[Host], others: list[Host], at: float, until: float) -> None:
        """Cut both directions between two sets."""

        def begin() -> None:
            rule = self.network.partition(hosts, others)
            self.at(until, self.network.heal, rule)

        self.at(at, begin)

    def values(self, key: Any) -> list[Any]:
        """Return what each member would show for `key`."""
        return [each.get(key) for each in self.store.contents().values()]


def cluster_of(
    rule: CommitRule, *, failover: FailoverSettings = FAILOVER, flaws: str = "", **others: Any
) -> Cluster:
    planted = ReplicationFlaws(**{flaws: True}) if flaws else ReplicationFlaws()
    settings = {key: others.pop(key) for key in ("heartbeat_interval", "snapshot_interval") if key in others}
    return Cluster(
        ReplicationSettings(commit_rule=rule, failover=failover, **settings), flaws=planted, **others
    )


def primaries(cluster: Cluster) -> list[str]:
    return [host.name for host, node in zip(cluster.hosts, cluster.store.nodes, strict=True) if node.primary]


def split(cluster: Cluster) -> tuple[Any, Any, Any]:
    """Cut the primary and one client from all others for long; return who writes where, and a reader."""
    inside = Host(cluster.env, "inside")
    outside = [*cluster.hosts[1:], cluster.monitor_host, cluster.client_host]
    old = cluster.store.client(inside)
    new = cluster.client
    cluster.isolate([cluster.hosts[0], inside], outside, at=2.5, until=20.0)
    cluster.ask(read("k"), at=6.0, client=new, patience=0.5)  # finds out that a does not answer
    return old, new, cluster.store.client(inside)
