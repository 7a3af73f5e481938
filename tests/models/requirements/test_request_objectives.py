"""Latency, availability and goodput: what counts, what hangs, whose operation it is."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.requirements import AvailabilityObjective, Evidence, GoodputObjective, LatencyObjective

from .seen import END, START, add, sample_of, seen, table_of

OK, SLOW, FAILED = (0.1, "ok"), (0.5, "ok"), (0.01, "rejected")


def test_failed_requests_are_never_answered() -> None:
    evidence = seen(*[OK] * 98, FAILED, FAILED)
    assert LatencyObjective().judge(evidence).value == math.inf
    assert LatencyObjective(percentile=98.0).judge(evidence).value == pytest.approx(0.1)


def test_without_failures_only_the_answered_are_looked_at() -> None:
    evidence = seen(OK, *[FAILED] * 99, in_flight_count=50)
    verdict = LatencyObjective(counts_failures=False).judge(evidence)
    assert verdict.holds is True
    assert verdict.value == pytest.approx(0.1)


def test_where_nothing_was_answered_a_latency_of_the_answered_is_unknown() -> None:
    assert LatencyObjective(counts_failures=False).judge(seen(FAILED)).holds is None


def test_degraded_answers_are_answers_unless_asked_otherwise() -> None:
    evidence = seen(OK, (0.1, "degraded"))
    assert AvailabilityObjective().judge(evidence).value == 1.0
    assert AvailabilityObjective(counts_degraded=False).judge(evidence).value == 0.5
    assert LatencyObjective().judge(evidence).holds is True


def test_requests_that_hang_are_failures_and_not_silence() -> None:
    hanging = seen(*[OK] * 3, in_flight_count=1)
    assert AvailabilityObjective(at_least=0.75).judge(hanging).value == 0.75
    assert LatencyObjective(percentile=75.0).judge(hanging).value == pytest.approx(0.1)
    assert LatencyObjective(percentile=76.0).judge(hanging).value == math.inf


def test_where_all_hang_nothing_holds() -> None:
    silent = seen(in_flight_count=10)
    for objective in (
        LatencyObjective(),
        AvailabilityObjective(),
        GoodputObjective(within=1.0, at_least=1.0),
    ):
        verdict = objective.judge(silent)
        assert verdict.holds is False
        assert verdict.margin < 0.0


def test_latency_at_the_bound_is_not_spoilt_by_the_clock() -> None:
    # 10.3 - 10.0 is 0.3000000000000007.
    assert LatencyObjective(at_most=0.3).judge(seen((0.3, "ok"))).holds is True
    assert GoodputObjective(within=0.3, at_least=0.1).judge(seen((0.3, "ok"))).holds is True


def test_a_percentile_that_is_just_met_is_not_spoilt_by_binary_fractions() -> None:
    # 99.9 / 100 is 0.9990000000000001.
    verdict = LatencyObjective(percentile=99.9).judge(seen(*[OK] * 999, FAILED))
    assert verdict.holds is True
    assert verdict.margin == 0.0


def test_an_operation_is_judged_apart() -> None:
    table = table_of([OK] * 10, operation="browse")
    add(table, [SLOW, FAILED], operation="buy")
    evidence = Evidence(start=START, end=END, requests=sample_of(table))
    assert AvailabilityObjective(operation="browse").judge(evidence).value == 1.0
    assert AvailabilityObjective(operation="buy").judge(evidence).value == 0.5
    assert LatencyObjective(operation="browse", percentile=100.0).judge(evidence).holds is True
    assert LatencyObjective(operation="buy", percentile=50.0).judge(evidence).value == pytest.approx(0.5)
    assert GoodputObjective(operation="buy", within=0.5, at_least=0.1).judge(evidence).value == 0.1
    assert GoodputObjective(within=0.5, at_least=0.1).judge(evidence).value == pytest.approx(1.1)


def test_what_hangs_counts_against_every_operation() -> None:
    table = table_of([OK] * 9, operation="browse")
    evidence = Evidence(start=START, end=END, requests=sample_of(table), in_flight_count=1)
    assert AvailabilityObjective(operation="browse").judge(evidence).value == 0.9


@pytest.mark.parametrize(
    "objective",
    [
        LatencyObjective(operation="buys"),
        AvailabilityObjective(operation="buys"),
        GoodputObjective(operation="buys", within=1.0, at_least=1.0),
    ],
)
def test_an_operation_that_nobody_knows_is_misuse(objective: LatencyObjective) -> None:
    with pytest.raises(ValueError, match=r"operation must be one of \['request'\], got 'buys'"):
        objective.judge(seen(OK))


def test_goodput_counts_answers_in_time_and_not_what_ends() -> None:
    evidence = seen(*[OK] * 4, *[SLOW] * 3, *[FAILED] * 3)
    assert evidence.requests is not None
    assert evidence.requests.throughput == 1.0
    assert GoodputObjective(within=0.3, at_least=1.0).judge(evidence).value == 0.4
    assert GoodputObjective(within=0.5, at_least=1.0).judge(evidence).value == 0.7


@pytest.mark.slow
@settings(max_examples=150)
@given(
    st.lists(st.sampled_from([OK, (0.3, "ok"), SLOW, FAILED, (0.2, "degraded")]), max_size=60),
    st.integers(0, 3),
    st.sampled_from([1.0, 33.3, 50.0, 66.6, 90.0, 95.0, 99.0, 99.9, 100.0]),
    st.sampled_from([0.05, 0.1, 0.2, 0.3, 0.5]),
)
def test_percentile_and_share_say_the_same(
    rows: list[tuple[float, str]], hung: int, percentile: float, at_most: float
) -> None:
    verdict = LatencyObjective(percentile=percentile, at_most=at_most).judge(
        seen(*rows, in_flight_count=hung)
    )
    assert verdict.holds is (verdict.value <= at_most + 1e-9 if rows or hung else None)
