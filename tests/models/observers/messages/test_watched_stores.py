"""Every store does the same while its messages are watched, and what it sends is seen."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import Host, Network
from models.consensus import RaftStore
from models.consistency import HistoryRecorder
from models.failures import CallFailed
from models.network import Passage, Role
from models.observers.messages import MessageWatch, space_time_trace
from models.replication import (
    MultiPrimaryStore,
    PrimaryReplicaStore,
    QuorumStore,
    SingleNodeStore,
    Store,
    read,
    write,
)
from models.replication.primary_replica import FailoverSettings, ReplicationSettings
from models.resilience import Timeout
from simulator import Environment
from simulator.randomness import Exponential

Make = Callable[[Environment, Network, list[Host]], Store]


def primary_and_replicas(env: Environment, network: Network, hosts: list[Host]) -> Store:
    failover = FailoverSettings(ttl=0.6, renewal_interval=0.2, report_wait=0.1)
    settings = ReplicationSettings(failover=failover, heartbeat_interval=0.2)
    return PrimaryReplicaStore(env, network, hosts, settings=settings, monitor_host=Host(env, "monitor"))


STORES: dict[str, tuple[Make, set[str]]] = {
    "single": (lambda env, network, hosts: SingleNodeStore(env, network, hosts[0]), set()),
    "primary and replicas": (primary_and_replicas, {"Append", "Progressed", "Renew", "Promote"}),
    "multi-primary": (MultiPrimaryStore, set()),
    "quorums": (QuorumStore, {"WriteRequest", "ReadRequest"}),
    "raft": (RaftStore, {"AppendEntries", "AppendReply", "RequestVote"}),
}


def run(make: Make, *, is_watched: bool) -> tuple[str, MessageWatch | None, HistoryRecorder]:
    """Write and read while one host crashes and another is cut off."""
    env = Environment(seed=3, trace=True)
    network = Network(env, latencies=Exponential(0.005))
    watch = MessageWatch(network, end=2.0) if is_watched else None
    hosts = [Host(env, name, boot_time=0.1) for name in "abc"]
    store = make(env, network, hosts)
    recorder = HistoryRecorder(env)
    client = recorder.around(Timeout(env, store.client(Host(env, "client")), 0.1), site="client")

    def user() -> Generator[Any, Any, None]:
        for number in range(100):
            yield 0.01
            try:
                yield from client.call(write("x", number) if number % 2 else read("x"))
            except CallFailed:
                continue

    env.process(user(), "user")
    env.call_later(0.6, hosts[0].crash)
    env.call_later(1.0, hosts[0].restart)
    env.call_later(1.4, network.partition, hosts[1], hosts[2])
    env.run(until=3.0)
    return env.trace_digest(), watch, recorder


@pytest.mark.parametrize("name", STORES)
def test_a_store_does_the_same_while_it_is_watched(name: str) -> None:
    make, kinds = STORES[name]
    unwatched, _, _ = run(make, is_watched=False)
    watched, watch, recorder = run(make, is_watched=True)
    assert watched == unwatched
    assert watch is not None
    trace = space_time_trace(watch, recorder.history())
    assert kinds <= {each.kind for each in trace.messages}
    asked = [each for each in trace.messages if each.role is Role.REQUEST and each.source == "client"]
    assert len(asked) >= len(trace.operations) > 0
    assert {each.host for each in trace.downtimes} == {"a"}
    assert Passage.UNHEARD in {each.passage for each in trace.messages}
    if name != "single":
        assert Passage.CUT in {each.passage for each in trace.messages}
    assert all(each.sent_at <= each.arrives_at for each in trace.messages)
