"""Doubt in two-phase commit, through the real coordinator and participants: how long all are locked.

A coordinator dies while all votes are on their way, and is down for a time X, exponential with mean R.
Participants ask every d seconds and hold their locks: the first question that is answered comes at the first
multiple of d after X. So they are locked for d ceil(X / d), a geometric number of intervals,
d / (1 - exp(-d / R)) on average: the coordinator's repair time, and about half an interval more.

Source: Gray, "Notes on Data Base Operating Systems" (1978), on who waits for whom; that an exponential time
is geometric when it is rounded up follows from its having no memory.
"""

from __future__ import annotations

from functools import partial
from math import exp, expm1

from models import Host, Network
from models.storage import Disk
from models.transactions import Add, TwoPhaseCoordinator, TwoPhaseObserver, TwoPhaseParticipant, run
from models.transactions.two_phase_commit import TwoPhaseSettings
from simulator import Environment
from simulator.randomness import Exponential

from ..experiment import Claim, TheoryCheck

HOP = 1e-6
"""Seconds one way: so little that it need not be counted, and a crash can come in it."""

_NAMES = ("stock", "payment")
_LONG_INTERVALS = 3


def locked(
    seed: int, effort: float, *, repair_mean: float, interval: float, crashes_count: int
) -> tuple[float, float]:
    """Return for how long participants are locked on average, and the share locked for over 3 intervals."""
    env = Environment(seed=seed)
    network = Network(env, latencies=HOP)
    observer = TwoPhaseObserver(env)
    settings = TwoPhaseSettings(inquiry_interval=interval)
    hosts = {name: Host(env, name) for name in (*_NAMES, "leader")}
    participants = {
        name: TwoPhaseParticipant(
            env, Disk(hosts[name], sync_time=0.0), network, observer=observer, settings=settings, name=name
        )
        for name in _NAMES
    }
    coordinator = TwoPhaseCoordinator(
        env, Disk(hosts["leader"], sync_time=0.0), network, participants, observer=observer, settings=settings
    )
    repair_time = env.sampler("repairs", Exponential(repair_mean))
    for number in range(max(1, round(effort * crashes_count))):
        env.process(coordinator.call(run(number, {name: (Add("key", 1),) for name in _NAMES})))
        env.run(until=env.now + 1.5 * HOP)
        coordinator.host.crash()
        env.run(until=env.now + repair_time())
        coordinator.host.restart()
        while observer.open_count:
            env.step()
    times = observer.locked_times()
    long = (_LONG_INTERVALS + 0.5) * interval
    return sum(times) / len(times), sum(time > long for time in times) / len(times)


def _check(repair_mean: float, interval: float) -> TheoryCheck:
    return TheoryCheck(
        name=f"coordinator down for {repair_mean:g} s on average, asked every {interval:g} s",
        group="transactions",
        source="an exponential time rounded up is geometric: d / (1 - exp(-d / R)) on average",
        claims=(
            Claim(
                "mean time that a participant is locked",
                -interval / expm1(-interval / repair_mean),
                precision=0.1,
            ),
            Claim(
                f"share locked for more than {_LONG_INTERVALS} intervals",
                exp(-_LONG_INTERVALS * interval / repair_mean),
                precision=0.15,
            ),
        ),
        simulate=partial(locked, repair_mean=repair_mean, interval=interval, crashes_count=500),
    )


CHECKS = (_check(4.0, 2.0),)
"""An interval that is not short, so that what it adds is seen."""
