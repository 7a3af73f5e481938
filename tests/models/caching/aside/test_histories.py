"""Cache-aside under random loads and faults, judged by what its users were told.

The origin is a store of one process, which is linearizable; a write is over when its delete is acknowledged.
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models import CallFailed, Endpoint, Host, Network, Request
from models.caching.aside import CacheAside, Leasing
from models.caching.eviction import Lru
from models.caching.servers import CacheCluster, CacheServer, Ejection, Gutter, operations
from models.caching.stores import CacheStore
from models.consistency import HistoryRecorder, staleness_of_reads
from models.replication import SingleNodeStore, read, write
from models.resilience import ConstantBackoff
from models.storage import Disk
from simulator import Environment
from simulator.randomness import Exponential, Uniform

TTL = 3.0
LATENCY_MAX = 0.02
TIMEOUT = 0.2
DURATION = 12.0


class Run:
    """Six users on two web hosts, three keys, three cache servers; everything after a seed."""

    def __init__(
        self,
        seed: int,
        *,
        leases: bool,
        replicas: int = 1,
        gutter: bool = False,
        repeats: bool = False,
        ttl: float = TTL,
        write_share: float = 0.1,
        hasty_share: float = 0.1,
        keys: int = 3,
    ) -> None:
        self.env = env = Environment(seed=seed)
        self.ttl = ttl
        self.network = network = Network(env, latencies=Uniform(0.0, LATENCY_MAX))
        disk_host = Host(env, "origin")
        self.store = store = SingleNodeStore(env, network, disk_host, disk=Disk(disk_host, sync_time=0.002))
        self.servers = [self._server(f"cache-{number}") for number in range(3)]
        self.webs = [Host(env, f"web-{number}") for number in range(2)]
        cluster = CacheCluster(
            env,
            network,
            self.servers,
            replicas=replicas,
            timeout=TIMEOUT,
            ejection=Ejection(retry_time=1.0) if gutter else None,
            gutter=Gutter(servers=[self._server("gutter")], ttl=0.5) if gutter else None,
            delete_backoff=ConstantBackoff(delay=0.3) if repeats else None,
        )
        self.recorder = HistoryRecorder(env)
        self.clients = [cluster.client(web) for web in self.webs]
        leasing = Leasing(wait=0.01, waits_max=30) if leases else None
        self.values = 0
        self.write_share = write_share
        self.hasty_share = hasty_share
        self.keys = keys
        self.answers: list[tuple[float, float | None]] = []
        for web, client in zip(self.webs, self.clients, strict=True):
            aside = CacheAside(env, store.client(web), client, leasing=leasing)
            for number in range(3):
                user = self.recorder.around(aside)
                web.start(self._use(user, f"{web.name}/{number}"))

    def _server(self, name: str) -> CacheServer:
        store = CacheStore(self.env, Lru(100), ttl=self.ttl, name=name)
        return CacheServer(
            self.env, Host(self.env, name), store, request_work=0.0005, lease_time=1.0, name=name
        )

    def _use(self, user: Endpoint, name: str) -> Generator[Any, Any, None]:
        env = self.env
        pause = env.sampler(f"{name}/pause", Exponential(0.03))
        choice = env.sampler(f"{name}/choice", Uniform(0.0, 1.0))
        while env.now < DURATION:
            yield pause()
            key = int(self.keys * choice())
            request: Request = read(key)
            if choice() < self.write_share:
                self.values += 1
                request = write(key, self.values)
            try:
                # Some give up: of their writes nobody knows.
                with env.move_on_after(0.03 if choice() < self.hasty_share else 5.0):
                    response = yield from user.call(request)
                    if request.operation == "read":
                        self.answers.append((env.now, response.as_of))
            except CallFailed:
                pass

    def finish(self) -> list[float]:
        """Run; return how stale the stale reads were (s)."""
        self.env.run(until=DURATION + 10.0)
        return [each.seconds for each in staleness_of_reads(self.recorder.history()) if each.seconds > 0.0]

    def crash_and_restart(self, server: int, start: float, end: float, *, host: bool) -> None:
        which = self.servers[server]
        what: Any = which.host if host else which
        self.env.call_later(start, what.crash)
        self.env.call_later(end, what.restart)

    def cut(self, server: int, start: float, end: float, *, one_way: bool = False) -> None:
        rules: list[Any] = []
        host = self.servers[server].host

        def begin() -> None:
            rules.append(self.network.partition(self.webs, host, one_way=one_way))

        self.env.call_later(start, begin)
        self.env.call_later(end, lambda: self.network.heal(rules[0]))

    def wrong_values(self) -> list[tuple[str, Any]]:
        """What is cached now and is not what the origin has."""
        (origin,) = self.store.contents().values()
        return [
            (server.name, key)
            for server in self.servers
            for key in server.store
            if key in server.store and server.answer(operations.get(key)).value.value != origin.get(key)
        ]

    def failed_delete_count(self) -> int:
        return sum(client.statistics().failed_delete_count for client in self.clients)


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
def test_with_leases_and_no_lost_delete_no_read_is_stale(replicas: int) -> None:
    for seed in range(6):
        run = Run(seed, leases=True, replicas=replicas)
        assert run.finish() == []
        assert [list(web.running) for web in run.webs] == [[], []]
        assert run.failed_delete_count() == 0
        hits = sum(client.statistics().hit_count for client in run.clients)
        assert hits > 200  # or there was nothing to be stale


@pytest.mark.slow
def test_without_leases_some_are_and_for_no_longer_than_the_time_to_live() -> None:
    stale = [seconds for seed in range(6) for seconds in Run(seed, leases=False).finish()]
    assert stale
    # An old value may be set so much after the write was acknowledged as it takes to come from the origin.
    assert max(stale) < TTL + 3 * LATENCY_MAX


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
def test_with_leases_crashes_make_nothing_stale_although_deletes_fail(replicas: int) -> None:
    failed_count = 0
    for seed in range(4):
        run = Run(seed, leases=True, replicas=replicas, write_share=0.2)
        for server in range(3):
            run.crash_and_restart(server, 2.0 + server, 2.5 + server, host=True)
            run.crash_and_restart(server, 6.0 + server, 6.3 + server, host=False)
        assert run.finish() == []
        failed_count += run.failed_delete_count()
    assert failed_count > 20


@pytest.mark.slow
@pytest.mark.parametrize("one_way", [True, False])
def test_with_leases_a_partition_makes_reads_stale_until_the_time_to_live_is_over(one_way: bool) -> None:
    stale = []
    for seed in range(4):
        run = Run(seed, leases=True)
        run.cut(0, 3.0, 4.0, one_way=one_way)
        run.cut(1, 5.0, 6.0, one_way=one_way)
        run.cut(2, 7.0, 8.0, one_way=one_way)
        stale += run.finish()
    assert stale
    assert max(stale) < TTL


@pytest.mark.slow
def test_the_gutter_is_stale_for_no_longer_than_its_own_time_to_live_under_crashes() -> None:
    stale = []
    for seed in range(4):
        run = Run(seed, leases=True, gutter=True)
        for server in range(3):
            run.crash_and_restart(server, 2.0 + 3 * server, 4.0 + 3 * server, host=True)
        stale += run.finish()
    assert stale
    assert max(stale) < 0.5 + 3 * LATENCY_MAX


@pytest.mark.slow
@pytest.mark.parametrize("leases", [True, False])
def test_no_answer_is_older_than_the_time_to_live(leases: bool) -> None:
    run = Run(1, leases=leases, write_share=0.01)
    run.cut(0, 3.0, 5.0)
    run.crash_and_restart(1, 4.0, 5.0, host=True)
    run.finish()
    ages = [told_at - as_of for told_at, as_of in run.answers if as_of is not None]
    # Kept from when it arrives, after the load and the way there; told after the way back.
    assert 0.5 * TTL < max(ages) < TTL + 6 * LATENCY_MAX + 0.02
    assert min(ages) >= 0.0


def in_trouble(seed: int, *, leases: bool, repeats: bool, replicas: int = 1, keys: int = 20) -> Run:
    """A run whose servers are cut off, crash and are slow, and are all well in the end."""
    run = Run(
        seed,
        leases=leases,
        replicas=replicas,
        repeats=repeats,
        ttl=inf,
        write_share=0.3,
        hasty_share=0.0,
        keys=keys,
    )
    for server in range(3):
        run.crash_and_restart(server, 1.0 + server, 1.4 + server, host=True)
        run.crash_and_restart(server, 3.0 + server, 3.3 + server, host=False)
        host = run.servers[server].host
        run.env.call_later(6.5 + server, host.slow_down, "gray failure", 0.002)
        run.env.call_later(7.0 + server, host.recover, "gray failure")
        # The last of these end when users do: nobody writes any more what would be deleted again.
        run.cut(server, 9.0 + server, 10.0 + server, one_way=server == seed % 3)
    run.finish()
    return run


@pytest.mark.slow
@pytest.mark.parametrize("replicas", [1, 2])
def test_with_leases_and_deletes_repeated_what_is_cached_in_the_end_is_what_the_origin_has(
    replicas: int,
) -> None:
    for seed in range(6):
        run = in_trouble(seed, leases=True, replicas=replicas, repeats=True)
        assert run.wrong_values() == []
        assert run.failed_delete_count() > 0
        # All that is left where the clients run are those who wait for deletes to repeat.
        assert all("deletes to" in process.name for web in run.webs for process in web.running)


@pytest.mark.slow
def test_with_leases_and_no_delete_repeated_wrong_values_stay() -> None:
    runs = [in_trouble(seed, leases=True, repeats=False) for seed in range(6)]
    assert any(run.wrong_values() for run in runs)
