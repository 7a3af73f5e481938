"""Partial quorums: formulas against published numbers and plain sampling; checks that hold, and can fail."""

from __future__ import annotations

from functools import partial
from itertools import combinations, product
from math import log
from typing import Any

import numpy as np
import pytest

from experiments.validation import TheoryCheck
from experiments.validation.closed_forms import stale_probability, stale_time
from experiments.validation.replication import versions_stale_probability
from experiments.validation.replication.partial_quorums import CHECKS, fresh_reads, versions_behind
from tests.theory.running import changed, expecting, is_found_out, remembered, the, verdicts


@pytest.mark.parametrize(
    ("rate", "fresh", "after"),
    [(0.1, 0.41956, 63.64), (0.5, 0.62479, 11.855), (1.0, 0.75180, 5.514), (4.0, 0.94295, 1.011)],
)
def test_published_numbers(rate: float, fresh: float, after: float) -> None:
    assert 1.0 - stale_probability(0.0, write_rate=rate) == pytest.approx(fresh, abs=5e-6)
    assert stale_time(0.001, write_rate=rate) == pytest.approx(after, abs=5e-3)
    assert stale_probability(stale_time(0.001, write_rate=rate), write_rate=rate) == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("replicas", "read_count", "write_count", "rate", "other"),
    [(3, 2, 1, 0.5, 1.0), (3, 1, 2, 0.5, 2.0), (5, 2, 2, 1.0, 1.0), (5, 1, 3, 0.2, 1.0), (2, 1, 1, 3.0, 0.5)],
)
def test_the_integral_is_what_plain_sampling_gives(
    replicas: int, read_count: int, write_count: int, rate: float, other: float
) -> None:
    rng, count = np.random.default_rng(7), 100_000
    writes = rng.exponential(1.0 / rate, (count, replicas))
    acknowledgements, reads, responses = rng.exponential(1.0 / other, (3, count, replicas))
    committed = np.sort(writes + acknowledgements, axis=1)[:, write_count - 1]
    first = np.argsort(reads + responses, axis=1)[:, :read_count]
    late = np.take_along_axis(writes - reads, first, axis=1).min(axis=1) - committed
    quorums = {"replicas": replicas, "read_count": read_count, "write_count": write_count}
    for after in (0.0, 0.5):
        exact = stale_probability(after, write_rate=rate, other_rate=other, **quorums)
        spread = (exact * (1.0 - exact) / count) ** 0.5
        assert (late > after).mean() == pytest.approx(exact, abs=4.0 * spread)


def test_quorums_that_overlap_are_never_stale() -> None:
    for read_count, write_count in ((2, 2), (1, 3), (3, 1)):
        quorums = {"read_count": read_count, "write_count": write_count}
        assert stale_probability(0.0, write_rate=0.1, **quorums) == 0.0
        assert stale_time(0.001, write_rate=0.1, **quorums) == 0.0
        assert versions_stale_probability(1, replicas=3, **quorums) == 0.0


def test_time_is_measured_in_latencies() -> None:
    assert stale_probability(2.0, write_rate=0.5) == pytest.approx(
        stale_probability(0.02, write_rate=50.0, other_rate=100.0)
    )


def test_versions_are_all_pairs_of_quorums_counted() -> None:
    replicas, read_count, write_count = 5, 2, 2
    pairs = list(
        product(combinations(range(replicas), read_count), combinations(range(replicas), write_count))
    )
    missed = sum(not set(one) & set(other) for one, other in pairs) / len(pairs)
    quorums = {"replicas": replicas, "read_count": read_count, "write_count": write_count}
    assert versions_stale_probability(1, **quorums) == pytest.approx(missed) == pytest.approx(0.3)
    assert versions_stale_probability(3, **quorums) == pytest.approx(missed**3)
    assert versions_stale_probability(3, replicas=3, read_count=1, write_count=1) == pytest.approx(8 / 27)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"after": -1.0, "write_rate": 1.0}, "after must be >= 0 s, got -1.0"),
        ({"after": 0.0, "write_rate": 0.0}, "write_rate must be finite and > 0 per second, got 0.0"),
        ({"after": 0.0, "write_rate": 1.0, "read_count": 4}, "read_count must be at most the 3 replicas"),
        ({"after": 0.0, "write_rate": 1.0, "write_count": 0}, "write_count must be a whole number >= 1"),
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        stale_probability(**arguments)
    with pytest.raises(ValueError, match=r"probability must lie in \(0, 1\], got 0.0"):
        stale_time(0.0, write_rate=1.0)


def test_the_latest_moment_of_a_check_is_the_one_that_is_published() -> None:
    check = the("WARS, N=3 R=1 W=1, write requests of rate 0.1", CHECKS)
    assert [claim.name for claim in check.claims][2] == "P(stale after 63.64 s)"
    assert check.claims[0].expected == pytest.approx(0.41956, abs=5e-6)


def of_a_neighbour(check: TheoryCheck) -> list[float]:
    """What theory says where write requests are a third slower, or where there is a replica more."""
    assert isinstance(check.simulate, partial)
    setup = check.simulate.keywords
    quorums = {name: setup[name] for name in ("replicas", "read_count", "write_count")}
    if "write_rate" in setup:
        slower = partial(stale_probability, write_rate=0.75 * setup["write_rate"], **quorums)
        return [1.0 - slower(after=0.0), *(slower(after=moment) for moment in setup["after"])]
    quorums["replicas"] += 1
    return [versions_stale_probability(versions, **quorums) for versions in (1, 2, 3)]


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_theory_and_simulation_agree_and_that_of_slightly_another_system_does_not(check: TheoryCheck) -> None:
    """The same runs judged again; what happens once in a thousand times takes their full length."""
    once = remembered(check)
    found = verdicts(once, 0.15)
    assert {found[claim.name] for claim in check.claims if claim.expected > 0.01} == {"holds"}
    assert "differs" in verdicts(expecting(once, *of_a_neighbour(check)), 0.15).values()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("WARS, N=3 R=1 W=1, write requests of rate 0.1", {"write_rate": 0.13}, 0.3),
        ("WARS, N=3 R=1 W=1, write requests of rate 1", {"replicas": 4}, 0.2),
        ("WARS, N=3 R=2 W=1", {"read_count": 1}, 0.1),
        ("WARS, N=3 R=1 W=2", {"write_count": 1}, 0.1),
        ("k-staleness, N=3", {"write_count": 2}, 0.1),
        ("k-staleness, N=5", {"replicas": 6}, 0.2),
    ],
)
def test_slightly_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    found = next(check for check in CHECKS if check.name.startswith(beginning))
    assert is_found_out(changed(found, **setup), effort)


def test_overlapping_quorums_are_fresh_in_every_run() -> None:
    quorums = {"replicas": 3, "read_count": 2, "write_count": 2}
    assert fresh_reads(1, write_rate=0.1, **quorums, after=(1.0,), writes_count=20) == (1.0, 0.0)
    assert versions_behind(1, **quorums, versions_max=2, reads_count=20) == (0.0, 0.0)


def test_staleness_falls_as_the_exponential_that_it_is() -> None:
    first, second = (
        stale_probability(after, write_rate=0.3, read_count=2, replicas=5) for after in (1.0, 2.0)
    )
    assert log(first / second) == pytest.approx(2 * 0.3)
