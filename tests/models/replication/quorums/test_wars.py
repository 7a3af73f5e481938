"""The WARS model and k-staleness: partial quorums against what is known of them exactly.

One of each; others, more sharply judged, are among the checks of `experiments.validation.replication`.

Sources: Bailis et al., "Probabilistically Bounded Staleness" (VLDB 2012), equation 2 for k-staleness and
section 4 for the model; the numbers for three replicas, R = W = 1, are exact integrals of it.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from math import comb, sqrt
from typing import Any

import numpy as np
import pytest

from models import CallFailed, Endpoint, Host, Network
from models.network import CUT, PASS, Rule, Verdict
from models.replication import read, write
from models.replication.quorums import Coordination, MessageLegs, QuorumStore, Versioning, wars
from simulator import Environment
from simulator.randomness import Constant, Exponential
from tests.models.replication.quorums.building import plain

Z = 2.576
"""Of a 99 % interval."""


def fresh_reads(rate: float, afters: Sequence[float], trials: int, *, seed: int = 1) -> list[list[bool]]:
    """Whether reads, so many seconds after a write was acknowledged, see it: for each time, of each write.

    Reads change nothing, so that several can be made of one write.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=0.0)
    one = Exponential(mean=1.0)
    legs = MessageLegs(
        write_request=Exponential(mean=1.0 / rate), acknowledgement=one, read_request=one, response=one
    )
    hosts = [Host(env, f"n{index}") for index in range(3)]
    client = QuorumStore(env, network, hosts, settings=wars(legs)).client(Host(env, "client"))
    fresh: list[list[bool]] = [[] for _ in afters]

    def trial(key: int) -> Generator[Any, Any, None]:
        yield 0.1 * key
        yield from client.call(write(key, 1))
        for after, seen in zip(afters, fresh, strict=True):
            env.process(read_later(key, after, seen))

    def read_later(key: int, after: float, seen: list[bool]) -> Generator[Any, Any, None]:
        yield after
        response = yield from client.call(read(key))
        seen.append(response.value == 1)

    for key in range(trials):
        env.process(trial(key))
    env.run()
    assert {len(seen) for seen in fresh} == {trials}
    return fresh


@pytest.mark.slow
def test_reads_right_after_a_write_are_fresh_as_often_as_wars_says_and_later_but_one_in_a_thousand() -> None:
    rate, exact, after, trials = 0.5, 0.62479, 11.855, 3000
    at_once, later = fresh_reads(rate, (0.0, after), trials)
    assert abs(sum(at_once) / trials - exact) < Z * sqrt(exact * (1 - exact) / trials)
    assert later[:2000].count(False) <= 8  # a Poisson number with mean 2 is larger once in 4,000 times


@pytest.mark.slow
def test_halfway_there_more_are_stale_which_the_bound_above_would_notice() -> None:
    (seen,) = fresh_reads(1.0, (1.0,), 400)
    assert seen.count(False) > 8


def test_legs_that_are_constant_add_up_exactly() -> None:
    env = Environment()
    legs = MessageLegs(
        write_request=Constant(1.0),
        acknowledgement=Constant(2.0),
        read_request=Constant(4.0),
        response=Constant(8.0),
    )
    hosts = [Host(env, f"n{index}") for index in range(3)]
    settings = wars(legs, write_level=2, read_level=2)
    client = QuorumStore(env, Network(env, latencies=0.0), hosts, settings=settings).client(Host(env, "c"))
    ends: list[float] = []

    def trial() -> Generator[Any, Any, None]:
        yield from client.call(write("x", 1))
        ends.append(env.now)
        yield from client.call(read("x"))
        ends.append(env.now)

    env.process(trial())
    env.run()
    assert ends == [3.0, 15.0]


def test_messages_with_legs_go_through_the_network_and_die_on_hosts_that_are_down() -> None:
    env = Environment()
    one = Constant(1.0)
    legs = MessageLegs(write_request=one, acknowledgement=one, read_request=one, response=one)
    hosts = [Host(env, f"n{index}") for index in range(3)]
    network = Network(env, latencies=0.5)
    store = QuorumStore(env, network, hosts, settings=wars(legs, write_level=3, write_timeout=10.0))
    host = Host(env, "client")
    client = store.client(host)
    network.partition(host, hosts[0], one_way=True)
    env.call_later(1.25, hosts[1].crash)
    env.process(_ignoring(client))
    env.run(until=20.0)
    assert [held.get("x") for held in store.contents().values()] == [None, None, 1]


def _ignoring(client: Endpoint) -> Generator[Any, Any, None]:
    try:
        yield from client.call(write("x", 1))
    except CallFailed:
        return


class RandomQuorum(Rule):
    """Lets the client reach some replicas and no others, chosen at random whenever it is told to."""

    def __init__(self, client: Host, replicas: list[Host], rng: np.random.Generator) -> None:
        self._client = client
        self._replicas = replicas
        self._rng = rng
        self._reached: set[str] = set()

    def choose(self, count: int) -> None:
        chosen = self._rng.choice(len(self._replicas), size=count, replace=False)
        self._reached = {self._replicas[index].name for index in chosen}

    def judge(self, source: Host, target: Host) -> Verdict:
        return PASS if source is not self._client or target.name in self._reached else CUT


def versions_behind(replicas: int, read_level: int, write_level: int, trials: int) -> list[int]:
    """How many versions behind the last write each read is, with random quorums that do not grow."""
    env = Environment(seed=5)
    network = Network(env, latencies=0.001)
    hosts = [Host(env, f"n{index}") for index in range(replicas)]
    host = Host(env, "client")
    rule = RandomQuorum(host, hosts, np.random.default_rng(7))
    network.install(rule)
    instant = Constant(0.0)
    legs = MessageLegs(write_request=instant, acknowledgement=instant, read_request=instant, response=instant)
    settings = wars(
        legs, replicas=replicas, read_level=read_level, write_level=write_level, write_timeout=1.0
    )
    client = QuorumStore(env, network, hosts, settings=settings).client(host)
    behind: list[int] = []

    def trial() -> Generator[Any, Any, None]:
        for number in range(trials):
            rule.choose(write_level)
            yield from client.call(write("x", number))
            rule.choose(read_level)
            response = yield from client.call(read("x"))
            behind.append(number - (-1 if response.value is None else response.value))

    env.process(trial())
    env.run()
    return behind


@pytest.mark.slow
def test_random_quorums_are_k_versions_behind_as_often_as_counting_says() -> None:
    replicas, read_level, write_level, trials = 5, 1, 2, 1500
    behind = versions_behind(replicas, read_level, write_level, trials)[100:]
    miss = comb(replicas - write_level, read_level) / comb(replicas, read_level)
    for k in (1, 2, 3):
        expected = miss**k
        share = sum(each >= k for each in behind) / len(behind)
        # Reads of one run depend on each other, a little: a few more deviations than 2.6 are allowed for.
        assert abs(share - expected) < 4.0 * sqrt(expected * (1 - expected) / len(behind)), k


def test_random_quorums_that_overlap_are_never_behind() -> None:
    assert set(versions_behind(3, 2, 2, 100)) == {0}


def test_where_the_client_coordinates_so_does_its_clock() -> None:
    with pytest.raises(
        ValueError, match="versioning must be CLIENT_CLOCK where clients coordinate, got SIBLINGS"
    ):
        plain(coordination=Coordination.CLIENT, versioning=Versioning.SIBLINGS)
