"""Retrials: who finds the server busy comes back after an exponential time, again and again.

Source: Falin and Templeton, "Retrial Queues" (1997), section 1.2: the mean number in orbit of M/M/1 with the
classical retrial policy, where each customer in orbit retries on its own.
"""

from __future__ import annotations

from .stability import require_positive, require_stable


def retrial_wait_mean(arrival_rate: float, retry_delay_mean: float, service_rate: float = 1.0) -> float:
    """Return the mean time (s) from arrival to the start of service in the M/M/1 retrial queue.

    That of M/M/1 and, for each wait there, `retry_delay_mean` times the service rate on top.
    """
    require_positive("retry_delay_mean", retry_delay_mean)
    require_positive("service_rate", service_rate)
    utilisation = arrival_rate / service_rate
    require_stable(utilisation)
    return utilisation * (1.0 / service_rate + retry_delay_mean) / (1.0 - utilisation)
