"""Control variates: waits, corrected for the requests and the work that happened to come.

At a load of 0.8 about half of what waits differ by from run to run is that. From each number the surplus is
taken that theory expects of it, to first order: by the slopes of the expected number in the arrival rate and
in the mean service time (Law, "Simulation Modeling and Analysis", 5th ed., 11.4). The slopes are fixed, so
that no expectation moves as long as rate and work are what they should be; on these there are claims of their
own. An interval of one width takes half as long a run. Of the service no more than the mean is corrected for:
a wrong law shows in the wait.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..experiment import Claim

Theory = Callable[[float, float], float]
"""The number to expect at an arrival rate (1/s) and a mean service time (s)."""

_STEP = 1e-4


@dataclass(slots=True)
class Arrivals:
    """How many requests have come since the last `restart`, and how much `work` (s) with them."""

    count: int = 0
    work: float = 0.0

    def restart(self) -> None:
        """Count what comes from now on."""
        self.count = 0
        self.work = 0.0

    def add(self, demand: float) -> None:
        """Count a request of so much work (s)."""
        self.count += 1
        self.work += demand

    def came(self, duration: float) -> tuple[float, float]:
        """Return requests per second, of which there were `duration`, and work per request (s)."""
        return self.count / duration, self.work / self.count


def surplus(theory: Theory, rate: float, came: tuple[float, float]) -> float:
    """Return how much more `theory` expects of what `came` than of `rate` and work of 1 s, to first order."""
    in_rate = theory(rate + _STEP, 1.0) - theory(rate - _STEP, 1.0)
    in_work = theory(rate, 1.0 + _STEP) - theory(rate, 1.0 - _STEP)
    return (in_rate * (came[0] - rate) + in_work * (came[1] - 1.0)) / (2.0 * _STEP)


def came_claims(rate: float, *, precision: float = 0.02) -> tuple[Claim, Claim]:
    """Return the claims on what came: what is corrected for must be what it should be."""
    return (
        Claim("requests per second", rate, precision=precision),
        Claim("work per request", 1.0, precision=precision),
    )
