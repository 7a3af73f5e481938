"""Poisson arrivals to one server: any service law first-come, constant service, processor sharing.

Sources: Pollaczek-Khinchine in Kleinrock, "Queueing Systems", volume 1 (1975), section 5.6; the wait of M/D/1
in Gross and Harris, "Fundamentals of Queueing Theory", after Erlang (1909); the variance under processor
sharing in Coffman, Muntz and Trotter, "Waiting Time Distributions for Processor-Sharing Systems" (JACM 1970).
"""

from __future__ import annotations

from math import exp, factorial, floor

from .stability import require_positive, require_stable


def general_service_wait_mean(
    arrival_rate: float, service_mean: float, squared_coefficient_of_variation: float
) -> float:
    """Return the mean wait (s) of M/G/1, first-come: it depends on the mean and variance of service alone."""
    require_positive("service_mean", service_mean)
    if squared_coefficient_of_variation < 0.0:
        raise ValueError(
            f"squared_coefficient_of_variation must be >= 0, got {squared_coefficient_of_variation!r}"
        )
    utilisation = arrival_rate * service_mean
    require_stable(utilisation)
    spread = (1.0 + squared_coefficient_of_variation) / 2.0
    return utilisation * spread * service_mean / (1.0 - utilisation)


def constant_service_wait_probability(arrival_rate: float, time: float, service_time: float = 1.0) -> float:
    """Return the probability that a wait in M/D/1 is at most `time` (>= 0 s).

    The sum alternates and loses digits as `time` grows; good to about 20 service times.
    """
    require_stable(arrival_rate * service_time)
    if time < 0.0:
        raise ValueError(f"time must be >= 0 s, got {time!r}")
    total = 0.0
    for number in range(floor(time / service_time) + 1):
        reach = arrival_rate * (time - number * service_time)
        total += exp(reach) * (-reach) ** number / factorial(number)
    return (1.0 - arrival_rate * service_time) * total


def processor_sharing_sojourn_mean(arrival_rate: float, service_mean: float = 1.0) -> float:
    """Return the mean sojourn (s) of M/G/1 under processor sharing, the same for every service law."""
    utilisation = arrival_rate * service_mean
    require_stable(utilisation)
    return service_mean / (1.0 - utilisation)


def processor_sharing_sojourn_variance(arrival_rate: float, service_mean: float = 1.0) -> float:
    """Return the variance (s^2) of the sojourn of M/M/1 under processor sharing: exponential service only."""
    utilisation = arrival_rate * service_mean
    require_stable(utilisation)
    return service_mean**2 * (2.0 + utilisation) / ((2.0 - utilisation) * (1.0 - utilisation) ** 2)
