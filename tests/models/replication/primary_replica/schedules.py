"""Random schedules of crashes, restarts, cuts, loss, delay and skew, and whether a history came out right."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from dataclasses import replace
from typing import Any

from models import CallFailed, Endpoint, Host
from models.consistency.linearizability import Linearizability, check_linearizability
from models.replication import compare_and_set, read, write
from models.replication.primary_replica import (
    AllOf,
    AnyOf,
    CommitRule,
    FailoverSettings,
    FirstOf,
    InSync,
    Progress,
    ReplicationSettings,
)
from models.storage import GroupCommit, SyncEachWrite
from simulator.randomness import Exponential

from .building import Cluster

DRIFT_MAX = 0.05
FAILOVER = FailoverSettings(ttl=2.0, renewal_interval=0.5, report_wait=0.2, clock_drift_max=DRIFT_MAX)
RULES: tuple[CommitRule, ...] = (
    AnyOf(1),
    AnyOf(2),
    FirstOf(1, timeout=3.0),
    AllOf(),
    InSync(2, 3.0),
    InSync(1, 3.0),
)


class Schedule:
    """A cluster with four clients, to which everything happens for `duration` seconds, by the seed."""

    def __init__(
        self, seed: int, settings: ReplicationSettings | None = None, *, duration: float = 20.0, **others: Any
    ) -> None:
        chosen = settings or safe_settings(seed)
        self.cluster = cluster = Cluster(
            chosen,
            seed=seed,
            latencies=Exponential(mean=0.005),
            member_count=3,
            discovery_timeout=0.2,
            **others,
        )
        self.env = cluster.env
        self.dice = self.env.stream("schedule")
        self.duration = duration
        self.written = 0
        self.client_hosts = [Host(self.env, f"client-{number}") for number in range(4)]
        for number, host in enumerate(self.client_hosts):
            client = cluster.recorder.around(cluster.store.client(host))
            # One that only reads never finds out that an old primary cannot write any more.
            self.env.process(self.use(client, read_share=(0.4, 1.0)[number % 2]))
        servers = [*cluster.hosts, *([cluster.monitor_host] if chosen.failover else [])]
        for host in servers:
            self.env.process(self.crashes(host))
            host.skew_clock("schedule", 0.0, float(self.dice.uniform(-0.04, 0.04)))
        self.env.process(self.cuts([*servers, *self.client_hosts]))
        if self.dice.random() < 0.5:
            cluster.network.override(servers, servers, loss_probability=0.05)

    def use(self, client: Endpoint, read_share: float) -> Generator[Any, Any, None]:
        while self.env.now < self.duration:
            key = int(self.dice.integers(2))
            self.written += 1
            draw = self.dice.random()
            if draw < read_share:
                request = read(key)
            elif draw < 0.85:
                request = write(key, self.written)
            else:
                request = compare_and_set(key, int(self.dice.integers(self.written)), self.written)
            with suppress(CallFailed), self.env.move_on_after(0.6):
                yield from client.call(request)
            yield float(self.dice.exponential(0.08))

    def crashes(self, host: Host) -> Generator[Any, Any, None]:
        nodes = [each for each in (*self.cluster.store.nodes, self.cluster.store.monitor) if each is not None]
        node = next(each for each in nodes if each.host is host)
        while self.env.now < self.duration:
            yield float(self.dice.exponential(8.0))
            crashed = host if self.dice.random() < 0.5 else node
            crashed.crash()
            yield float(self.dice.exponential(1.0))
            crashed.restart()
            yield 0.1

    def cuts(self, hosts: list[Host]) -> Generator[Any, Any, None]:
        network = self.cluster.network
        while self.env.now < self.duration:
            yield float(self.dice.exponential(2.0))
            picked = [host for host in hosts if self.dice.random() < 0.4]
            if self.dice.random() < 0.5:
                # The worst that can be cut off: the primary, with some who believe in it.
                picked = [self.cluster.store.primary.host, *self.client_hosts[:2]]
            others = [host for host in hosts if host not in picked]
            if picked and others:
                rule = network.partition(picked, others, one_way=bool(self.dice.random() < 0.5))
                yield float(self.dice.exponential(2.5))
                network.heal(rule)

    def run(self) -> Linearizability:
        """Run, and return whether what the clients were told can be explained."""
        self.env.run(self.duration + 15.0)
        return check_linearizability(self.cluster.recorder.history(), "cas-register")


def safe_settings(seed: int) -> ReplicationSettings:
    """Return settings that claim to be linearizable: another rule for each seed, in turns."""
    rule = RULES[seed % len(RULES)]
    return ReplicationSettings(
        commit_rule=rule,
        progress=Progress.FLUSHED,
        durability=SyncEachWrite() if seed % 2 else GroupCommit(),
        ships_unsynced=bool(seed % 3 == 0),
        heartbeat_interval=0.3,
        snapshot_interval=(float("inf"), 20)[seed % 5 == 0],
        retained_count=(0, 4)[seed % 10 == 0],
        failover=replace(FAILOVER),
    )
