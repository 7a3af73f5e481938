"""The balancing checks hold, and each differs where theory or simulation is changed a little."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from experiments.validation import TheoryCheck
from experiments.validation.balancing import CHECKS, reported_choices_sojourn
from experiments.validation.closed_forms import few_choices_sojourn, power_of_choices_sojourn
from tests.theory import running
from tests.theory.running import changed, expecting, is_found_out, remembered, verdicts

# What theory says of slightly other systems, which the runs of a check must refuse: reports of other
# periods, and two choices among a hundred queues in place of three.
NEIGHBOURS: dict[str, Callable[[], tuple[float, ...]]] = {
    "two choices by reports every 1 ": lambda: (reported_choices_sojourn(0.7, 1.8),),
    "two choices by reports every 5 ": lambda: (reported_choices_sojourn(0.7, 8.0),),
    "three choices": lambda: (few_choices_sojourn(0.8, 100, 2, replacement=False), 0.8),
}


# The effort of those that show in a shorter run what they are to show; the others'.
SHORTER = {"three choices": 0.05, "two choices by reports every 5 ": 0.05}
EFFORT = 0.1


def the(beginning: str) -> TheoryCheck:
    return running.the(beginning, CHECKS)


@pytest.mark.slow
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_check_holds(check: TheoryCheck) -> None:
    once = remembered(check)
    effort = next((share for beginning, share in SHORTER.items() if check.name.startswith(beginning)), EFFORT)
    assert set(verdicts(once, effort).values()) == {"holds"}
    for beginning, expected in NEIGHBOURS.items():
        if check.name.startswith(beginning):
            assert verdicts(expecting(once, *expected()), effort)["mean sojourn"] == "differs"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("beginning", "setup", "effort"),
    [
        ("hash ring, 1 points", {"virtual_nodes": 2}, 0.1),
        ("hash ring, 100 points", {"virtual_nodes": 80}, 0.2),
        ("hash ring, 100 points", {"nodes_count": 2}, 0.3),
        ("keys that move, 4", {"nodes_count": 5}, 0.1),
        ("keys that move, 20", {"nodes_count": 24}, 0.2),
        ("consistent hashing with bounded loads", {"factor": 1.4}, 0.1),
        ("locality weights", {"weights": (1.0, 1.9)}, 0.1),
        ("zone-aware", {"callers": (5, 3, 2)}, 0.1),
        ("zone-aware", {"targets": (6, 9, 5)}, 0.2),
        # Reports so old that chance would do better.
        ("two choices by reports every 1 ", {"period": 20.0}, 0.02),
    ],
)
def test_another_system_differs(beginning: str, setup: dict[str, object], effort: float) -> None:
    assert is_found_out(changed(the(beginning), **setup), effort)


@pytest.mark.slow
@pytest.mark.parametrize("load", [0.5, 0.7, 0.9])
def test_reports_that_are_hardly_old_are_as_good_as_fresh_ones(load: float) -> None:
    """Twice as near with half the period: the difference is linear in it."""
    fresh = power_of_choices_sojourn(load, 2)
    periods = (0.04, 0.02)
    first, second = (reported_choices_sojourn(load, period) - fresh for period in periods)
    assert 0 < second < first < 0.05 * fresh
    assert second == pytest.approx(first / 2, rel=0.15)


@pytest.mark.slow
def test_the_older_the_reports_the_longer_the_sojourn_until_chance_would_do_better() -> None:
    sojourns = [reported_choices_sojourn(0.7, period) for period in (0.5, 1.0, 2.0, 5.0, 10.0)]
    assert sojourns == sorted(sojourns)
    chance = 1.0 / (1.0 - 0.7)
    assert sojourns[-2] < chance < reported_choices_sojourn(0.7, 20.0)


@pytest.mark.slow
@pytest.mark.parametrize("replacement", [True, False])
@pytest.mark.parametrize("choices", [2, 3, 4])
def test_expansion_goes_to_the_limit_as_1_over_n(choices: int, replacement: bool) -> None:
    limit = power_of_choices_sojourn(0.8, choices)
    assert few_choices_sojourn(0.8, np.inf, choices, replacement=replacement) == pytest.approx(limit)
    hundred, thousand = (
        few_choices_sojourn(0.8, count, choices, replacement=replacement) - limit for count in (100, 1000)
    )
    assert hundred == pytest.approx(10.0 * thousand)
    assert hundred > 0


@pytest.mark.slow
def test_all_of_three_queues_drawn_without_replacement_is_the_shortest() -> None:
    """And so better than three draws that may hit the same queue twice."""
    without, replaced = (few_choices_sojourn(0.8, 50, 3, replacement=which) for which in (False, True))
    assert without < replaced
