"""Poisson arrivals to one server, with any service law: first-come, and processor sharing."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
import numpy.typing as npt

from models import Host
from models.workload import OpenLoop
from simulator import Distribution, Environment
from simulator.randomness import Constant, Erlang, Exponential, Hyperexponential

from ..closed_forms import (
    constant_service_wait_probability,
    general_service_wait_mean,
    processor_sharing_sojourn_mean,
    processor_sharing_sojourn_variance,
)
from ..experiment import Claim, TheoryCheck
from .controls import came_claims, surplus
from .stations import WAITED, Station, Watched, Window, little_ratio, share_above

_RATE = 0.8
_SHARED_RATE = 0.5
_VARIABLE = Hyperexponential.from_mean_and_scv(mean=1.0, scv=4.0)

# Relaxation takes some 90 s with exponential service, and longer the more variable service is.
_STEADY = Window(warm_up=1_000.0, duration=100_000.0, duration_min=10_000.0)
_VARIABLE_STEADY = Window(warm_up=3_000.0, duration=160_000.0, duration_min=20_000.0)
_SHARED = Window(warm_up=300.0, duration=50_000.0)

_PRECISION = 0.07
"""Waits at this load are correlated over hundreds of requests: 5 % would take half as long again."""


def simulate_wait(
    seed: int, effort: float, *, law: Distribution, scv: float, window: Window = _STEADY
) -> Sequence[float]:
    """M/G/1 first-come: the mean wait, corrected as for a service law of that `scv`; then what came."""
    waits, came = _first_come(seed, effort, law, window)
    return waits.mean() - surplus(partial(_wait_mean, scv=scv), _RATE, came), *came


def simulate_constant(
    seed: int, effort: float, *, law: Distribution, times: Sequence[float]
) -> Sequence[float]:
    """M/D/1 first-come: the mean wait and the shares of waits up to each of `times`; then what came."""
    waits, came = _first_come(seed, effort, law, _STEADY)
    shares = [
        1.0 - share_above(waits, time + WAITED) - surplus(partial(_wait_probability, time), _RATE, came)
        for time in times
    ]
    return waits.mean() - surplus(partial(_wait_mean, scv=0.0), _RATE, came), *shares, *came


def _first_come(
    seed: int, effort: float, law: Distribution, window: Window
) -> tuple[npt.NDArray[np.float64], tuple[float, float]]:
    """Return all waits, and the requests per second and the work per request that came."""
    window = window.shortened(effort)
    env = Environment(seed=seed)
    station = Station(env, Host(env, "host"), law)
    OpenLoop(env, station, rate=_RATE)
    window.run(env, station.arrivals.restart)
    return window.sample(station.waits).latency, station.arrivals.came(window.duration)


def _wait_mean(rate: float, service_mean: float, *, scv: float) -> float:
    return general_service_wait_mean(rate, service_mean, scv)


def _wait_probability(time: float, rate: float, service_mean: float) -> float:
    return constant_service_wait_probability(rate, time, service_mean)


def simulate_shared(seed: int, effort: float, *, law: Distribution) -> Sequence[float]:
    """M/G/1 under processor sharing: mean sojourn, Little's ratio, variance of the sojourn."""
    window = _SHARED.shortened(effort)
    env = Environment(seed=seed)
    watched = Watched(env, Station(env, Host(env, "host", scheduling="processor-sharing"), law))
    users = OpenLoop(env, watched, rate=_SHARED_RATE)
    window.run(env, watched.gauge.restart)
    sample = window.sample(users.table)
    sojourn = sample.latency
    return float(sojourn.mean()), little_ratio(watched, sample), float(sojourn.var())


def simulate_shared_mean(seed: int, effort: float, *, law: Distribution) -> Sequence[float]:
    """As `simulate_shared`, without the variance, which is known for exponential service only."""
    return simulate_shared(seed, effort, law=law)[:2]


def _wait_check(law: Distribution, law_name: str, window: Window, precision: float) -> TheoryCheck:
    expected = general_service_wait_mean(_RATE, 1.0, law.squared_coefficient_of_variation)
    return TheoryCheck(
        name=f"M/G/1, load {_RATE:g}, {law_name} service",
        group="queueing",
        source="Pollaczek-Khinchine; Kleinrock 1975, 5.6",
        claims=(Claim("mean wait", expected, precision=precision), *came_claims(_RATE)),
        simulate=partial(simulate_wait, law=law, scv=law.squared_coefficient_of_variation, window=window),
    )


def _constant_check(times: Sequence[float]) -> TheoryCheck:
    probabilities = [
        Claim(f"P(wait <= {time:g})", constant_service_wait_probability(_RATE, time)) for time in times
    ]
    return TheoryCheck(
        name=f"M/D/1, load {_RATE:g}",
        group="queueing",
        source="Pollaczek-Khinchine; Erlang 1909 for the distribution",
        claims=(
            Claim("mean wait", general_service_wait_mean(_RATE, 1.0, 0.0), precision=_PRECISION),
            *probabilities,
            *came_claims(_RATE),
        ),
        simulate=partial(simulate_constant, law=Constant(1.0), times=times),
    )


def _shared_check(law: Distribution, law_name: str, *, with_variance: bool) -> TheoryCheck:
    claims = [
        Claim("mean sojourn", processor_sharing_sojourn_mean(_SHARED_RATE), precision=0.06),
        Claim("L / (lambda W)", 1.0, precision=0.005),
    ]
    if with_variance:
        variance = processor_sharing_sojourn_variance(_SHARED_RATE)
        claims.append(Claim("variance of sojourn", variance, precision=0.12))
    return TheoryCheck(
        name=f"M/G/1 processor sharing, load {_SHARED_RATE:g}, {law_name} service",
        group="queueing",
        source="Kleinrock 1976, 4.4; Coffman, Muntz and Trotter 1970",
        claims=tuple(claims),
        simulate=partial(simulate_shared if with_variance else simulate_shared_mean, law=law),
    )


CHECKS = (
    _constant_check((0.0, 1.0, 2.0)),
    _wait_check(Erlang(shape=2, mean=1.0), "Erlang-2", _STEADY, _PRECISION),
    _wait_check(Exponential(1.0), "exponential", _STEADY, _PRECISION),
    _wait_check(_VARIABLE, "hyperexponential", _VARIABLE_STEADY, 0.1),
    _shared_check(Constant(1.0), "constant", with_variance=False),
    _shared_check(Exponential(1.0), "exponential", with_variance=True),
    _shared_check(_VARIABLE, "hyperexponential", with_variance=False),
)
"""M/G/1 with four service laws, and processor sharing with three, which it should not tell apart."""
