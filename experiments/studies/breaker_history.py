"""What the breakers of a run did, read from its event log: when they opened, closed, and whether rightly."""

import math

from models.observers import BreakerStay, breaker_stays
from models.resilience import BreakerState

from .storefront_run import StorefrontRun


def time_to_open(run: StorefrontRun) -> float:
    """Return seconds from the fault to the first opening during it, mean of the breakers that opened.

    A breaker that is not closed when the fault begins counts as 0. nan if none opened.
    """
    delays = []
    for stays in _all(run):
        opened = [
            max(stay.start, run.start)
            for stay in stays
            if stay.state is not BreakerState.CLOSED and stay.start < run.end and stay.end > run.start
        ]
        delays += [opened[0] - run.start] if opened else []
    return _mean(delays)


def time_to_close(run: StorefrontRun) -> float:
    """Return seconds from the heal to the first closing, mean of the breakers that were not closed then.

    nan if all were closed, infinity if one of the others never closed.
    """
    delays = []
    for stays in _all(run):
        at_heal = next((stay for stay in stays if stay.start <= run.end < stay.end), None)
        if at_heal is None or at_heal.state is BreakerState.CLOSED:
            continue
        closings = (s.start for s in stays if s.state is BreakerState.CLOSED and s.start > run.end)
        delays.append(next(closings, math.inf) - run.end)
    return _mean(delays)


def false_opening_rate(run: StorefrontRun) -> float:
    """Return how often a breaker opened before the fault, per breaker and minute; nan without breakers."""
    everyone = _all(run)
    if not everyone:
        return math.nan
    openings = sum(
        stay.state is BreakerState.OPEN and stay.start < run.start for stays in everyone for stay in stays
    )
    return 60.0 * openings / (len(everyone) * run.start)


def _all(run: StorefrontRun) -> list[list[BreakerStay]]:
    return [breaker_stays(run.log, breaker.name, run.duration) for breaker in run.shop.breakers]


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else math.nan
