"""Alerts on burn rates: when they fire, when they clear, what a monitor cannot see."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models.requirements import (
    AvailabilityObjective,
    BurnRateAlert,
    ErrorBudget,
    Firing,
    LatencyObjective,
    alerts_of,
    time_to_detect,
    workbook_alerts,
)
from models.workload import request_table
from simulator import RequestTable

BUDGET = ErrorBudget(objective=AvailabilityObjective(at_least=0.999))
HOUR = 3600.0
PAGE = BurnRateAlert(long=HOUR, short=300.0, rate=14.4)


def traffic(
    *, until: float, bad: tuple[float, float], every: float = 1.0, bad_share: float = 1.0
) -> RequestTable:
    """Return one request each `every` seconds, of which in [bad) s a share fails, evenly spread."""
    table = request_table()
    failed = table.outcomes.index("server_error")
    owed = 0.0
    for index in range(int(until / every)):
        time = (index + 0.5) * every
        owed += bad_share if bad[0] <= time < bad[1] else 0.0
        is_bad = owed >= 1.0 - 1e-9
        owed -= is_bad
        table.issued += 1
        table.record(time, time, failed if is_bad else 0)
    return table


def test_the_workbooks_alerts_for_thirty_days() -> None:
    assert workbook_alerts(BUDGET) == (
        BurnRateAlert(long=HOUR, short=300.0, rate=14.4),
        BurnRateAlert(long=6 * HOUR, short=1800.0, rate=6.0),
        BurnRateAlert(long=72 * HOUR, short=6 * HOUR, rate=1.0),
    )


def test_the_same_alerts_for_a_month_in_an_hour() -> None:
    quick = workbook_alerts(ErrorBudget(objective=BUDGET.objective, window=HOUR))
    assert [alert.long for alert in quick] == [5.0, 30.0, 360.0]
    assert [alert.short for alert in quick] == pytest.approx([5 / 12, 2.5, 30.0])
    assert [alert.rate for alert in quick] == pytest.approx([14.4, 6.0, 1.0])


def test_an_outage_is_detected_when_two_percent_of_the_budget_are_spent() -> None:
    """0.001 x 14.4 x 1 h = 51.84 s of nothing but errors; the workbook's time to detect a full outage."""
    table = traffic(until=2 * HOUR, bad=(HOUR, HOUR + 600.0), every=0.1)
    firings = alerts_of(table, BUDGET, [PAGE], every=0.1, until=2 * HOUR)
    assert time_to_detect(firings, since=HOUR) == pytest.approx(51.9, abs=0.11)


def test_the_short_window_clears_it_soon_after_the_end() -> None:
    """The last 5 minutes hold at most 0.0144 x 300 s = 4.32 s of errors, 295.68 s after the end."""
    table = traffic(until=3 * HOUR, bad=(HOUR, HOUR + 600.0))
    (firing,) = alerts_of(table, BUDGET, [PAGE], every=1.0, until=3 * HOUR)
    assert firing.alert is PAGE
    assert firing.end == pytest.approx(HOUR + 600.0 + 295.68, abs=1.5)
    # The long window alone would go on for most of an hour.
    lone = BurnRateAlert(long=HOUR, short=HOUR, rate=14.4)
    (longer,) = alerts_of(table, BUDGET, [lone], every=1.0, until=3 * HOUR)
    assert longer.end > HOUR + 600.0 + 3000.0


def test_the_long_window_ignores_what_is_over_in_a_moment() -> None:
    table = traffic(until=2 * HOUR, bad=(HOUR, HOUR + 40.0))
    assert alerts_of(table, BUDGET, [PAGE], every=1.0, until=2 * HOUR) == []
    # The short one alone would have called somebody.
    assert alerts_of(
        table, BUDGET, [BurnRateAlert(long=300.0, short=300.0, rate=14.4)], every=1.0, until=2 * HOUR
    )


def test_a_rate_that_is_met_exactly_is_not_exceeded() -> None:
    # 7 of 100 where one in ten may fail: 0.07 / 0.1 is 0.7000000000000001.
    budget = ErrorBudget(objective=AvailabilityObjective(at_least=0.9))
    table = traffic(until=100.0, bad=(0.0, 7.0))
    exactly, lower = (BurnRateAlert(long=100.0, short=100.0, rate=rate) for rate in (0.7, 0.69))
    firings = alerts_of(table, budget, [exactly, lower], every=100.0, until=100.0)
    assert [firing.alert for firing in firings] == [lower]


def test_a_window_has_its_end_and_not_its_beginning() -> None:
    table = request_table()
    table.record(10.0, 10.0, table.outcomes.index("server_error"))
    alert = BurnRateAlert(long=10.0, short=10.0, rate=14.4)
    (firing,) = alerts_of(table, BUDGET, [alert], every=10.0, until=50.0)
    assert (firing.start, firing.end) == (10.0, 20.0)


def test_a_slow_burn_is_a_ticket_and_no_page() -> None:
    table = traffic(until=96 * HOUR, bad=(0.0, 96 * HOUR), bad_share=0.002, every=10.0)
    alerts = workbook_alerts(BUDGET)
    firings = alerts_of(table, BUDGET, alerts, every=600.0, until=96 * HOUR)
    after_a_day = {firing.alert for firing in firings if firing.end > 24 * HOUR}
    assert after_a_day == {alerts[2]}


def test_in_the_beginning_a_window_is_what_there_is_of_it() -> None:
    table = traffic(until=60.0, bad=(0.0, 60.0))
    (firing,) = alerts_of(table, BUDGET, [PAGE], every=10.0, until=60.0)
    assert (firing.start, firing.end) == (10.0, math.inf)


def test_a_monitor_that_begins_later_has_not_seen_what_was_before() -> None:
    table = traffic(until=HOUR, bad=(0.0, 600.0))
    assert alerts_of(table, BUDGET, [PAGE], every=1.0, until=HOUR)
    assert alerts_of(table, BUDGET, [PAGE], every=1.0, since=600.0, until=HOUR) == []


def test_it_looks_up_to_the_end_and_not_beyond() -> None:
    table = traffic(until=100.0, bad=(50.0, 100.0))
    (firing,) = alerts_of(table, BUDGET, [PAGE], every=10.0, until=60.0)
    assert firing.start == 60.0
    assert alerts_of(table, BUDGET, [PAGE], every=10.0, until=59.9) == []


def test_requests_that_hang_are_not_seen_until_somebody_gives_up() -> None:
    table = request_table()
    timed_out = table.outcomes.index("timed_out")
    for second in range(100):
        table.record(second, second + 30.0, timed_out)
    (firing,) = alerts_of(table, BUDGET, [PAGE], every=1.0, until=200.0)
    assert firing.start == 30.0


def test_where_nothing_ends_there_is_no_alert() -> None:
    assert alerts_of(request_table(), BUDGET, [PAGE], every=1.0, until=100.0) == []
    table = traffic(until=600.0, bad=(0.0, 600.0))
    (firing,) = alerts_of(table, BUDGET, [PAGE], every=60.0, until=1800.0)
    assert firing.end == 900.0  # five minutes after the last request


def test_a_latency_objective_alerts_on_slow_answers() -> None:
    budget = ErrorBudget(objective=LatencyObjective(percentile=99.0, at_most=0.3))
    table = request_table()
    for second in range(200):
        table.record(second, second + (0.1 if second < 100 else 0.5), 0)
    alert = BurnRateAlert(long=60.0, short=5.0, rate=14.4)
    (firing,) = alerts_of(table, budget, [alert], every=1.0, until=200.0)
    # 0.144 of 60 answers: with the ninth.
    assert firing.start == 109.0


def test_an_alert_may_fire_again() -> None:
    table = traffic(until=600.0, bad=(100.0, 130.0))
    other = traffic(until=600.0, bad=(400.0, 430.0))
    both = request_table()
    for source in (table, other):
        sample = source.sample()
        for end, outcome in zip(sample.end, sample.outcome, strict=True):
            both.record(end, end, int(outcome))  # not in order of time
    alert = BurnRateAlert(long=60.0, short=5.0, rate=14.4)
    firings = alerts_of(both, BUDGET, [alert], every=1.0, until=600.0)
    assert [100.0 < firing.start < 110.0 for firing in firings] == [True, False]
    assert [400.0 < firing.start < 410.0 for firing in firings] == [False, True]
    assert time_to_detect(firings, since=300.0) == firings[1].start - 300.0


def test_an_alert_that_fired_before_the_fault_has_not_detected_it() -> None:
    firings = [Firing(alert=PAGE, start=10.0, end=500.0), Firing(alert=PAGE, start=800.0, end=900.0)]
    assert time_to_detect(firings, since=100.0) == 700.0
    assert time_to_detect(firings, since=801.0) == math.inf
    assert time_to_detect(firings, since=10.0) == 0.0


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"long": 0.0}, "long must be finite and > 0 s, got 0.0"),
        ({"short": math.nan}, "short must be finite and > 0 s, got nan"),
        ({"rate": -1.0}, "rate must be finite and > 0, got -1.0"),
        ({"short": 3601.0}, "short must be <= long = 3600.0 s, got 3601.0"),
    ],
)
def test_an_alert_that_cannot_be_is_misuse(numbers: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BurnRateAlert(**{"long": HOUR, "short": 300.0, "rate": 14.4, **numbers})


@pytest.mark.parametrize("until", [0.5, math.inf, math.nan])
def test_a_monitor_that_never_looks_or_never_ends_is_misuse(until: float) -> None:
    with pytest.raises(ValueError, match="until must be finite and >= since"):
        alerts_of(request_table(), BUDGET, [PAGE], every=1.0, until=until)
    with pytest.raises(ValueError, match="every must be finite and > 0 s"):
        alerts_of(request_table(), BUDGET, [PAGE], every=0.0, until=10.0)
    with pytest.raises(ValueError, match="since must be finite, got -inf"):
        alerts_of(request_table(), BUDGET, [PAGE], every=1.0, until=10.0, since=-math.inf)
