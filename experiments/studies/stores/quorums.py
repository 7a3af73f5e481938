"""Quorums: how many answers to wait for, and what that costs in latency, staleness and availability.

Six nodes, two in each of three zones, keep N copies of each key, one in each zone at least. Users in each
zone read and write through the nodes of their zone; a write goes to all N and is acknowledged by W, a read
asks R, the nearest. What they meet in the middle of the run:

    none       nothing
    crashes    node after node is down for a while, its process alone: its memory is gone, its disk is not
    zone       one zone is cut off from the others, with its nodes and its users
    slow       all that one node sends and is sent takes 20 ms longer; users go to its neighbour, but as a
               replica it is asked as before

The rule R + W > N buys that every read meets the last write; it says nothing of the price. Waiting for all is
as available as the worst replica, waiting for one as the best. A zone away is a minority: who is in it has a
copy and no quorum. A sloppy quorum takes what nodes there are, so that both sides can write; the hints find
their way home afterwards, and meanwhile R + W > N means nothing.

Failure detection takes seconds. Until then a read that asks as few as it needs asks one who is down, and
waits for it; who asks one more when an answer is late (speculative retry), or all, does not. A node that
crashes here is back before that: phi 4 is reached after 4.6 s of silence, and it is down for 3. So the share
of reads that are answered can be calculated: one of the six is down for 72 % of the time, half of the keys
have a copy there, and of three copies R are asked, which leaves 1 - 0.12 R; of writes at W = 3 it leaves
1 - 0.36.

A replica that was away has missed what was written. Three things bring it back: hints, which its coordinators
have kept; read repair, for what is read; anti-entropy, which is off here. With R = W = 1 and none of these,
reads stay stale until the key is written again.

What to see (the default sweep): a write takes 1.7, 3.3 and 4.1 ms in the median with W = 1, 2 and 3, a read
0.7, 2.6 and 3.0 ms with R = 1, 2 and 3. While nodes crash, 65 % of the writes at W = 3 are answered and all
others; of the reads 87 %, 74 % and 62 % with R = 1, 2 and 3 (calculated: 88, 76 and 64 %), and with R = 2
100.0 % where one more is asked when an answer is late. With a zone cut off 39 %, 28 % and 24 % of the reads
are stale, with R and W of 1 and 1, 2 and 1, 1 and 2, and none where R + W > 3: there R = W = 2 answers
nothing at all in the zone that is cut off, a sloppy quorum answers 84 % of the writes there, and with it 37 %
of all reads are stale. Of what brings a replica back, where R = W = 1: stale are 7.2 % of the reads if
nothing does, 3.7 % with read repair, 2.0 % with hints. While a replica is slow the p99 of reads is 44 ms; 9
where one more is asked when an answer is late, 5 where at once, for 13 % more messages.

Leaves out: a client that asks again; nodes that join and leave. Source: DeCandia et al., "Dynamo" (SOSP
2007); Cassandra's consistency levels and speculative retry; Gifford, "Weighted Voting for Replicated Data"
(SOSP 1979), for R + W > N.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models import Host, Network, Region, Zone
from models.consistency import HistoryRecorder, Operation, staleness_of_reads
from models.faults import FaultPlan, LinkDelay, NetworkPartition, ProcessCrash
from models.replication import READ, WRITE, QuorumStore, UniqueWrites
from models.replication.quorums import (
    AfterPercentile,
    Always,
    Detection,
    HintedHandoff,
    Never,
    QuorumSettings,
    ReadRepair,
    ReadsFrom,
)
from models.resilience import Timeout
from models.storage import GroupCommit
from models.workload import OpenLoop, UniformKeys
from simulator import Environment, RequestTable
from simulator.measurement import RequestSample

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study
from .reads_and_writes import mix_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Trouble = Literal["none", "crashes", "zone", "slow"]
Repair = Literal["blocking", "background", "none"]
Speculation = Literal["never", "p95", "always"]

ZONES, PER_ZONE = 3, 2
KEYS = 20
PATIENCE = 1.0
"""Seconds that a user waits for an answer, and a coordinator for the replicas."""

START, END, DURATION = 20.0, 45.0, 60.0
"""The trouble, and how long users come, in seconds."""

DOWN = 3.0
"""Seconds that each node is down for where they crash, one after the other."""

SLOWER = 0.02
"""Seconds by which messages of the slow node are late."""

SPECULATIONS: Mapping[str, Never | Always | AfterPercentile] = {
    "never": Never(),
    "p95": AfterPercentile(95.0, at_most=0.005),
    "always": Always(),
}
LEVELS = ((1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 1))
"""R and W of three copies."""

MEASURES = {
    "read_p50": Measure(description="median time to read, before the trouble", unit="s"),
    "read_p99": Measure(description="99th percentile of the same", unit="s"),
    "write_p50": Measure(description="median time to write, before the trouble", unit="s"),
    "write_p99": Measure(description="99th percentile of the same", unit="s"),
    "read_p99_during": Measure(description="99th percentile of the time to read in the trouble", unit="s"),
    "reads_answered": Measure(description="share of the reads answered in the trouble"),
    "writes_answered": Measure(description="share of the writes answered in the trouble"),
    "reads_answered_cut": Measure(description="share of the reads answered in the zone that was cut off"),
    "writes_answered_cut": Measure(description="share of the writes answered there"),
    "stale": Measure(description="share of the reads that were stale, of the whole run"),
    "stale_during": Measure(description="the same, of the reads in the trouble"),
    "stale_after": Measure(description="the same, of the reads after it"),
    "stale_seconds": Measure(description="how old the stale ones were on average", unit="s"),
    "messages": Measure(description="messages between nodes for each operation"),
    "repairs": Measure(description="replicas written to for each read, since they were behind"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumsRun:
    """A run that is over: the tables of the users by zone, the last of which was cut off, and the history."""

    tables: tuple[RequestTable, ...]
    history: Sequence[Operation]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.quorums import figures_of_sweep

    return figures_of_sweep(result)


def require_act(
    *, replicas: int, read_level: int, write_level: int, sloppy: bool, hints: bool, **_others: object
) -> None:
    """Raise Misuse for levels above N, and for a sloppy quorum without hints."""
    for name, level in (("read_level", read_level), ("write_level", write_level)):
        if level > replicas:
            raise Misuse(f"{name} must be at most the {replicas} replicas, got {level}")
    if sloppy and not hints:
        raise Misuse("hints must be true with sloppy, where others keep them, got false")


@study(
    name="quorums",
    question="What do R, W and N cost in latency, staleness and availability?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"read_level": r, "write_level": w, "trouble": trouble}
                for trouble in ("none", "crashes", "zone")
                for r, w in LEVELS
            ),
            {"replicas": 5, "read_level": 3, "write_level": 3, "trouble": "zone"},
            {"sloppy": True, "trouble": "zone"},
            *(
                {"read_level": 1, "write_level": 1, "trouble": "crashes", "hints": False, "repair": repair}
                for repair in ("none", "background")
            ),
            *({"trouble": "slow", "speculation": speculation} for speculation in SPECULATIONS),
            {"trouble": "crashes", "speculation": "p95"},
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def quorums(
    *,
    seed: int,
    replicas: Annotated[int, Field(ge=3, le=6, description="N: copies of each key")] = 3,
    read_level: Annotated[int, Field(ge=1, le=6, description="R: answers that a read waits for")] = 2,
    write_level: Annotated[
        int, Field(ge=1, le=6, description="W: acknowledgements that a write waits for")
    ] = 2,
    trouble: Annotated[Trouble, Field(description="what goes wrong in the middle of the run")] = "none",
    sloppy: Annotated[bool, Field(description="whether others stand in for replicas that are away")] = False,
    hints: Annotated[bool, Field(description="whether writes are kept for replicas that are away")] = True,
    repair: Annotated[
        Repair, Field(description="what a read does with replicas that are behind")
    ] = "blocking",
    speculation: Annotated[Speculation, Field(description="when one replica more is asked")] = "never",
    rate: Annotated[
        float,
        Field(gt=0, le=200, allow_inf_nan=False, description="operations in each zone, half of them writes"),
        Unit("1/s"),
    ] = 6.0,
) -> Run:
    """Let users in three zones read and write, through some trouble."""
    env = Environment(seed=seed)
    network = Network(env)
    region = Region("region")
    zones = [Zone(f"zone-{letter}", region) for letter in "abc"]
    hosts = [Host(env, f"{zone.name}-{number}", zone=zone) for zone in zones for number in range(PER_ZONE)]
    settings = QuorumSettings(
        replicas=replicas,
        read_level=read_level,
        write_level=write_level,
        reads_from=ReadsFrom.ALL if repair == "background" else ReadsFrom.LEVEL,
        read_repair=ReadRepair(repair),
        speculation=SPECULATIONS[speculation],
        write_timeout=PATIENCE,
        read_timeout=PATIENCE,
        detection=Detection(interval=0.5, phi_threshold=4.0),
        hints=HintedHandoff(interval=1.0) if hints else None,
        sloppy=sloppy,
        durability=GroupCommit(),
    )
    store = QuorumStore(env, network, hosts, settings=settings)
    recorder = HistoryRecorder(env)
    tables = _admit_users(env, store, recorder, zones, rate, avoided=hosts[0] if trouble == "slow" else None)
    _strike(env, network, store, trouble, zones)
    env.run(until=DURATION + 2.0 * PATIENCE)
    run = QuorumsRun(tables=tables, history=recorder.history())
    return Run(measures=_measures(run, store, trouble), detail=run)


def _admit_users(
    env: Environment,
    store: QuorumStore,
    recorder: HistoryRecorder,
    zones: Sequence[Zone],
    rate: float,
    *,
    avoided: Host | None,
) -> tuple[RequestTable, ...]:
    """Let users come in each zone, who call the nodes there but not that on the host that is `avoided`."""
    values = count(1)
    tables = []
    for zone in zones:
        contacts = [node for node in store.nodes if node.host.zone is zone and node.host is not avoided]
        client = store.client(Host(env, f"users {zone.name}", zone=zone), contacts=contacts)
        users = OpenLoop(
            env,
            UniqueWrites(recorder.around(Timeout(env, client, PATIENCE)), values),
            rate=rate,
            mix=mix_of(0.5),
            keys=UniformKeys(env, KEYS, name=f"{zone.name}/key"),
            until=DURATION,
            name=f"users in {zone.name}",
        )
        tables.append(users.table)
    return tuple(tables)


def _strike(
    env: Environment, network: Network, store: QuorumStore, trouble: Trouble, zones: Sequence[Zone]
) -> None:
    plan = FaultPlan(env)
    if trouble == "zone":
        plan.at(START, NetworkPartition(network, zones[-1], zones[:-1]), end=END)
    elif trouble == "crashes":
        between = (END - START) / len(store.nodes)
        for number, node in enumerate(store.nodes):
            plan.at(START + number * between, ProcessCrash(node), duration=DOWN)
    elif trouble == "slow":
        slow, *others = (node.host for node in store.nodes)
        plan.at(START, LinkDelay(network, slow, others, SLOWER), end=END)


def _measures(run: QuorumsRun, store: QuorumStore, trouble: Trouble) -> dict[str, float]:
    tables = run.tables
    cut = tables[-1:] if trouble == "zone" else ()
    statistics = store.statistics()
    read_p50, read_p99 = _percentiles(tables, READ, 0.0, START)
    write_p50, write_p99 = _percentiles(tables, WRITE, 0.0, START)
    stale = staleness_of_reads(run.history)
    seconds = [each.seconds for each in stale if each.seconds > 0.0]
    return {
        "read_p50": read_p50,
        "read_p99": read_p99,
        "write_p50": write_p50,
        "write_p99": write_p99,
        "read_p99_during": _percentiles(tables, READ, START, END)[1],
        "reads_answered": _answered(tables, READ),
        "writes_answered": _answered(tables, WRITE),
        "reads_answered_cut": _answered(cut, READ),
        "writes_answered_cut": _answered(cut, WRITE),
        "stale": len(seconds) / len(stale),
        "stale_during": _stale_between(run, START, END),
        "stale_after": _stale_between(run, END, DURATION),
        "stale_seconds": sum(seconds) / len(seconds) if seconds else nan,
        "messages": statistics.message_count / (statistics.read_count + statistics.write_count),
        "repairs": statistics.repair_count / statistics.read_count,
    }


def _samples(
    tables: Sequence[RequestTable], operation: str, since: float, until: float
) -> list[RequestSample]:
    return [table.sample(since, until, operation=operation, by="start") for table in tables]


def _percentiles(
    tables: Sequence[RequestTable], operation: str, since: float, until: float
) -> tuple[float, float]:
    """Return median and 99th percentile of the latencies of what was answered, of all users."""
    samples = _samples(tables, operation, since, until)
    latencies = np.concatenate([sample.latency[sample.succeeded] for sample in samples])
    p50, p99 = np.percentile(latencies, [50.0, 99.0]) if latencies.size else (nan, nan)
    return float(p50), float(p99)


def _answered(tables: Sequence[RequestTable], operation: str) -> float:
    """Return the share answered of what was sent in the trouble; nan where nobody sent anything."""
    samples = _samples(tables, operation, START, END)
    sent = sum(len(sample) for sample in samples)
    return sum(int(sample.succeeded.sum()) for sample in samples) / sent if sent else nan


def _stale_between(run: QuorumsRun, since: float, until: float) -> float:
    reads = [each for each in staleness_of_reads(run.history) if since <= each.read.invoked_at < until]
    return sum(each.seconds > 0.0 for each in reads) / len(reads) if reads else nan
