"""Elections: how long a cluster is without a leader, and what the spread of the timeouts has to do with it.

A follower who hears no leader for a random time, his election timeout, asks to be elected. If two ask at
about the same time neither may get a majority, and all wait for another timeout: a split vote. So timeouts
are spread. A small spread splits votes, a large one lets everybody wait; a shorter timeout finds a dead
leader sooner.

Two scenes. *First leader* is the set-up of Ongaro's AvailSim: nodes with equal logs, whose timers are set at
time 0, without pre-votes: nothing but the rules. *Leader crash* is a whole cluster that clients use, with
pre-votes, disks and heartbeats, whose leader's host crashes again and again; clients see the time for which
nobody answers. There the timers were last set by a heartbeat, at any time in the interval before the crash;
disks sync the votes; and whoever is elected must commit an entry of his own before he answers.

What to see (the default sweep): with timeouts of 150 to 152 ms and two of five nodes down every election is
split, and takes 5.2 s, or would take longer, for it is given up after 10 s; with a spread of 50 ms it takes
207 ms, and with 600 ms 324 ms. With all nodes up it is 2.10 s, 169 ms and 260 ms. In between there is little
to choose: spreads of 25 to 150 ms differ by 14 ms. Another program, without events, says the same of time and
split votes, within the intervals, where nothing is given up. A crash of the leader under load, with timeouts
of 150 to 300 ms, leaves the cluster without one for 199 ms and the client without an answer for 220 ms. With
12 to 24 ms it is 50 ms, but 121 ms for the client, who gives the dead node 100 ms; and the nodes send each
other 1997 messages a second, where with 150 ms there are 158.

Sources: Ongaro, "Consensus: Bridging Theory and Practice" (2014), chapter 9, and its simulator AvailSim
(`ongardie/availsim`); Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (2014),
section 9.3, where timeouts without spread took more than 10 s, and a spread of 5 ms a median of 287 ms.
"""

from bisect import bisect_right
from collections.abc import Generator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from models import CallFailed, Host, Network
from models.consensus import RaftSettings, RaftStore
from models.consensus.raft import RaftClientSettings, time_to_leader
from models.faults import HostCrash
from models.replication import write
from models.storage import Disk
from simulator import Environment
from simulator.randomness import Uniform

from ...design import Points
from ...misuse import Misuse
from ...parameters import Unit
from ...study import Measure, Run, study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ...result import SweepResult

Scene = Literal["first leader", "leader crash"]

TIME_MAX = 10.0
"""Seconds after which an election is given up."""

_LATENCY = Uniform(0.002, 0.005)
_SYNC_TIME = 0.001
_WRITE_INTERVAL = 0.02
_BETWEEN, _DOWN = 2.0, 1.2  # s from one crash to the next, about, and until the host is back
_CLIENT = RaftClientSettings(patience=20.0, attempt_timeout=0.1, retry_pause=0.01)

MEASURES = {
    "leaderless_mean": Measure(description="mean time without a leader", unit="s"),
    "leaderless_p50": Measure(description="median of it", unit="s"),
    "leaderless_p95": Measure(description="95th percentile of it", unit="s"),
    "split": Measure(description="share of the elections that took more than one term"),
    "leaderless_law": Measure(description="mean time without a leader by AvailSim without events", unit="s"),
    "split_law": Measure(description="share of elections in more than one term by the same"),
    "silent_mean": Measure(description="mean time from a crash to the next answer to a client", unit="s"),
    "messages": Measure(description="messages between nodes while all is well", unit="1/s"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionsRun:
    """A run that is over: for how long (s) there was no leader, each time, and no answer."""

    leaderless: npt.NDArray[np.float64]
    silent: npt.NDArray[np.float64]


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from ..figures.stores.elections import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, scene: str, nodes: int, failed: int, **_others: object) -> None:
    """Raise Misuse where too many nodes are down, or any in a scene that crashes them itself."""
    if failed and scene == "leader crash":
        raise Misuse(f"failed must be 0 with scene leader crash, got {failed}")
    if not failed < nodes - nodes // 2:
        raise Misuse(f"failed must leave a majority of {nodes} nodes, got {failed}")


SPREADS = (0.002, 0.005, 0.025, 0.05, 0.15, 0.3, 0.6)
TIMEOUTS = (0.012, 0.025, 0.05, 0.1)


@study(
    name="elections",
    question="How long is a cluster without a leader, and how far apart should election timeouts be?",
    measures=MEASURES,
    sweep=Points(
        [
            *({"failed": failed, "spread": spread} for failed in (0, 2) for spread in SPREADS),
            *({"scene": "leader crash", "spread": spread} for spread in SPREADS[1:]),
            *({"scene": "leader crash", "timeout": time, "spread": time} for time in TIMEOUTS),
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def elections(
    *,
    seed: int,
    scene: Annotated[
        Scene, Field(description="nodes that start, as in AvailSim; or a leader that crashes under load")
    ] = "first leader",
    timeout: Annotated[
        float, Field(gt=0, le=60, allow_inf_nan=False, description="the shortest election timeout"), Unit("s")
    ] = 0.15,
    spread: Annotated[
        float,
        Field(ge=0, le=60, allow_inf_nan=False, description="how much longer the longest one is"),
        Unit("s"),
    ] = 0.15,
    nodes: Annotated[int, Field(ge=3, le=15, description="nodes of the cluster")] = 5,
    failed: Annotated[int, Field(ge=0, description="nodes that are down from the start")] = 0,
    count: Annotated[
        int, Field(ge=1, le=100_000, description="elections: so many trials, or a quarter as many crashes")
    ] = 60,
) -> Run:
    """Elect leaders, and see how long that takes."""
    if scene == "first leader":
        return _first_leaders(seed, timeout, spread, nodes, failed, count)
    return Crashes(seed, timeout, spread, nodes, max(1, count // 4)).run()


def _first_leaders(seed: int, timeout: float, spread: float, nodes: int, failed: int, count: int) -> Run:
    trials = [
        time_to_leader(
            100_000 * seed + number,
            node_count=nodes,
            failed_count=failed,
            latency=_LATENCY,
            election_timeout_min=timeout,
            election_timeout_max=timeout + spread,
            time_max=TIME_MAX,
        )
        for number in range(count)
    ]
    leaderless = np.array([min(trial.time, TIME_MAX) for trial in trials])
    split = sum(trial.term > 1 for trial in trials) / count
    law = _law(timeout, spread, nodes, failed)
    return _told(leaderless, split, law, np.array([]), messages=nan)


def _law(timeout: float, spread: float, nodes: int, failed: int) -> tuple[float, float]:
    """Return the mean time and the share of split votes of another program; nan where it does not apply."""
    # Late: every command and every worker process imports the studies, and few of them need theory.
    from ...validation.replication import election_odds

    latency = (_LATENCY.minimum, _LATENCY.maximum)
    if spread == 0.0 or not timeout > 3.0 * latency[1]:
        return nan, nan
    odds = election_odds(
        node_count=nodes,
        failed_count=failed,
        latency=latency,
        timeout=(timeout, timeout + spread),
        trials_count=4_000,
    )
    return odds.time_mean, odds.split


def _told(
    leaderless: npt.NDArray[np.float64],
    split: float,
    law: tuple[float, float],
    silent: npt.NDArray[np.float64],
    *,
    messages: float,
) -> Run:
    p50, p95 = np.percentile(leaderless, [50.0, 95.0]).tolist()
    measures = {
        "leaderless_mean": float(leaderless.mean()),
        "leaderless_p50": p50,
        "leaderless_p95": p95,
        "split": split,
        "leaderless_law": law[0],
        "split_law": law[1],
        "silent_mean": float(silent.mean()) if len(silent) else nan,
        "messages": messages,
    }
    return Run(measures=measures, detail=ElectionsRun(leaderless=leaderless, silent=silent))


class Crashes:
    """A store on Raft that a client writes to all the time, whose leader crashes `count` times."""

    def __init__(self, seed: int, timeout: float, spread: float, nodes: int, count: int) -> None:
        self._env = env = Environment(seed=seed)
        network = Network(env, latencies=_LATENCY)
        hosts = [Host(env, f"host-{number}") for number in range(1, nodes + 1)]
        settings = RaftSettings(
            election_timeout_min=timeout,
            election_timeout_max=timeout + spread,
            heartbeat_interval=timeout / 3.0,
        )
        self._store = RaftStore(
            env,
            network,
            hosts,
            settings=settings,
            client_settings=_CLIENT,
            make_disk=lambda host: Disk(host, sync_time=_SYNC_TIME),
        )
        self._client = self._store.client(Host(env, "web"))
        self._count = count
        self._crashes: list[tuple[float, int]] = []  # time and term
        self._answers: list[float] = []
        self._moment = env.sampler("moment", Uniform(0.0, timeout))

    def run(self) -> Run:
        """Crash the leader again and again, and tell what became of it."""
        env, cluster = self._env, self._store.cluster
        while cluster.leader is None:
            env.step()
        quiet_from, sent_before = env.now, cluster.statistics().sent_count
        env.run(env.now + _BETWEEN)
        messages = (cluster.statistics().sent_count - sent_before) / (env.now - quiet_from)
        env.process(self._write(), "writers")
        for _ in range(self._count):
            env.run(env.now + _BETWEEN + self._moment())
            self._crash()
        end = env.now + TIME_MAX
        while env.now < end and not self._is_over():
            env.run(env.now + _WRITE_INTERVAL)
        return self._result(messages)

    def _is_over(self) -> bool:
        """Say whether somebody leads and answers since the last crash."""
        since = self._crashes[-1][0]
        elected = self._store.cluster.invariants.elections[-1].time
        return bool(self._answers) and self._answers[-1] > elected >= since

    def _crash(self) -> None:
        env, leader = self._env, self._store.cluster.leader
        while leader is None:
            env.step()
            leader = self._store.cluster.leader
        self._crashes.append((env.now, leader.term))
        crash = HostCrash(leader.host)
        crash.inject()
        env.call_later(_DOWN, crash.heal)

    def _write(self) -> Generator[Any, Any, None]:
        """Let somebody write every now and then, whatever became of the others."""
        number = 0
        while True:
            number += 1
            self._env.process(self._write_one(number), "write")
            yield _WRITE_INTERVAL

    def _write_one(self, number: int) -> Generator[Any, Any, None]:
        with suppress(CallFailed):
            yield from self._client.call(write(f"key {number % 100}", number))
            self._answers.append(self._env.now)

    def _result(self, messages: float) -> Run:
        elected = self._store.cluster.invariants.elections
        leaderless, silent, split_count = [], [], 0
        for time, term in self._crashes:
            following = next((each for each in elected if each.time >= time), None)
            leaderless.append(TIME_MAX if following is None else following.time - time)
            split_count += following is None or following.term > term + 1
            # Until there is another leader, what is answered was done before.
            arrived = bisect_right(self._answers, time + leaderless[-1])
            answered = self._answers[arrived] if arrived < len(self._answers) else time + TIME_MAX
            silent.append(answered - time)
        return _told(
            np.array(leaderless),
            split_count / self._count,
            (nan, nan),
            np.array(silent),
            messages=messages,
        )
