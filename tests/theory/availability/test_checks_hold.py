"""Every check holds at reduced effort; at full effort that is what `gameday validate` is for."""

from __future__ import annotations

import pickle
from functools import partial

import pytest

from experiments.validation import TheoryCheck, all_checks
from experiments.validation.availability import (
    CHECKS,
    calls_per_ejection,
    detection,
    detection_time_mean,
    down_probabilities,
    outliers_among_equals,
    probes_per_mark,
    redundancy,
    replication_lag,
    share_ejected,
    share_marked,
    time_to_data_loss_mean,
    writes_lost,
    zones_availability,
)
from simulator.randomness import Constant, Exponential, LogNormal
from tests.theory.running import expecting, remembered, verdicts

from .running import the

Expected = tuple[float, ...]


def unavailability(needed_count: int, mttf: float = 4.0, mttr: float = 1.0, **limits: float) -> float:
    """Of five hosts."""
    return sum(down_probabilities(5, mttf, mttr, **limits)[5 - needed_count + 1 :])


def of_zones(*numbers: int, zone_down: float = 0.001, host_down: float = 0.01) -> Expected:
    """Availability and unavailability."""
    available = zones_availability(*numbers, zone_down, host_down)
    return available, 1.0 - available


def test_the_checks_are_among_those_of_validate_and_can_be_sent_to_another_process() -> None:
    assert set(CHECKS) <= set(all_checks())
    assert {check.group for check in CHECKS} == {"availability"}
    assert [pickle.loads(pickle.dumps(check)).claims for check in CHECKS] == [
        check.claims for check in CHECKS
    ]


# The effort of a check whose name begins so, and what theory says of slightly other systems: all of them are
# refused by the same runs.
EFFORT_AND_NEIGHBOURS: dict[str, tuple[float, list[Expected]]] = {
    # Hosts that live for 4.6 s, not 4; two repairers, three, or as many as one likes.
    "a repairer each: 3": (0.1, [(unavailability(3, mttf=4.6),), (unavailability(3, repairers=2),)]),
    "a repairer each, lognormal": (0.1, [(unavailability(3, mttr=1.2),)]),
    "one repairer": (0.05, [(unavailability(3),)]),
    "two repairers": (0.1, [(unavailability(3, repairers=3),), (unavailability(3, repairers=1),)]),
    "at most two down": (0.05, [(unavailability(4, down_max=3),), (unavailability(4),)]),
    # Hosts that are down for 1.3 % of the time, not 1 %, or zones for 0.13 %.
    "2 of 3 hosts in 3 zones": (0.06, [of_zones(3, 1, 2, host_down=0.013), of_zones(1, 3, 2)]),
    "3 of 5 hosts in 1 zones": (0.15, [of_zones(1, 5, 3, zone_down=0.0013)]),
    "data loss, mirror": (0.2, [(time_to_data_loss_mean(2, 100.0, 12.5),)]),
    "data loss, three replicas,": (0.07, [(time_to_data_loss_mean(3, 10.0, 1.0, repairers=1),)]),
    "data loss, three replicas and": (0.08, [(time_to_data_loss_mean(3, 10.0, 1.0),)]),
    "detection by 1 strikes": (0.2, [(detection_time_mean(10.0, 1, 2.5),)]),
    "detection by 3 strikes": (0.1, [(detection_time_mean(5.0, 2, 1.0),)]),
    "detection by 2 strikes": (0.1, [(detection_time_mean(2.0, 2, 2.8),)]),
    "detection by 4 strikes": (0.1, [(detection_time_mean(4.0, 4, 1.0),)]),
    "ejection after 5 failures": (0.1, [(calls_per_ejection(0.52, 5), share_ejected(5.0, 0.52, 5, 10.0))]),
    "ejection after 3 failures": (0.1, [(calls_per_ejection(0.7, 3), share_ejected(2.0, 0.7, 3, 15.0))]),
    "false marks by 3 strikes": (0.2, [(probes_per_mark(0.32, 3, 2), share_marked(0.32, 3, 2))]),
    "false marks by 2 strikes": (0.1, [(probes_per_mark(0.2, 2, 2), share_marked(0.2, 2, 2))]),
    "outliers among 20 equals": (0.15, [(outliers_among_equals(20, 2.2),)]),
    # Lags of 0.56 s, not 0.5; 3.4 writes/s, not 3; lags with less of a tail.
    "replication that lags, constant": (0.35, [writes_lost(3.0, Constant(0.56), 1.0 / 0.56)]),
    "replication that lags, exponential": (0.2, [writes_lost(3.4, Exponential(0.5), 4.0)]),
    "replication that lags, lognormal": (
        0.2,
        [writes_lost(6.0, LogNormal(mean=0.2, standard_deviation=0.2), 8.0)],
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_theory_and_simulation_agree_and_that_of_slightly_another_system_does_not(check: TheoryCheck) -> None:
    """The same runs judged again: as long as they must be to tell the two, and no longer."""
    effort, neighbours = next(
        found for beginning, found in EFFORT_AND_NEIGHBOURS.items() if check.name.startswith(beginning)
    )
    once = remembered(check)
    assert set(verdicts(once, effort).values()) == {"holds"}
    for expected in neighbours:
        assert "differs" in verdicts(expecting(once, *expected), effort).values()


def test_shares_of_time_are_exact_where_nothing_is_random() -> None:
    """Two hosts, down for 1 s after 3 s up: both together, for a quarter of the time."""
    system = {"hosts_count": 2, "between": Constant(3.0), "repair": Constant(1.0), "duration": 400.0}
    assert redundancy(1, needed_count=1, **system) == (pytest.approx(0.25),)
    assert redundancy(1, needed_count=2, **system) == (pytest.approx(0.25),)


def test_same_seed_gives_the_same_values() -> None:
    check = the("data loss, mirror")
    assert check.simulate(3, 0.1) == check.simulate(3, 0.1) != check.simulate(4, 0.1)


@pytest.mark.slow
def test_detection_lies_between_that_of_the_best_and_of_the_worst_moment() -> None:
    """From k - 1 intervals and a timeout, where a probe is sent at the crash, to one interval more."""
    times = [detection(seed, interval=5.0, strikes=3, timeout=1.0, crashes_count=1)[0] for seed in range(200)]
    assert 11.0 <= min(times) < 11.3
    assert 15.7 < max(times) <= 16.0


@pytest.mark.slow
def test_what_a_crash_takes_is_poisson() -> None:
    """Mean and variance are alike, and the share of crashes that lose none is that of the law."""
    once = partial(replication_lag, rate=2.0, lag=Constant(0.5), crashes_count=1, lags=2.0)
    losses = [once(seed)[0] for seed in range(1_000)]
    mean = sum(losses) / 1_000
    variance = sum((loss - mean) ** 2 for loss in losses) / 999
    assert mean == pytest.approx(1.0, abs=0.1)
    assert variance == pytest.approx(1.0, abs=0.15)
    assert losses.count(0.0) / 1_000 == pytest.approx(0.368, abs=0.05)
