"""Write-behind with a real store as the target: what it saves it, and what it lives through."""

from __future__ import annotations

from models import Host, Network
from models.caching.patterns.write_behind import WriteBehindQueue
from models.network import LocalityLatencies
from models.replication import SingleNodeStore
from models.resilience import Timeout
from models.storage import Disk
from simulator import Environment

from ..origin import Told, ask
from .behind import adds_up, behind

LAST = {f"key {last}": 90 + last for last in range(10)}


def a_hundred_writes_of_ten_keys(env: Environment) -> tuple[SingleNodeStore, WriteBehindQueue, list[Told]]:
    """Write to a store through a cache, from 0 to 1 s, to be flushed from 2 s on."""
    web, server = Host(env, "web"), Host(env, "server")
    network = Network(env, latencies=LocalityLatencies.uniform(0.01))
    store = SingleNodeStore(env, network, server, disk=Disk(server, sync_time=0.125))
    cache, queue = behind(env, Timeout(env, store.client(web), 0.5), flush_interval=2.0)
    told = [
        ask(env, cache, number / 100, "write", key=f"key {number % 10}", value=number)
        for number in range(100)
    ]
    return store, queue, told


def test_a_hundred_writes_of_ten_keys_are_ten_and_share_their_syncs() -> None:
    env = Environment()
    store, queue, told = a_hundred_writes_of_ten_keys(env)
    env.run()
    assert told == [(number / 100, None) for number in range(100)]
    assert store.statistics().acknowledged_count == 10
    # The first that comes has a sync of its own, and the others come while that lasts.
    assert store.nodes[0].stored.disk.statistics().sync_count == 2
    assert queue.statistics().coalesced_count == 90
    assert store.contents()["single"] == LAST
    assert adds_up(queue)


def test_a_store_that_is_away_when_the_flushes_come_has_everything_when_it_is_back() -> None:
    env = Environment()
    store, queue, told = a_hundred_writes_of_ten_keys(env)
    host = store.nodes[0].host
    env.call_later(1.5, host.crash)
    env.call_later(7.0, host.restart)
    env.run()
    assert told == [(number / 100, None) for number in range(100)]
    assert queue.statistics().lost_count == 0
    assert queue.statistics().attempt_count > queue.statistics().flushed_count == 10
    assert store.contents()["single"] == LAST
    assert adds_up(queue)
