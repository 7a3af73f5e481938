"""A read model, through the real log and the real projection: how far it is behind, and how it catches up.

    how far behind    commits come at random to a log that shows them at once. Users ask for each, as soon as
                      it is there, until it is shown; and others look now and then at what is missing
    slower            a read model that gets n commits with each read, and takes a time g for that, does n / g
                      per second. Where more than that come, it is ever further behind, by the difference
    catching up       commits come while it is down. When it is up again it has a backlog, which is less and
                      less by the difference of the two rates; with one commit a read it is a queue

Leaves out: several views on one core, and a log whose disk makes commits come in groups. Sources: see
`closed_forms.read_models`; Little, "A Proof for the Queuing Formula L = lambda W" (Operations Research 9,
1961), for what is missing on average.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from itertools import count
from typing import Any

from models import Host, Network
from models.cqrs import DiskEventLog, Projection, ProjectionSettings
from models.cqrs.items import Restocked, StockPerItem
from models.cqrs.log import append_commit
from models.cqrs.projections import at_least
from models.replication import read
from models.storage import Disk, PeriodicSync
from simulator import Environment
from simulator.randomness import Exponential

from ..closed_forms.read_models import (
    behind_probability_by_polling,
    behind_probability_by_waiting,
    catching_up_time,
    showing_time_by_polling,
    showing_time_by_waiting,
)
from ..experiment import Claim, TheoryCheck

REPLICATIONS = 20
HOP, SYNC_TIME = 0.005, 0.01
"""Seconds: one way between log and read model, and a sync of its disk."""

SHOWING = HOP + SYNC_TIME
BUSY = HOP + SHOWING
"""From a read that finds something, where no event costs work: until it is shown, and until the next read."""


class _Plant:
    """A log that shows at once what it is given, and a read model; users stand beside both of them.

    Commits come at random, by the stream `users`.
    """

    def __init__(self, seed: int, *, rate: float, settings: ProjectionSettings, users: str = "users") -> None:
        self.env = env = Environment(seed=seed)
        self.users, there, here = (Host(env, name) for name in ("users", "log", "view"))
        self.network = network = Network(env, latencies=0.0)
        network.override(there, here, latency=HOP)
        self.log = DiskEventLog(env, network, there, policy=PeriodicSync())
        self.view = Projection(
            env,
            here,
            network,
            self.log.client(here),
            StockPerItem(),
            settings=settings,
            disk=Disk(here, sync_time=SYNC_TIME),
            name="view",
        )
        self._gap = env.sampler(users, Exponential(1.0 / rate))
        self._writer = self.log.client(self.users)
        env.process(self._write(), "writers")

    def _write(self) -> Generator[Any, Any, None]:
        numbers = count(1)
        while True:
            yield self._gap()
            number = next(numbers)
            self.env.process(self.commit(number), f"writer {number}")

    def commit(self, number: int) -> Generator[Any, Any, int]:
        """Append one commit, and return its position."""
        request = append_commit(number % 10, [Restocked(number % 10, 1)])
        return (yield from self._writer.call(request)).value.position  # type: ignore[no-any-return]

    @property
    def missing(self) -> int:
        """How many commits the read model has not got yet."""
        return self.log.node.shown_position - self.view.position


class _WatchedPlant(_Plant):
    """The same, in which whoever writes waits until that is shown; `looks` are those of others."""

    def __init__(self, seed: int, *, rate: float, settings: ProjectionSettings) -> None:
        super().__init__(seed, rate=rate, settings=settings)
        self.times: list[float] = []
        self.looks: list[int] = []
        self._question = self.network.connect(self.users, self.view)
        self._until_a_look = self.env.sampler("looks", Exponential(1.0 / rate))
        self.env.process(self._look(), "who looks")

    def commit(self, number: int) -> Generator[Any, Any, int]:
        """Append one commit, wait until it is shown, and note how long that was."""
        start = self.env.now
        position = yield from super().commit(number)
        yield from self._question.call(at_least(read(0), position, wait=1_000.0))
        self.times.append(self.env.now - start)
        return position

    def _look(self) -> Generator[Any, Any, None]:
        while True:
            yield self._until_a_look()
            self.looks.append(self.missing)


def staleness(
    seed: int, effort: float = 1.0, *, rate: float, interval: float, duration: float
) -> tuple[float, float, float]:
    """Return the mean time until a commit is shown, how many are missing, and how often any is.

    `rate` commits per second come for `effort` times `duration` s. The read model reads the log every
    `interval` s, from the last answer on, if it was empty; 0: it waits at the log for what comes next.
    """
    settings = ProjectionSettings(wait=0.0 if interval else 60.0, interval=interval, batch_max=10_000)
    plant = _WatchedPlant(seed, rate=rate, settings=settings)
    plant.env.run(until=effort * duration)
    times, looks = plant.times, plant.looks
    behind_count = sum(missing > 0 for missing in looks)
    return sum(times) / len(times), sum(looks) / len(looks), behind_count / len(looks)


def growth(
    seed: int, effort: float = 1.0, *, rate: float, batch: int, event_work: float, reads_count: int
) -> tuple[float]:
    """Return by how many commits per second a read model is further behind that is slower than its log.

    From when it is far behind on, for `effort` times `reads_count` reads of a `batch` each.
    """
    settings = ProjectionSettings(batch_max=batch, event_work=event_work)
    plant = _Plant(seed, rate=rate, settings=settings)
    while plant.missing < 10 * batch:
        plant.env.run(until=plant.env.now + 1.0)
    before, duration = plant.missing, round(effort * reads_count) * reading_time(batch, event_work)
    plant.env.run(until=plant.env.now + duration)
    return ((plant.missing - before) / duration,)


def reading_time(batch: int, event_work: float) -> float:
    """Return from one read of a `batch` to the next."""
    return BUSY + batch * event_work


def catching_up(
    seed: int, effort: float = 1.0, *, rate: float, event_work: float, away: float, crashes_count: int
) -> tuple[float, float]:
    """Return how many commits are missing when a host is up after `away` s, and the time until none is.

    The means of `effort` times `crashes_count` runs; the host of the read model is down from the beginning.
    """
    runs = [
        _catch_up(seed, f"users {number}", rate, event_work, away)
        for number in range(max(1, round(effort * crashes_count)))
    ]
    return sum(missing for missing, _ in runs) / len(runs), sum(time for _, time in runs) / len(runs)


def _catch_up(seed: int, users: str, rate: float, event_work: float, away: float) -> tuple[int, float]:
    settings = ProjectionSettings(batch_max=1, event_work=event_work)
    plant = _Plant(seed, rate=rate, settings=settings, users=users)
    env, host = plant.env, plant.view.host
    host.crash()
    env.run(until=away)
    missing = plant.missing
    host.restart()
    while plant.missing:
        env.step()
    return missing, env.now - away


# -- the checks ---------------------------------------------------------------------------------------------


def _polling(rate: float, interval: float) -> TheoryCheck:
    gaps = {"idle": interval + 2.0 * HOP, "busy": BUSY, "showing": SHOWING}
    return _staleness(
        f"reads every {interval:g} s",
        "reads as a chain of two states, renewal reward (Ross 2010); Little's law for what is missing",
        rate,
        interval,
        showing_time_by_polling(rate, **gaps),
        behind_probability_by_polling(rate, **gaps),
    )


def _waiting(rate: float) -> TheoryCheck:
    gaps = {"busy": BUSY, "showing": SHOWING}
    return _staleness(
        "waits at the log",
        "service of batches of any size (Bailey 1954), of constant length; Little's law",
        rate,
        0.0,
        showing_time_by_waiting(rate, **gaps),
        behind_probability_by_waiting(rate, **gaps),
    )


def _staleness(
    does: str, source: str, rate: float, interval: float, shown_after: float, behind: float
) -> TheoryCheck:
    return TheoryCheck(
        name=f"read model that {does}, {rate:g} commits/s",
        group="cqrs",
        source=source,
        claims=(
            Claim("mean time until a commit is shown", shown_after),
            Claim("mean number of commits missing", rate * shown_after),
            Claim("P(a look lacks something)", behind),
        ),
        simulate=partial(staleness, rate=rate, interval=interval, duration=2_000.0 / rate),
        replications=REPLICATIONS,
    )


def _growth(rate: float, batch: int, event_work: float) -> TheoryCheck:
    capacity = batch / reading_time(batch, event_work)
    return TheoryCheck(
        name=f"read model that can do {capacity:.3g} commits/s, of {rate:g}",
        group="cqrs",
        source="arrival rate less capacity, which is a batch by the time of one read",
        claims=(Claim("commits further behind per second", rate - capacity),),
        simulate=partial(growth, rate=rate, batch=batch, event_work=event_work, reads_count=500),
        replications=REPLICATIONS,
    )


def _catching_up(rate: float, event_work: float, away: float) -> TheoryCheck:
    service_time = reading_time(1, event_work)
    missing = rate * away
    return TheoryCheck(
        name=f"read model that was away for {away:g} s, {rate * service_time:.0%} busy otherwise",
        group="cqrs",
        source="busy period that n customers begin, n S / (1 - l S) (Kleinrock 1975)",
        claims=(
            Claim("commits missing when it is back", missing),
            Claim(
                "time until none is missing",
                catching_up_time(rate, missing=missing, service_time=service_time),
            ),
        ),
        simulate=partial(catching_up, rate=rate, event_work=event_work, away=away, crashes_count=30),
        replications=REPLICATIONS,
    )


CHECKS = (
    _polling(10.0, 0.2),
    _waiting(30.0),
    _growth(80.0, 10, 0.02),
    _catching_up(28.0, 0.005, 3.0),
)
"""A read model that is behind by what it was set to, by what it can do, and for once."""
