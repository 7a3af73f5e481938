"""Error budgets: what may go wrong, how fast it goes, what is left."""

from __future__ import annotations

import math

import numpy as np
import pytest

from models.requirements import (
    DAY,
    AvailabilityObjective,
    DurabilityObjective,
    ErrorBudget,
    LatencyObjective,
)
from models.workload import request_table
from simulator.measurement import RequestSample

BUDGET = ErrorBudget(objective=AvailabilityObjective(at_least=0.999))

HOUR = 3600.0


def requests(*, bad: int, of: int, until: float, latency: float = 0.0) -> RequestSample:
    """Return `of` requests that end evenly over [0, until) s, of which the first `bad` have failed."""
    table = request_table()
    rejected = table.outcomes.index("rejected")
    for index in range(of):
        end = until * index / of
        table.record(end - latency, end, rejected if index < bad else 0)
    return table.sample(0.0, until)


def test_a_budget_is_what_the_objective_leaves() -> None:
    assert BUDGET.share == 0.001
    assert ErrorBudget(objective=LatencyObjective(percentile=99.5)).share == 0.005
    assert BUDGET.window == 30 * DAY == 2_592_000.0


def test_14_4_spends_2_percent_of_30_days_budget_in_one_hour() -> None:
    """The workbook's number: 0.02 x 30 x 24 h / 1 h."""
    assert BUDGET.rate_that_spends(0.02, within=HOUR) == 14.4
    hour = requests(bad=144, of=10_000, until=HOUR)
    assert BUDGET.burn_rate(hour) == pytest.approx(14.4, rel=1e-12)
    assert BUDGET.spent(hour) == pytest.approx(0.02, rel=1e-12)


@pytest.mark.parametrize(("share", "hours", "rate"), [(0.05, 6, 6.0), (0.10, 72, 1.0), (1.0, 720, 1.0)])
def test_the_other_rates_of_the_workbook(share: float, hours: float, rate: float) -> None:
    assert BUDGET.rate_that_spends(share, within=hours * HOUR) == pytest.approx(rate, rel=1e-12)


def test_a_budget_that_burns_at_1_lasts_exactly_its_window() -> None:
    budget = ErrorBudget(objective=AvailabilityObjective(at_least=0.9), window=100.0)
    window = requests(bad=10, of=100, until=100.0)
    assert budget.burn_rate(window) == pytest.approx(1.0)
    assert budget.spent(window) == pytest.approx(1.0)
    assert budget.remaining(window) == pytest.approx(0.0)


def test_what_is_overspent_is_negative() -> None:
    budget = ErrorBudget(objective=AvailabilityObjective(at_least=0.9), window=100.0)
    assert budget.remaining(requests(bad=15, of=50, until=50.0)) == pytest.approx(-0.5)


def test_slow_answers_spend_the_budget_of_a_latency_objective() -> None:
    budget = ErrorBudget(objective=LatencyObjective(percentile=90.0, at_most=0.3))
    assert budget.burn_rate(requests(bad=0, of=10, until=10.0, latency=0.3)) == 0.0
    assert budget.burn_rate(requests(bad=0, of=10, until=10.0, latency=0.4)) == pytest.approx(10.0)


def test_only_the_operation_of_the_objective_spends() -> None:
    table = request_table()
    buy = table.operation("buy")
    table.record(0.0, 1.0, 0)
    table.record(0.0, 1.0, table.outcomes.index("rejected"), buy)
    sample = table.sample(0.0, 2.0)
    rates = [
        ErrorBudget(objective=AvailabilityObjective(at_least=0.5, operation=name)).burn_rate(sample)
        for name in ("request", "buy", None)
    ]
    assert rates == [0.0, 2.0, 1.0]


def test_where_nobody_asked_nothing_is_known() -> None:
    empty = request_table().sample(0.0, 10.0)
    assert math.isnan(BUDGET.burn_rate(empty))
    assert math.isnan(BUDGET.spent(empty))
    assert math.isnan(BUDGET.remaining(empty))
    assert np.isnan(BUDGET.spent_over_time(empty, width=1.0).values).all()


def test_spent_over_time_rises_with_each_error_to_what_is_spent() -> None:
    budget = ErrorBudget(objective=AvailabilityObjective(at_least=0.9), window=1000.0)
    sample = requests(bad=30, of=100, until=100.0)
    series = budget.spent_over_time(sample, width=10.0)
    # 100 requests in 100 s are 1000 in a window, of which 100 may fail.
    np.testing.assert_allclose(series.values, [0.1, 0.2, 0.3, *[0.3] * 7])
    assert series.values[-1] == pytest.approx(budget.spent(sample))
    np.testing.assert_allclose(series.starts, np.arange(0.0, 100.0, 10.0))


def test_without_an_end_nothing_can_be_spent() -> None:
    table = request_table()
    table.record(0.0, 1.0, 0)
    with pytest.raises(ValueError, match=r"a budget is spent in a finite window, got \[0.0, inf\) s"):
        BUDGET.spent(table.sample())


def test_a_budget_of_nothing_is_misuse() -> None:
    with pytest.raises(ValueError, match="must be < 100 % to leave a budget, got availability >= 1"):
        ErrorBudget(objective=AvailabilityObjective(at_least=1.0))
    with pytest.raises(ValueError, match="objective must be < 100 % to leave a budget, got p100 latency"):
        ErrorBudget(objective=LatencyObjective(percentile=100.0))
    with pytest.raises(ValueError, match="must be < 100 % to leave a budget, got availability >= 1"):
        ErrorBudget(objective=AvailabilityObjective(at_least=1.0 - 1e-13))  # nothing, once it is rounded
    with pytest.raises(TypeError, match="objective must be one on single requests, got DurabilityObjective"):
        ErrorBudget(objective=DurabilityObjective(at_least=0.9))  # type: ignore[arg-type]  # on purpose
    for window in (0.0, math.inf):
        with pytest.raises(ValueError, match="window must be finite and > 0 s"):
            ErrorBudget(objective=AvailabilityObjective(), window=window)
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\], got 2.0"):
        BUDGET.rate_that_spends(2.0, within=HOUR)
    with pytest.raises(ValueError, match="within must be finite and > 0 s"):
        BUDGET.rate_that_spends(0.02, within=0.0)
