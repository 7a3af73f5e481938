"""Staleness: a read soon after a write, at fewer replicas than it takes to be sure, and what it misses.

A key is on N = 3 replicas. A write goes to all and is acknowledged by the first W; a read asks all and is
told the newest of the first R answers. Where R + W > N it cannot miss the write. Where it can, the question
is for how long: until the write has come everywhere, and it is on its way already. So "eventual" is a number:
the probability that a read t seconds after the acknowledgement is fresh. It depends on the latencies of four
messages alone, write request, acknowledgement, read request and response (WARS), and on the tail of the first
of them most.

Three sets of latencies are of stores in production, as Bailis et al. fitted them: LinkedIn's Voldemort on
solid-state and on spinning disks, Yammer's Riak; the others are exponential, with a mean of 1 ms for all
messages but the write request. (Theirs for a wide area is left out: there latencies depend on where one is,
75 ms more to all data centres but one, which is chosen anew for each operation.) Each key is written three
times, each time when the last write is acknowledged, and then read once. Who misses the last write may miss
the one before it too: with quorums that are drawn at random for each operation the probability to miss k is
that of one to the power of k; here it is less, since the older write has had longer to arrive.

As long as every write request arrives, time heals all. Where some never do (`lost`: a replica was away, or
dropped it), time alone heals nothing. Read repair heals what is read, with the second read at the earliest;
anti-entropy all, when its turn comes.

What to see (the default sweep): with R = W = 1 and write requests that take 10 ms where all else takes 1 ms,
43 % of the reads at once are fresh, 92 % of those 20 ms later; 94 % at once where write requests take 0.25
ms. Of LinkedIn on solid-state disks, on spinning disks, and of Yammer, 97 %, 45 % and 89 % are; but Yammer's
are still only 95.4 % fresh 100 ms later: one of its write requests in sixteen takes a third of a second on
average. Of those with 10 ms, 57 % miss one version, 24 % two. W = 2 makes it 29 %, and a write takes 8.0 ms
in the median and not 3.3 ms. Where a fifth of the write requests never arrives 82 % are fresh at any later
time; 99.1 % after 2 s where reads repair, 97.6 % with anti-entropy every 2 s.

Leaves out: hints, which heal as anti-entropy does (see `quorums`); replicas an ocean apart. Source: Bailis,
Venkataraman, Franklin, Hellerstein and Stoica, "Probabilistically Bounded Staleness for Practical Partial
Quorums" (VLDB 2012): the model in section 4, the fits in table 3; its figures are of sampling, as the theory
here is for those fits. The exact law of exponential latencies is in `validation.closed_forms`.
"""

from collections.abc import Generator, Mapping, Sequence
from math import inf, nan
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models import CallFailed, Endpoint, Host, Network
from models.replication import QuorumStore, read, write
from models.replication.quorums import AntiEntropy, MessageLegs, ReadRepair, wars
from models.workload import OpenLoop, Operation, OperationMix
from simulator import Environment
from simulator.randomness import Constant, Distribution, Exponential, Mixture, Pareto

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Law = Literal["exponential", "LinkedIn SSD", "LinkedIn disk", "Yammer"]
Repair = Literal["none", "reads", "anti-entropy"]

REPLICAS = 3
VERSIONS = 3
"""Writes of each key, one after the other."""

OTHER_MEAN = 0.001
"""Seconds that an acknowledgement, a read request or a response takes on average, where exponential."""

ANTI_ENTROPY = AntiEntropy(interval=2.0)
READ_RATE = 2.0
"""Reads of each key per second by others, whose repair is what a read may find done."""

FOREVER = 1e7
"""Seconds that a write request takes which never arrives."""

_TIMEOUT = 1.0
_MILLISECOND = 0.001
_SAMPLES = 100_000


def _fit(share: float, minimum: float, shape: float, rate: float) -> Mixture:
    """Return a Pareto body with an exponential tail, as the paper has it, in milliseconds."""
    body = Pareto(shape=shape, minimum=minimum * _MILLISECOND)
    return Mixture(weights=(share, 1.0 - share), components=(body, Exponential(_MILLISECOND / rate)))


_SSD = _fit(0.9122, 0.235, 10.0, 1.66)
FITS: Mapping[str, tuple[Distribution, Distribution]] = {
    "LinkedIn SSD": (_SSD, _SSD),
    "LinkedIn disk": (_fit(0.38, 1.05, 1.51, 0.183), _SSD),
    "Yammer": (_fit(0.939, 3.0, 3.35, 0.0028), _fit(0.982, 1.5, 3.8, 0.0217)),
}
"""Table 3 of the paper: the laws of a write request, and of each of the other messages.

The authors' program (`ernst.simulator.Simulator`) has the same numbers but one: its Yammer write requests
have the shape 3.5. It is with this that 89.3 % are fresh at once, as section 5 says; with the table's 88.7 %
are.
"""

MEASURES = {
    "fresh": Measure(description="share of the reads that told the last write"),
    "fresh_theory": Measure(description="what theory says of that, where nothing is repaired"),
    "behind_2": Measure(description="share that told a version two or more behind"),
    "behind_3": Measure(description="share that told nothing: three behind"),
    "write_p50": Measure(description="median time to acknowledge a write", unit="s"),
    "write_p99": Measure(description="99th percentile of the same", unit="s"),
    "read_p99": Measure(description="99th percentile of the time to an answer", unit="s"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.staleness import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, law: str, write_mean: float | None, **_others: object) -> None:
    """Raise Misuse for a mean of what is fitted, or none of what is not."""
    if law == "exponential" and write_mean is None:
        raise Misuse("write_mean must be a number of seconds with law exponential, got none")
    if law != "exponential" and write_mean is not None:
        raise Misuse(f"write_mean must be none with law {law}, which has its own, got {write_mean}")


WRITE_MEANS = (0.00025, 0.001, 0.01)
QUORUMS = ((1, 1), (1, 2), (2, 1), (2, 2))
"""R and W, with write requests of 10 ms."""

_MOMENTS = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)
_HEALING = (0.01, 0.5, 1.0, 2.0, 4.0)


@study(
    name="staleness",
    question="How long may a read miss a write that was acknowledged?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"write_mean": mean, "after": after} for mean in WRITE_MEANS for after in _MOMENTS),
            *({"law": law, "write_mean": None, "after": after} for law in FITS for after in (*_MOMENTS, 1.0)),
            *({"read_level": r, "write_level": w} for r, w in QUORUMS[1:]),
            *(
                {"write_mean": 0.001, "lost": 0.2, "repair": repair, "after": after}
                for repair in ("none", "reads", "anti-entropy")
                for after in _HEALING
            ),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def staleness(
    *,
    seed: int,
    law: Annotated[Law, Field(description="how long messages take")] = "exponential",
    write_mean: Annotated[
        float | None,
        Field(gt=0, le=10, allow_inf_nan=False, description="mean of a write request, where exponential"),
        Unit("s"),
    ] = 0.01,
    read_level: Annotated[int, Field(ge=1, le=REPLICAS, description="R: answers that a read waits for")] = 1,
    write_level: Annotated[
        int, Field(ge=1, le=REPLICAS, description="W: acknowledgements that a write waits for")
    ] = 1,
    after: Annotated[
        float,
        Field(ge=0, le=60, allow_inf_nan=False, description="from the last acknowledgement to the read"),
        Unit("s"),
    ] = 0.0,
    lost: Annotated[
        float, Field(ge=0, lt=0.9, description="share of the write requests that never arrive")
    ] = 0.0,
    repair: Annotated[Repair, Field(description="what brings a replica what it has missed")] = "none",
    keys: Annotated[int, Field(ge=1, le=100_000, description="keys, each of which is read once")] = 240,
) -> Run:
    """Write keys, each three times, and read each of them a while later."""
    env = Environment(seed=seed)
    write_request, other = _laws(law, write_mean)
    legs = MessageLegs(
        write_request=_losing(write_request, lost),
        acknowledgement=other,
        read_request=other,
        response=other,
    )
    settings = wars(
        legs,
        replicas=REPLICAS,
        read_level=read_level,
        write_level=write_level,
        write_timeout=_TIMEOUT if lost else inf,
        read_repair=ReadRepair.BACKGROUND if repair == "reads" else ReadRepair.NONE,
        anti_entropy=ANTI_ENTROPY if repair == "anti-entropy" else None,
    )
    hosts = [Host(env, f"replica {number}") for number in range(REPLICAS)]
    store = QuorumStore(env, Network(env, latencies=0.0), hosts, settings=settings)
    client = store.client(Host(env, "client"))
    probes = _Probes(env, client, after, reads_first=repair == "reads")
    probing = [env.process(probes.probe(key), f"probe {key}") for key in range(keys)]
    for process in probing:
        env.run(until=process)
    theory = nan
    if repair == "none":
        theory = 1.0 - _stale(law, write_mean, lost, read_level, write_level, after)
    return Run(measures={**probes.measures(), "fresh_theory": theory})


class _Probes:
    """Writes keys and reads them, and remembers how far behind each read was, and how long all took."""

    def __init__(self, env: Environment, client: Endpoint, after: float, *, reads_first: bool) -> None:
        self._env = env
        self._client = client
        self._after = after
        self._reads_first = reads_first
        # Anti-entropy goes round at its own times: keys are written at any moment between two rounds.
        self._starts = env.stream("starts")
        self._behind: list[int] = []
        self._write_times: list[float] = []
        self._read_times: list[float] = []

    def probe(self, key: int) -> Generator[Any, Any, None]:
        """Write a key, and read it."""
        env = self._env
        yield float(self._starts.uniform(0.0, 2.0 * ANTI_ENTROPY.interval))
        for version in range(1, VERSIONS + 1):
            start = env.now
            try:
                yield from self._client.call(write(key, version))
            except CallFailed:
                return  # all of its requests were lost
            self._write_times.append(env.now - start)
        if self._reads_first:
            mix = OperationMix(Operation(name="read"))
            until = env.now + self._after
            OpenLoop(
                env, self._client, rate=READ_RATE, mix=mix, keys=lambda: key, until=until, name=f"reads {key}"
            )
        yield self._after
        start = env.now
        response = yield from self._client.call(read(key))
        self._read_times.append(env.now - start)
        self._behind.append(VERSIONS - (response.value or 0))

    def measures(self) -> dict[str, float]:
        """Return what was measured."""
        behind = np.array(self._behind)
        write_p50, write_p99 = np.percentile(self._write_times, [50.0, 99.0])
        return {
            "fresh": float((behind == 0).mean()),
            "behind_2": float((behind >= 2).mean()),
            "behind_3": float((behind >= 3).mean()),
            "write_p50": float(write_p50),
            "write_p99": float(write_p99),
            "read_p99": float(np.percentile(self._read_times, 99.0)),
        }


def _laws(law: str, write_mean: float | None) -> tuple[Distribution, Distribution]:
    if law in FITS:
        return FITS[law]
    assert write_mean is not None
    return Exponential(write_mean), Exponential(OTHER_MEAN)


def _losing(law: Distribution, lost: float) -> Distribution:
    if not lost:
        return law
    return Mixture(weights=(1.0 - lost, lost), components=(law, Constant(FOREVER)))


def _stale(
    law: str, write_mean: float | None, lost: float, read_level: int, write_level: int, after: float
) -> float:
    """Return the probability of a stale read: exactly where latencies are exponential, else by sampling."""
    if law == "exponential" and not lost:
        # Late: every command and every worker process imports the studies, and few of them need theory.
        from ...validation.closed_forms import stale_probability

        assert write_mean is not None
        return stale_probability(
            after,
            write_rate=1.0 / write_mean,
            other_rate=1.0 / OTHER_MEAN,
            replicas=REPLICAS,
            read_count=read_level,
            write_count=write_level,
        )
    write_request, other = _laws(law, write_mean)
    legs = (_losing(write_request, lost), other, other, other)
    return stale_by_sampling(legs, read_level, write_level, after)


def stale_by_sampling(legs: Sequence[Distribution], read_level: int, write_level: int, after: float) -> float:
    """Return the share of stale reads among samples of the model itself; `legs` are W, A, R and S."""
    rng = np.random.default_rng(0)
    shape = (_SAMPLES, REPLICAS)
    writes, acknowledgements, reads, responses = (
        leg.sample(rng, _SAMPLES * REPLICAS).reshape(shape) for leg in legs
    )
    committed = np.sort(writes + acknowledgements, axis=1)[:, write_level - 1]
    first = np.argsort(reads + responses, axis=1)[:, :read_level]
    arrived = np.take_along_axis(writes - reads, first, axis=1).min(axis=1)
    counted = committed < FOREVER / 2.0
    return float((arrived > committed + after)[counted].mean())
