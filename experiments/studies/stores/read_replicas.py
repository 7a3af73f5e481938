"""Read replicas: how far reads scale, what writes cost all of them, and how old the answers are.

Every replica executes every write again. So a replica adds what a host can do, less what the writes take,
and a share w of writes is to replicas what the serial part of a program is to processors (Amdahl's law): if a
host can answer c requests per second, one primary and n replicas, over whom reads are spread, answer at most

    c / (w + (1 - w)/(n + 1))

since the primary has all writes and its share of the reads; and users who think before they ask never ask for
more than so many per second (the asymptotic bounds of operational analysis).

The primary executes writes on all its cores, a replica replays them one after the other. So replication lags
before anybody is busy: as long as reads do not get in the way, lag is the time in an M/D/1 queue whose server
is the replay (and the way there); beyond what one thread can replay it grows without end. Reads on the same
cores make it longer.

Who reads from a replica reads what was true a while ago. Of all that this may surprise, one's own writes are
worst: who has just posted does not find it. A client can remember the position of its last write and send it
with its reads: then a replica that has not come so far lets them wait, or the primary is asked instead.

What to see (the default sweep): with 2 % writes 1, 2, 4 and 8 replicas answer 2.0, 2.9, 4.6 and 6.4 times as
much as the primary alone, with 30 % writes 1.6, 1.9, 2.3 and 2.6 times. By Amdahl's law alone it would be 7.8
and 2.6 times with 8: with 2 % writes nobody is busy for more than 83 % any more, and it is the 200 users who
ask for no more. At 5, 10, 15 and 20 writes per second
a write is seen at a replica 83, 93, 102 and 144 ms later (by theory 87, 96, 110 and 170 ms); at 29, more than
can be replayed, 6.7 s later, with a primary that is busy for 86 %, and 67 % of the reads tell what was
replaced. With 12 writes per second that are 0.3 %, but 49 % of those who read from any member what they have
just written do not find it, and 66 % of those who read from the nearest. To wait for it takes them 116 ms
instead of 102 ms, to be sent on to the primary 148 ms, and makes that busy for 65 % and not for 54 %. A read
from the primary alone takes 216 ms, from any member 102 ms, from the nearest 49 ms.

Left out: a balancer that knows who lags; replicas that come and go. Sources: Amdahl, "Validity of the single
processor approach" (AFIPS 1967); Denning and Buzen, "The Operational Analysis of Queueing Network Models"
(1978), section on bounds; Kleinrock, "Queueing Systems", volume 1 (1975), for M/D/1; Terry et al., "Session
Guarantees for Weakly Consistent Replicated Data" (1994); Newman, "Building Microservices" (2nd ed. 2021), on
read replicas.
"""

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import nan
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from models import Host, Network, System
from models.consistency import (
    Guarantee,
    HistoryRecorder,
    Operation,
    breaches_of_guarantees,
    staleness_of_reads,
)
from models.network import LocalityLatencies
from models.replication import read, write
from models.replication.primary_replica import IfBehind, PrimaryReplicaStore, ReadPolicy, Source, postgres
from models.workload import Client, request_table
from simulator import Environment, RequestTable
from simulator.randomness import Constant, Exponential, Uniform

from ...design import Points
from ...misuse import Misuse
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

From = Literal["primary", "any", "nearest"]
OwnWrites = Literal["no", "wait", "ask the primary"]

SOURCES: Mapping[str, Source] = {"primary": Source.PRIMARY, "any": Source.ANY, "nearest": Source.NEAREST}

CORES, WORK = 2, 0.04
"""A member's cores, and the seconds that a read or a write takes on one of them."""

REPLAY_WORK = 0.04
"""Seconds that a replica works on a write, one write after the other."""

THINK_TIME = 0.5
"""Seconds that a user thinks before each visit, on average; exponential."""

DISTANCE = 0.04
"""Seconds from one region to another, one way."""

WARM_UP, DURATION = 30.0, 50.0
_LATENCIES = LocalityLatencies(
    same_zone=Constant(0.0005), same_region=Constant(0.001), other_region=Constant(DISTANCE)
)
_REGIONS = 3
_PROBE_INTERVAL = 0.1

MEASURES = {
    "answered": Measure(description="requests answered per second, reads and writes", unit="1/s"),
    "bound": Measure(description="what answered cannot exceed, by theory", unit="1/s"),
    "written": Measure(description="writes acknowledged per second", unit="1/s"),
    "read_latency": Measure(description="mean time to the answer to a read", unit="s"),
    "own_read_latency": Measure(description="the same, of a read of what one has just written", unit="s"),
    "write_latency": Measure(description="mean time to the answer to a write", unit="s"),
    "lag": Measure(description="mean time until a write is seen at a replica", unit="s"),
    "lag_theory": Measure(description="the same by theory, if replicas did nothing but replay", unit="s"),
    "stale": Measure(description="share of the reads that told what was replaced before they were sent"),
    "stale_time": Measure(description="how long ago that was, of those reads, on average", unit="s"),
    "own_missed": Measure(description="share of the reads of what one has just written that do not tell it"),
    "primary_busy": Measure(description="utilisation of the primary's cores"),
    "replica_busy": Measure(description="utilisation of the replicas' cores"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadReplicasRun:
    """A run that is over: the users' `requests`, the `history`, and the lag over time.

    `lags` are pairs of a time and how long the replicas' readers are behind then, on average, both in s.
    """

    requests: RequestTable
    history: tuple[Operation, ...]
    lags: tuple[tuple[float, float], ...]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.read_replicas import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, source: str, own_writes: str, **_others: object) -> None:
    """Raise Misuse for a way to see one's own writes where reads go to the primary, which has them."""
    if source == "primary" and own_writes != "no":
        raise Misuse(f"own_writes must be no with source primary, which has them all, got {own_writes}")


@study(
    name="read_replicas",
    question="How far do read replicas scale, how far do they lag, and what do their readers see?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"users": 200, "write_share": write_share, "replicas": replicas}
                for write_share in (0.02, 0.1, 0.3)
                for replicas in (0, 1, 2, 4, 8)
            ),
            *({"users": users, "write_share": 0.4} for users in (5, 10, 15, 20, 25, 30)),
            {"source": "primary"},
            *(
                {"source": source, "own_writes": own_writes}
                for source in ("any", "nearest")
                for own_writes in ("no", "wait", "ask the primary")
            ),
        ]
    ),
    replications=3,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def read_replicas(
    *,
    seed: int,
    replicas: Annotated[int, Field(ge=0, le=100, description="how many replicas there are")] = 2,
    source: Annotated[From, Field(description="which member a read goes to")] = "any",
    own_writes: Annotated[
        OwnWrites,
        Field(description="what a read does at a replica that does not have the user's own last write yet"),
    ] = "no",
    write_share: Annotated[float, Field(gt=0, lt=0.5, description="share of the requests that write")] = 0.2,
    users: Annotated[int, Field(ge=1, le=10_000, description="users, in three regions")] = 30,
) -> Run:
    """Let users read and write, and look at their own writes, in three regions."""
    env = Environment(seed=seed)
    system = System(env, network=Network(env, latencies=_LATENCIES))
    zones = [
        system.add_zone(f"zone-{number}", system.add_region(f"region-{number}"))
        for number in range(1, _REGIONS + 1)
    ]
    members = [
        system.add_host(f"db-{number + 1}", zones[number % _REGIONS], cores=CORES)
        for number in range(replicas + 1)
    ]
    store = PrimaryReplicaStore(
        env,
        system.network,
        members,
        settings=postgres("local", request_work=WORK, replay_work=REPLAY_WORK),
        reads=ReadPolicy(
            source=SOURCES[source],
            own_writes=own_writes != "no",
            if_behind=IfBehind.PRIMARY if own_writes == "ask the primary" else IfBehind.WAIT,
        ),
        name="store",
        threads=100_000,
    )
    recorder = HistoryRecorder(env)
    table = request_table()
    places = [system.add_host(f"users-{number + 1}", zone) for number, zone in enumerate(zones)]
    _let_users_come(env, store, recorder, table, places, users, write_share)
    lags: list[tuple[float, float]] = []
    counts: list[float] = []
    env.process(_probe(env, store, lags, counts), "probe")
    env.run(until=WARM_UP)
    before = [_work_time(host) for host in members]
    env.run(until=DURATION)
    busy = [
        (_work_time(host) - then) / (CORES * (DURATION - WARM_UP))
        for host, then in zip(members, before, strict=True)
    ]
    run = ReadReplicasRun(requests=table, history=recorder.history(), lags=tuple(lags))
    measures = {
        **_users_measures(run),
        "bound": bound_by_theory(replicas, source, write_share, users),
        "primary_busy": busy[0],
        "replica_busy": sum(busy[1:]) / replicas if replicas else nan,
    }
    written = measures["written"]
    measures["lag"] = sum(counts) / len(counts) / written if replicas else nan  # Little's law
    measures["lag_theory"] = lag_by_theory(written, replicas) if replicas else nan
    return Run(measures={name: measures[name] for name in MEASURES}, detail=run)


def _work_time(host: Host) -> float:
    return host.statistics().busy_time


# -- users ------------------------------------------------------------------------------------------------


def _let_users_come(
    env: Environment,
    store: PrimaryReplicaStore,
    recorder: HistoryRecorder,
    table: RequestTable,
    places: Sequence[Host],
    count: int,
    write_share: float,
) -> None:
    think_time = env.sampler("users/think_time", Exponential(THINK_TIME))
    chance = env.sampler("users/chance", Uniform(0.0, 1.0))
    # A visit is a read, or a write and a read of it.
    write_probability = write_share / (1.0 - write_share)
    for number in range(count):
        client = Client(env, recorder.around(store.client(places[number % len(places)])), table=table)
        use = _use(client, number, count, think_time, chance, write_probability)
        env.process(use, f"user {number}")


def _use(
    client: Client,
    key: int,
    key_count: int,
    think_time: "partial[float] | Any",
    chance: Any,
    write_probability: float,
) -> Generator[Any, Any, None]:
    """Visit for ever: write one's own page and look at it, or read anybody's."""
    table = client.table
    reading, writing, looking = (table.operation(name) for name in ("read", "write", "own read"))
    written = 0
    while True:
        yield think_time()
        if chance() < write_probability:
            written += 1
            yield from client.send(write(key, written), writing)
            yield from client.send(read(key), looking)
        else:
            yield from client.send(read(int(chance() * key_count)), reading)


def _probe(
    env: Environment, store: PrimaryReplicaStore, lags: list[tuple[float, float]], counts: list[float]
) -> Generator[Any, Any, None]:
    """Look at the replicas again and again: an observer's process."""
    replicas = store.nodes[1:]
    while replicas:
        yield _PROBE_INTERVAL
        found = [store.lag(member) for member in replicas]
        lags.append((env.now, sum(lag.time for lag in found) / len(found)))
        if env.now > WARM_UP:
            counts.append(sum(lag.record_count for lag in found) / len(found))


def _users_measures(run: ReadReplicasRun) -> dict[str, float]:
    """Return what the users have seen after the warm-up."""
    sample = run.requests.sample(WARM_UP, DURATION)
    by_operation = sample.per_operation()
    reads = [each for each in staleness_of_reads(run.history) if each.read.invoked_at >= WARM_UP]
    stale = [each.seconds for each in reads if each.seconds > 0.0]
    missed = [
        breach
        for breach in breaches_of_guarantees(run.history)
        if breach.guarantee is Guarantee.READ_YOUR_WRITES and breach.read.invoked_at >= WARM_UP
    ]
    own = by_operation["own read"]
    time = DURATION - WARM_UP
    return {
        "answered": len(sample) / time,
        "written": len(by_operation["write"]) / time,
        "read_latency": float(by_operation["read"].latency.mean()),
        "own_read_latency": float(own.latency.mean()),
        "write_latency": float(by_operation["write"].latency.mean()),
        "stale": len(stale) / len(reads),
        "stale_time": sum(stale) / len(stale) if stale else nan,
        "own_missed": len(missed) / len(own),
    }


# -- theory -----------------------------------------------------------------------------------------------


def bound_by_theory(replicas: int, source: str, write_share: float, users: int) -> float:
    """Return how many requests per second can be answered at most; nan where reads go to the nearest.

    The primary has all writes and its share of the reads; each user thinks and waits for an idle core.
    """
    if source == "nearest":
        return nan
    readers = 1 if source == "primary" else replicas + 1
    by_primary = CORES / WORK / (write_share + (1.0 - write_share) / readers)
    requests = 1.0 / (1.0 - write_share)  # of a visit
    by_users = users * requests / (THINK_TIME + requests * WORK)
    return min(by_primary, by_users)


def lag_by_theory(written: float, replicas: int) -> float:
    """Return the mean lag in s with so many writes per second, where replicas only replay; nan without end.

    A sync at the primary, the way, a sync at the replica, and an M/D/1 queue. Every third replica is in the
    primary's region.
    """
    utilisation = written * REPLAY_WORK
    if utilisation >= 1.0:
        return nan
    far_share = sum(number % _REGIONS != 0 for number in range(1, replicas + 1)) / replicas
    way = far_share * DISTANCE + (1.0 - far_share) * _LATENCIES.same_zone.mean
    return way + 2 * 0.001 + REPLAY_WORK * (1.0 + utilisation / (2.0 * (1.0 - utilisation)))
