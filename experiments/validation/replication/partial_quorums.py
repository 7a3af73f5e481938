"""Partial quorums on the quorum store, through its real messages: how often a read misses the last write.

In time (WARS): a client coordinates a write of a key of its own, and when that is acknowledged reads it, at
once and some time later. Each message takes a time of its own law on top of a network that takes none. Reads
change nothing, since nothing is repaired; so several can be made of each write, at the same moment too.

In versions: a rule in the network lets the client reach, for each write and each read, W or R replicas chosen
at random, and no others. So a read misses a write with probability C(N - W, R) / C(N, R), and each of the
last k with that to the power k.

The expected numbers are those of `closed_forms.partial_quorums` and of `random_quorums`. Source: Bailis et
al., "Probabilistically Bounded Staleness for Practical Partial Quorums" (VLDB 2012): equations 1 and 2 for
versions, section 4 for time.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from typing import Any

import numpy as np

from models import Endpoint, Host, Network
from models.network import CUT, PASS, Rule, Verdict
from models.replication import QuorumStore, read, write
from models.replication.quorums import MessageLegs, wars
from simulator import Environment
from simulator.randomness import Constant, Exponential

from ..closed_forms import stale_probability, stale_time
from ..experiment import Claim, TheoryCheck
from .random_quorums import versions_stale_probability

REPLICATIONS = 40
BETWEEN = 0.1
"""Seconds between two writes, whose messages are under way at the same time."""

READS_LATE = 3
"""Reads of a write at the latest moment, where hardly any is stale."""


def fresh_reads(
    seed: int,
    effort: float = 1.0,
    *,
    write_rate: float,
    replicas: int,
    read_count: int,
    write_count: int,
    after: Sequence[float],
    writes_count: int,
) -> tuple[float, ...]:
    """Return the share of fresh reads at once, and the shares of stale ones `after` so many seconds.

    Write requests are exponential with `write_rate`, all other messages with rate 1; `effort` times
    `writes_count` writes are made.
    """
    env = Environment(seed=seed)
    one = Exponential(mean=1.0)
    legs = MessageLegs(
        write_request=Exponential(mean=1.0 / write_rate), acknowledgement=one, read_request=one, response=one
    )
    settings = wars(legs, replicas=replicas, read_level=read_count, write_level=write_count)
    hosts = [Host(env, f"host {number}") for number in range(replicas)]
    store = QuorumStore(env, Network(env, latencies=0.0), hosts, settings=settings)
    client = store.client(Host(env, "client"))
    moments = (0.0, *after)
    stale: list[list[bool]] = [[] for _ in moments]

    def write_and_read(key: int) -> Generator[Any, Any, None]:
        yield BETWEEN * key
        yield from client.call(write(key, "written"))
        for moment, found in zip(moments, stale, strict=True):
            for _ in range(1 if moment < moments[-1] else READS_LATE):
                env.process(read_later(key, moment, found))

    def read_later(key: int, moment: float, found: list[bool]) -> Generator[Any, Any, None]:
        yield moment
        response = yield from client.call(read(key))
        found.append(response.value is None)

    for key in range(max(1, round(effort * writes_count))):
        env.process(write_and_read(key))
    env.run()
    shares = [sum(found) / len(found) for found in stale]
    return 1.0 - shares[0], *shares[1:]


class RandomQuorum(Rule):
    """Lets the client reach some replicas and no others, chosen at random whenever it is told to."""

    def __init__(self, client: Host, replicas: Sequence[Host], rng: np.random.Generator) -> None:
        self._client = client
        self._replicas = replicas
        self._rng = rng
        self._reached: set[str] = set()

    def choose(self, count: int) -> None:
        """Let so many be reached from now on."""
        chosen = self._rng.choice(len(self._replicas), size=count, replace=False)
        self._reached = {self._replicas[index].name for index in chosen}

    def judge(self, source: Host, target: Host) -> Verdict:
        """Cut the way from the client to the others."""
        return PASS if source is not self._client or target.name in self._reached else CUT


def versions_behind(
    seed: int,
    effort: float = 1.0,
    *,
    replicas: int,
    read_count: int,
    write_count: int,
    versions_max: int,
    reads_count: int,
) -> tuple[float, ...]:
    """Return the shares of reads that are 1, 2, ... `versions_max` versions behind or more.

    Each of `effort` times `reads_count` reads comes after `versions_max` writes since the last, so that what
    one read finds says nothing of the next.
    """
    env = Environment(seed=seed)
    network = Network(env, latencies=0.001)
    hosts = [Host(env, f"host {number}") for number in range(replicas)]
    host = Host(env, "client")
    rule = RandomQuorum(host, hosts, env.stream("quorums chosen"))
    network.install(rule)
    now = Constant(0.0)
    legs = MessageLegs(write_request=now, acknowledgement=now, read_request=now, response=now)
    # What is cut off is sent again, and is not to arrive when the rule lets others through.
    settings = wars(
        legs, replicas=replicas, read_level=read_count, write_level=write_count, write_timeout=1.0
    )
    client: Endpoint = QuorumStore(env, network, hosts, settings=settings).client(host)
    behind: list[int] = []

    def write_and_read() -> Generator[Any, Any, None]:
        for last in range(versions_max, (round(effort * reads_count) + 1) * versions_max, versions_max):
            for number in range(last - versions_max + 1, last + 1):
                rule.choose(write_count)
                yield from client.call(write("key", number))
            rule.choose(read_count)
            response = yield from client.call(read("key"))
            behind.append(last - (response.value or 0))

    env.process(write_and_read())
    env.run()
    return tuple(
        sum(each >= versions for each in behind) / len(behind) for versions in range(1, versions_max + 1)
    )


def _in_time(write_rate: float, read_count: int, write_count: int, replicas: int = 3) -> TheoryCheck:
    quorums: dict[str, Any] = {
        "write_rate": write_rate,
        "replicas": replicas,
        "read_count": read_count,
        "write_count": write_count,
    }
    late, at_last = (stale_time(share, **quorums) for share in (0.02, 0.001))
    return TheoryCheck(
        name=f"WARS, N={replicas} R={read_count} W={write_count}, write requests of rate {write_rate:g}",
        group="replication",
        source="Bailis et al. (VLDB 2012), section 4; the integral of it",
        claims=(
            Claim("P(fresh at once)", 1.0 - stale_probability(0.0, **quorums)),
            Claim(f"P(stale after {late:.4g} s)", 0.02, precision=0.25),
            # One read in a thousand: a number of stale ones so small is known to within its own size.
            Claim(f"P(stale after {at_last:.4g} s)", 0.001, precision=1.0),
        ),
        simulate=partial(fresh_reads, **quorums, after=(late, at_last), writes_count=500),
        replications=REPLICATIONS,
    )


def _in_versions(replicas: int, read_count: int, write_count: int) -> TheoryCheck:
    quorums = {"replicas": replicas, "read_count": read_count, "write_count": write_count}
    return TheoryCheck(
        name=f"k-staleness, N={replicas} R={read_count} W={write_count}, quorums at random",
        group="replication",
        source="Bailis et al. (VLDB 2012), equation 2",
        claims=tuple(
            Claim(f"P({versions} behind)", versions_stale_probability(versions, **quorums), precision=0.25)
            for versions in (1, 2, 3)
        ),
        simulate=partial(versions_behind, **quorums, versions_max=3, reads_count=400),
        replications=REPLICATIONS,
    )


CHECKS = (
    *(_in_time(rate, 1, 1) for rate in (0.1, 0.5, 1.0, 4.0)),
    _in_time(0.5, 2, 1),
    _in_time(0.5, 1, 2),
    _in_versions(3, 1, 1),
    _in_versions(5, 2, 2),
)
"""The four of the paper, two with larger quorums, and two of versions."""
