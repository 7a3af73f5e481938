"""Locks: what keeps two workers apart, when, and what it costs.

Four workers change one file by turns: each reads it, works for a while, and writes what it has made of it. If
two do so at once the second overwrites what the first has written, and has not seen: a lost update. So they
take a lock, which

    no lock                 is not there
    key                     is a key with a time to live, in a store with a primary and two replicas that it
                            waits for as little as Redis does; whoever is done deletes it
    key, own only           the same, but whoever is done deletes only what he has set
    service                 comes from a lock service on Raft, with leases that are renewed; a worker looks at
                            its lease before it packs and writes
    service, fenced writes  the same, and the file rejects writes with an older token than it has seen written
    service, fenced         and reads count as well: whoever reads shuts out who was before

A lease must end by itself, or a dead worker would block all. So who *stands still* for longer (a garbage
collection, a machine that is moved) goes on as if he had the lock, while another has it. Looking at the
clock helps unless the pause comes after the look, or the clock has stood still with the host. A message that
is late for long enough does the same to a worker who never paused. No lock can prevent this, since the
harm is done elsewhere; the file itself can, by a number that grows each time that the lock is given.

The key has troubles of its own. Its time to live is judged by a wall clock; one that is ahead ends it early.
The primary that is cut off gives the lock away on its side, and the new one on the other. A service that
needs a majority gives none on the wrong side.

What to see (the default sweep): without a lock 635 of a thousand updates are lost; with any lock none, and
none with pauses of 2 s either, shorter than the lease of 5 s. With pauses of 10 s the key loses 48 of a
thousand, and 25 where nobody deletes what is not his, which four runs cannot tell apart; the service 4.0; the
service and tokens none, though the lock was got 230 times of a thousand while another had not let go of it.
Messages that are late cost the service without tokens as much as the key: 13 and 6.1, which four runs cannot
tell apart either. A clock
that is ahead by 8 s costs the key 175 updates of a thousand and a cut 115; the service neither. It pays with
waiting: its longest time without an update is 6.9 s where the leader is cut off, until the lease of a holder
on the wrong side is over, against 3.3 s with the key. Where the leader crashes it is the other way round, 2.4
s against 5.3 s: a key that could not be deleted stays until its time is up. With pauses of 6 s the service
makes 1.6 updates a second and the key 1.9: a queue in order gives the lock to who stands still in it. A lock
that nobody else wants takes 5.0 ms from the service and 5.7 ms with a key.

Leaves out: that the file could compare the version that was read, which needs no lock (see
`models.consensus.lock_service.resource`). Sources: Kleppmann, "How to do distributed locking" (2016);
Burrows, "The Chubby Lock Service for Loosely-Coupled Distributed Systems" (OSDI 2006); Redis documentation,
"Distributed Locks with Redis"; Kingsbury, "Jepsen: Redis" (2013) for cuts and failover.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from models import Host, Network
from models.consensus import FencedResource, KeyLock, LockService, LockSettings, RaftSettings
from models.consensus.lock_service import Fencing, ResourceStatistics
from models.replication import PrimaryReplicaStore
from models.replication.primary_replica import Asynchronous, FailoverSettings, ReplicationSettings
from models.replication.primary_replica import Fencing as PrimaryFencing
from models.resilience import Timeout
from simulator import Environment, EventLog
from simulator.randomness import LogNormal

from ...design import Points
from ...parameters import Unit
from ...study import Measure, Run, study
from .lock_troubles import Scene, Trouble, start_trouble
from .lock_users import Locks, NoLock, Room, Worker

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

LockName = Literal["no lock", "key", "key, own only", "service", "service, fenced writes", "service, fenced"]
LOCKS: tuple[LockName, ...] = (
    "no lock",
    "key",
    "key, own only",
    "service",
    "service, fenced writes",
    "service, fenced",
)
FENCING: Mapping[str, Fencing] = {
    "service, fenced writes": Fencing.WRITES,
    "service, fenced": Fencing.READS_AND_WRITES,
}

WORKERS = 4
SERVERS = 3
TTL = 5.0
"""Seconds that a lease lasts, and a key lives."""

PAUSES = (2.0, 6.0, 10.0, 20.0)
"""Seconds for which workers stand still, in the default sweep."""

_LATENCY = LogNormal.from_percentiles(p50=0.001, p99=0.004)
_STORE_PATIENCE = 1.0
# Who takes over does so after about a second, as after a leader's failover with elections of a second.
_FAILOVER = FailoverSettings(
    ttl=1.0, renewal_interval=0.3, report_wait=0.1, fencing=PrimaryFencing.EPOCH, unclean_election=True
)
_SETTINGS = ReplicationSettings(commit_rule=Asynchronous(), failover=_FAILOVER)

MEASURES = {
    "lost_updates": Measure(description="updates overwritten by who had not seen them, of a thousand"),
    "double_stays": Measure(
        description="times the lock was got while another worked under it, of a thousand"
    ),
    "refused": Measure(description="accesses that the file rejected for their tokens"),
    "goodput": Measure(description="updates that were not lost", unit="1/s"),
    "succeeded": Measure(description="share of the attempts that ended in an update"),
    "longest_gap": Measure(description="longest time without an update", unit="s"),
    "lock_time": Measure(description="median time to a lock that nobody else wants", unit="s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRun:
    """A run that is over: who worked under the lock, what became of the file, and what happened when."""

    room: Room
    file: ResourceStatistics
    log: EventLog
    duration: float


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..figures.stores.locks import figures_of_run

    return figures_of_run(run)


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.locks import figures_of_sweep

    return figures_of_sweep(result)


_LOCKED: tuple[LockName, ...] = ("key", "key, own only", "service", "service, fenced")


@study(
    name="locks",
    question="What keeps two apart when one stands still: a key that expires, a lock service, a token?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"lock": lock, "trouble": "none"} for lock in ("no lock", *_LOCKED)),
            *({"lock": lock, "pause": pause} for pause in PAUSES for lock in _LOCKED),
            *(
                {"lock": lock, "trouble": trouble}
                for trouble in ("late messages", "wrong clock", "cuts", "crashes")
                for lock in _LOCKED
            ),
        ]
    ),
    replications=4,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def locks(
    *,
    seed: int,
    lock: Annotated[LockName, Field(description="what keeps the workers apart")] = "service, fenced",
    trouble: Annotated[Trouble, Field(description="what goes wrong now and then")] = "pauses",
    pause: Annotated[
        float,
        Field(gt=0, le=1_000, allow_inf_nan=False, description="how long a worker's host stands still"),
        Unit("s"),
    ] = 10.0,
    duration: Annotated[
        float,
        Field(ge=60, le=36_000, allow_inf_nan=False, description="how long the workers work"),
        Unit("s"),
    ] = 200.0,
) -> Run:
    """Let workers change a file by turns, under a lock, in trouble."""
    env = Environment(seed=seed)
    network = Network(env, latencies=_LATENCY)
    workers = [Host(env, f"worker-{number}", cores=2) for number in range(1, WORKERS + 1)]
    servers = [Host(env, f"lock-{number}") for number in range(1, SERVERS + 1)]
    monitor = Host(env, "monitor")
    file = FencedResource(Host(env, "files"), fencing=FENCING.get(lock, Fencing.NONE), name="file")
    made, leader = _make(lock, env, network, workers, servers, monitor)
    room = Room(env)
    for each in made:
        worker = Worker(env, network, each, file, room, looks=lock.startswith("service"))
        each.host.start(worker.run(duration), each.host.name)
    scene = Scene(
        env=env, network=network, workers=workers, file=file.host, servers=[*servers, monitor], leader=leader
    )
    start_trouble(scene, trouble, pause=pause, until=duration)
    env.run(until=duration)
    return Run(
        measures=_measures(room, file.statistics(), duration),
        detail=LockRun(room=room, file=file.statistics(), log=env.event_log, duration=duration),
    )


def _make(
    lock: LockName,
    env: Environment,
    network: Network,
    workers: Sequence[Host],
    servers: Sequence[Host],
    monitor: Host,
) -> tuple[Sequence[Locks], Callable[[], Host]]:
    """Return what each worker takes its locks from, and a function that says which server leads."""
    if lock == "no lock":
        return [NoLock(host) for host in workers], lambda: servers[0]
    if lock.startswith("service"):
        settings = LockSettings(ttl=TTL, renewal_interval=TTL / 3.0)
        raft = RaftSettings(election_timeout_min=1.0, election_timeout_max=2.0, heartbeat_interval=0.25)
        service = LockService(env, network, servers, settings=settings, raft_settings=raft)

        def leader() -> Host:
            leading = service.cluster.leader
            return servers[0] if leading is None else leading.host

        return [service.client(host) for host in workers], leader
    store = PrimaryReplicaStore(
        env,
        network,
        servers,
        settings=_SETTINGS,
        monitor_host=monitor,
        discovery_timeout=0.2,
    )
    keys = [
        KeyLock(
            host,
            Timeout(env, store.client(host), _STORE_PATIENCE),
            ttl=TTL,
            checks_release=lock == "key, own only",
            retry_pause=0.1,
            name=host.name,
        )
        for host in workers
    ]
    return keys, lambda: store.primary.host


def _measures(room: Room, file: ResourceStatistics, duration: float) -> dict[str, float]:
    gaps = np.diff([0.0, *room.updates, duration])
    doubles = sum(stay.is_double for stay in room.stays)
    return {
        "lost_updates": 1000.0 * file.lost_update_count / max(1, file.write_count),
        "double_stays": 1000.0 * doubles / max(1, len(room.stays)),
        "refused": float(file.refused_count),
        "goodput": (file.write_count - file.lost_update_count) / duration,
        "succeeded": len(room.updates) / max(1, room.attempt_count),
        "longest_gap": float(gaps.max()),
        "lock_time": float(np.median(room.free_waits)) if room.free_waits else nan,
    }
