"""What holds for every objective: one suite, run by each member of the family."""

from __future__ import annotations

import json
import math
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, fields, replace
from typing import Any

import pytest

from models.requirements import (
    AvailabilityObjective,
    DurabilityObjective,
    Evidence,
    GoodputObjective,
    LatencyObjective,
    Objective,
    RequestObjective,
    StalenessObjective,
)

from .seen import END, START, reads, seen, writes


@dataclass(frozen=True)
class Member:
    """An objective, and windows in which it is met exactly, and missed by the least there is.

    `best` and `worst` are the extremes of what can happen.
    """

    objective: Objective
    at_bound: Evidence
    beyond: Evidence
    best: Evidence
    worst: Evidence
    value_at_bound: float


OK, SLOW, FAILED = (0.1, "ok"), (0.5, "ok"), (0.01, "rejected")

MEMBERS = [
    Member(
        LatencyObjective(percentile=90.0, at_most=0.3),
        at_bound=seen(*[(0.3, "ok")] * 9, SLOW),
        beyond=seen(*[(0.3, "ok")] * 8, SLOW, FAILED),
        best=seen((0.0, "ok")),
        worst=seen(FAILED),
        value_at_bound=0.3,
    ),
    Member(
        LatencyObjective(percentile=50.0, at_most=0.3, counts_failures=False),
        at_bound=seen((0.3, "ok"), SLOW, FAILED, FAILED),
        beyond=seen((0.3, "ok"), SLOW, SLOW),
        best=seen(OK, FAILED),
        worst=seen((5.0, "ok")),
        value_at_bound=0.3,
    ),
    Member(
        AvailabilityObjective(at_least=0.75),
        at_bound=seen(OK, SLOW, (0.1, "degraded"), FAILED),
        beyond=seen(OK, SLOW, FAILED),
        best=seen(OK),
        worst=seen(FAILED),
        value_at_bound=0.75,
    ),
    Member(
        AvailabilityObjective(at_least=0.5, counts_degraded=False),
        at_bound=seen(OK, (0.1, "degraded")),
        beyond=seen(OK, (0.1, "degraded"), (0.1, "degraded")),
        best=seen(OK),
        worst=seen((0.1, "degraded")),
        value_at_bound=0.5,
    ),
    Member(
        GoodputObjective(within=0.3, at_least=0.2),
        at_bound=seen((0.3, "ok"), OK, SLOW, FAILED),
        beyond=seen(OK, SLOW, SLOW, FAILED),
        best=seen(*[OK] * 1000),
        worst=seen(FAILED),
        value_at_bound=0.2,
    ),
    Member(
        DurabilityObjective(),
        at_bound=writes(1000, 0),
        beyond=writes(1000, 1),
        best=writes(1, 0),
        worst=writes(5, 5),
        value_at_bound=1.0,
    ),
    Member(
        DurabilityObjective(at_least=0.999),
        at_bound=writes(1000, 1),
        beyond=writes(1000, 2),
        best=writes(1, 0),
        worst=writes(1, 1),
        value_at_bound=0.999,
    ),
    Member(
        StalenessObjective(percentile=75.0, at_most=1.0),
        at_bound=reads(0.0, 0.0, 1.0, 9.0),
        beyond=reads(0.0, 0.0, 2.0, 9.0),
        best=reads(0.0),
        worst=reads(math.inf),
        value_at_bound=1.0,
    ),
]

REQUESTS = [member for member in MEMBERS if isinstance(member.objective, RequestObjective)]


@pytest.fixture(params=MEMBERS, ids=lambda member: member.objective.name)
def member(request: pytest.FixtureRequest) -> Member:
    chosen: Member = request.param
    return chosen


def test_the_bound_itself_is_good_enough(member: Member) -> None:
    verdict = member.objective.judge(member.at_bound)
    assert verdict.holds is True
    assert verdict.margin == pytest.approx(0.0, abs=1e-12)
    assert verdict.margin >= 0.0
    assert verdict.value == pytest.approx(member.value_at_bound)
    assert verdict.bound == pytest.approx(member.value_at_bound)


def test_the_least_beyond_the_bound_does_not_hold(member: Member) -> None:
    verdict = member.objective.judge(member.beyond)
    assert verdict.holds is False
    assert verdict.margin < 0.0


def test_without_evidence_there_is_no_verdict(member: Member) -> None:
    for nothing in (Evidence(start=START, end=END), seen(), writes(0, 0), reads()):
        verdict = member.objective.judge(nothing)
        assert verdict.holds is None
        assert math.isnan(verdict.value)
        assert math.isnan(verdict.margin)
        assert math.isnan(verdict.noise)


def test_a_margin_is_finite_whatever_happened(member: Member) -> None:
    best, worst = (member.objective.judge(evidence) for evidence in (member.best, member.worst))
    assert best.holds is True
    assert worst.holds is False
    assert -1.0 <= worst.margin < 0.0 <= best.margin < math.inf


def test_noise_is_that_of_independent_requests() -> None:
    evidence = seen(*[OK] * 100)
    assert LatencyObjective(percentile=90.0).judge(evidence).noise == pytest.approx(0.03)
    assert AvailabilityObjective(at_least=0.9).judge(evidence).noise == pytest.approx(0.03)
    assert GoodputObjective(within=1.0, at_least=40.0).judge(evidence).noise == pytest.approx(2.0)
    assert DurabilityObjective(at_least=0.5).judge(writes(100, 0)).noise == pytest.approx(0.05)
    assert DurabilityObjective().judge(writes(100, 0)).noise == 0.0
    assert StalenessObjective(percentile=50.0).judge(reads(0.0, 1.0, 2.0, 3.0)).noise == pytest.approx(0.25)


def test_staleness_at_the_bound_is_not_spoilt_by_the_clock() -> None:
    assert StalenessObjective(at_most=0.3).judge(reads(10.3 - 10.0)).holds is True


def test_a_verdict_is_strict_json(member: Member) -> None:
    for evidence in (member.at_bound, member.worst, Evidence(start=START, end=END)):
        verdict = member.objective.judge(evidence)
        read = json.loads(json.dumps(verdict.as_json(), allow_nan=False))
        assert read["name"] == member.objective.name
        assert read["holds"] is verdict.holds
        assert read["bound"] == member.objective.bound
        assert (read["value"] is None) == math.isnan(verdict.value)


def test_a_verdict_says_what_it_is_about(member: Member) -> None:
    verdict = member.objective.judge(member.at_bound)
    assert verdict.name == member.objective.name
    assert f"{member.objective.bound:g}" in verdict.name
    assert verdict.unit == member.objective.unit


def test_names_tell_all_members_apart() -> None:
    assert len({member.objective.name for member in MEMBERS}) == len(MEMBERS)


def test_objectives_that_differ_in_a_seventh_digit_have_names_that_do() -> None:
    """A judgement tells its verdicts apart by name."""
    assert LatencyObjective(percentile=99.99999).name == "p99.99999 latency <= 0.3 s"
    assert LatencyObjective(at_most=0.30000012).name == "p99 latency <= 0.30000012 s"
    assert (
        StalenessObjective(percentile=99.99999, at_most=1.0000001).name
        == "p99.99999 staleness <= 1.0000001 s"
    )
    assert GoodputObjective(within=1.0000001, at_least=1.0).name == "goodput within 1.0000001 s >= 1/s"


def test_an_objective_is_a_value(member: Member) -> None:
    objective: Any = member.objective
    assert replace(objective) == objective
    assert hash(replace(objective)) == hash(objective)
    assert pickle.loads(pickle.dumps(objective)) == objective
    with pytest.raises(FrozenInstanceError):
        setattr(objective, fields(objective)[0].name, 0.5)
    assert not hasattr(objective, "__dict__")


def test_judging_changes_nothing(member: Member) -> None:
    assert member.objective.judge(member.beyond) == member.objective.judge(member.beyond)


@pytest.mark.parametrize("member", REQUESTS, ids=lambda member: member.objective.name)
def test_margin_is_the_share_of_good_ones_less_the_share_required(member: Member) -> None:
    objective: Any = member.objective
    counted = objective.counted(member.beyond.requests)
    share = objective.good(counted).mean()
    assert objective.judge(member.beyond).margin == pytest.approx(share - objective.share_required)


BAD_NUMBERS: list[tuple[Callable[..., Objective], dict[str, Any], str]] = [
    (LatencyObjective, {"percentile": 0.0}, r"percentile must lie in \(0, 100\], got 0.0"),
    (LatencyObjective, {"percentile": 100.1}, r"percentile must lie in \(0, 100\], got 100.1"),
    (LatencyObjective, {"percentile": math.nan}, r"percentile must lie in"),
    (LatencyObjective, {"at_most": 0.0}, r"at_most must be finite and > 0 s, got 0.0"),
    (LatencyObjective, {"at_most": math.inf}, r"at_most must be finite and > 0 s, got inf"),
    (AvailabilityObjective, {"at_least": 0.0}, r"at_least must lie in \(0, 1\], got 0.0"),
    (AvailabilityObjective, {"at_least": 99.9}, r"at_least must lie in \(0, 1\], got 99.9"),
    (AvailabilityObjective, {"at_least": math.nan}, r"at_least must lie in"),
    (GoodputObjective, {"within": -1.0, "at_least": 1.0}, r"within must be finite and > 0 s, got -1.0"),
    (GoodputObjective, {"within": 1.0, "at_least": 0}, r"at_least must be finite and > 0 per s, got 0"),
    (DurabilityObjective, {"at_least": 1.5}, r"at_least must lie in \(0, 1\], got 1.5"),
    (StalenessObjective, {"percentile": -5.0}, r"percentile must lie in \(0, 100\], got -5.0"),
    (StalenessObjective, {"at_most": math.nan}, r"at_most must be finite and > 0 s, got nan"),
]


@pytest.mark.parametrize(("kind", "numbers", "message"), BAD_NUMBERS)
def test_a_number_out_of_range_is_misuse(
    kind: Callable[..., Objective], numbers: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**numbers)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    [
        (LatencyObjective, {"at_most": "0.3"}),
        (LatencyObjective, {"percentile": None}),
        (AvailabilityObjective, {"at_least": True}),
        (GoodputObjective, {"within": None, "at_least": 1.0}),
        (StalenessObjective, {"percentile": "p99"}),
    ],
)
def test_what_is_no_number_is_misuse(kind: Callable[..., Objective], numbers: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=r"must be a number( of seconds)?, got"):
        kind(**numbers)
