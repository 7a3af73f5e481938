"""A check is worth as much as what it refuses: a system that is slightly other than claimed must differ.

The two kinds of collapse, of which each is the other's wrong system, are in test_checks_hold.
"""

from __future__ import annotations

import pytest

from models.resilience import (
    DecorrelatedJitter,
    EqualJitter,
    ExponentialBackoff,
    FullJitter,
    consecutive_failures,
)

from ..running import changed
from .replicating import is_found_out, the


@pytest.mark.parametrize(
    ("beginning", "setup"),
    [
        ("1 retries", {"retries_count": 2}),
        ("2 retries", {"retries_count": 1}),
        ("3 layers", {"retries_count": 3}),
        ("5 layers", {"layers_count": 4}),
        ("none, 100", {"policy": "three_retries"}),
        ("token_bucket, 10 clients, failure probability 0.2", {"policy": "three_retries"}),
        ("breaker, 10 ", {"policy": "none"}),
        ("calls until 3", {"count": 4}),
        ("breaker, 3 failures", {"settings": consecutive_failures(2, open_duration=1.0)}),
    ],
)
def test_another_system_differs(beginning: str, setup: dict[str, object]) -> None:
    assert is_found_out(changed(the(beginning), **setup), 0.1)


# Efforts are about twice those with which three seeds of three have found it, where so little is enough.
@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("fan-out to 100", {"slow_probability": 0.02}, 0.03),
        ("fan-out to 10 ", {"slow_probability": 0.015}, 0.07),
        ("fan-out to 20 ", {"calls_count": 30}, 0.1),
        ("3 retries", {"failure_probability": 0.53}, 0.2),
        ("three_retries, 100", {"failure_probability": 0.36}, 0.2),
        ("token_bucket, 10 clients, failure probability 0.2", {"policy": "token_bucket_per_call"}, 0.1),
        ("token_bucket, 10 clients, failure probability 0.2", {"clients_count": 20}, 0.1),
        ("breaker, 10 ", {"clients_count": 100}, 0.1),
        ("token_bucket, 10 clients, failure probability 0.5", {"policy": "token_bucket_per_call"}, 0.1),
        ("token_bucket_per_call, 10 ", {"policy": "token_bucket"}, 0.1),
        ("calls until 2", {"failure_probability": 0.25}, 0.1),
        ("breaker, 3 failures", {"settings": consecutive_failures(3, open_duration=1.2)}, 0.3),
        ("breaker, 5 failures", {"failure_probability": 0.65}, 0.15),
        # The post's base of 5 ms, taken for the first ceiling.
        ("20 clients and one row, backoff equal", {"backoff": EqualJitter(base=0.005, cap=2.0)}, 0.1),
        ("20 clients and one row, backoff full", {"backoff": FullJitter(base=0.005, cap=2.0)}, 0.1),
        ("20 clients and one row, backoff full", {"backoff": EqualJitter(base=0.010, cap=2.0)}, 0.1),
        ("20 clients and one row, backoff decor", {"backoff": DecorrelatedJitter(base=0.010, cap=2.0)}, 0.1),
        ("20 clients and one row, backoff expon", {"backoff": ExponentialBackoff(base=0.010, cap=1.0)}, 0.1),
        ("20 clients and one row, backoff none", {"clients_count": 21}, 0.3),
        ("steady state before", {"slope": 0.011}, 0.1),
    ],
)
def test_slightly_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    assert is_found_out(changed(the(beginning), **setup), effort)
