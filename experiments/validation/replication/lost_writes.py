"""Asynchronous replication, through the real store: acknowledged writes that are gone after a failover.

A primary acknowledges a write at once; when it crashes, a replica takes over that has what has left the
primary. A write that leaves it after a time D is lost if the crash comes before. Writes come at random, l per
second, so at any moment l E[D] of them have not left (Little), and that many are lost on average, whatever
the law of D and however they wait for each other. How many in one crash depends on that:

    over a busy link       records go one after the other, each for a time S: M/D/1. With u = l S
                           there are u + u^2 / (2 (1 - u)), and none with probability 1 - u.
    between two syncs      nothing leaves before the next sync, so none waits for another: Poisson. A time a
                           after the write that began the interval there are 1 + l a, and with
                           probability exp(-l a) it is that one alone.

`availability.replication_lag` has the case of any lag, without a store. What is on the wire arrives though
its sender has crashed, so the latency of the network takes no part.

Source: Little, "A Proof for the Queuing Formula L = lambda W" (Operations Research 9, 1961); Kleinrock,
"Queueing Systems", volume 1 (1975), for M/D/1.
"""

from __future__ import annotations

from functools import partial
from itertools import count
from math import exp

from models import Host, Network
from models.replication import WRITE, write
from models.replication.primary_replica import (
    Asynchronous,
    FailoverSettings,
    PrimaryReplicaStore,
    ReplicationSettings,
)
from models.storage import PeriodicSync
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment

from ..experiment import Claim, TheoryCheck

REPLICATIONS = 40
RATE = 50.0
_FAILOVER = FailoverSettings(ttl=1.0, renewal_interval=0.3, report_wait=0.1)


def lost_on_a_busy_link(
    seed: int, effort: float = 1.0, *, sending_time: float, services: float, crashes_count: int
) -> tuple[float, float]:
    """Return the mean number of acknowledged writes lost in a crash, and the share of crashes that lose none.

    A record takes `sending_time` (s) to leave the primary, which crashes after `services` times that, in
    `effort` times `crashes_count` runs.
    """
    settings = _settings(PeriodicSync(), ships_unsynced=True)
    losses = [
        _loss(seed, number, settings, services * sending_time, bandwidth=1.0 / sending_time)
        for number in range(max(1, round(effort * crashes_count)))
    ]
    return sum(losses) / len(losses), losses.count(0) / len(losses)


def lost_between_syncs(
    seed: int, effort: float = 1.0, *, age: float, crashes_count: int
) -> tuple[float, float]:
    """Return the mean number of acknowledged writes lost in a crash, and the share of crashes that lose one.

    The primary crashes `age` seconds after the first write of all, in `effort` times `crashes_count` runs.
    """
    settings = _settings(PeriodicSync(interval=2.0 * age), ships_unsynced=False)
    losses = [
        _loss(seed, number, settings, age, begins=True)
        for number in range(max(1, round(effort * crashes_count)))
    ]
    return sum(losses) / len(losses), losses.count(1) / len(losses)


def _settings(durability: PeriodicSync, *, ships_unsynced: bool) -> ReplicationSettings:
    return ReplicationSettings(
        commit_rule=Asynchronous(),
        durability=durability,
        ships_unsynced=ships_unsynced,
        record_size_bytes=1,
        failover=_FAILOVER,
    )


def _loss(
    seed: int,
    number: int,
    settings: ReplicationSettings,
    crash_at: float,
    *,
    bandwidth: float | None = None,
    begins: bool = False,
) -> int:
    """Return what a crash has lost of a store of its own; with `begins` there is a write at the beginning."""
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    first, second = (Host(env, name) for name in ("first", "second"))
    network.override(first, second, bandwidth=bandwidth, one_way=True)
    store = PrimaryReplicaStore(
        env, network, (first, second), settings=settings, monitor_host=Host(env, "monitor")
    )
    client = store.client(Host(env, "client"))
    if begins:
        env.process(client.call(write("first", 0)))
    keys = count(1)
    OpenLoop(
        env,
        client,
        rate=RATE,
        mix=OperationMix(Operation(name=WRITE)),
        keys=lambda: next(keys),
        until=crash_at,
        name=f"users {number}",
    )
    env.run(until=crash_at)
    first.crash()
    env.run(until=crash_at + _FAILOVER.ttl + 5.0 * _FAILOVER.report_wait)
    assert store.statistics().failover_count == 1, "nobody has taken over"
    return store.statistics().lost_count


def _busy_link(load: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"failover of an asynchronous replica, link {load:.0%} busy",
        group="replication",
        source="number in M/D/1 (Kleinrock 1975); its mean is l E[D] (Little 1961)",
        claims=(
            Claim(
                "acknowledged writes lost in a crash", load + load**2 / (2.0 * (1.0 - load)), precision=0.15
            ),
            Claim("share of crashes that lose none", 1.0 - load, precision=0.15),
        ),
        simulate=partial(lost_on_a_busy_link, sending_time=load / RATE, services=40.0, crashes_count=50),
        replications=REPLICATIONS,
    )


def _between_syncs(expected: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"failover of an asynchronous replica between two syncs, {expected:g} writes after the first",
        group="replication",
        source="Poisson with mean l E[D], D the rest of the interval; and the write that began it",
        claims=(
            Claim("acknowledged writes lost in a crash", 1.0 + expected),
            Claim("share of crashes that lose one", exp(-expected), precision=0.15),
        ),
        # So many that the share is known well enough among all claims of `gameday validate`.
        simulate=partial(lost_between_syncs, age=expected / RATE, crashes_count=100),
        replications=REPLICATIONS,
    )


CHECKS = (_busy_link(0.5), _between_syncs(1.5))
"""A queue for the link, and no queue."""
